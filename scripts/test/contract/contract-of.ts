// The generic contract test calls every operation of a product's OpenAPI document, with valid and invalid requests, and
// checks every answer against that document. An operation without a recipe fails the test, so a new endpoint cannot be
// forgotten. A documented refusal that no request provokes fails it too.
import { randomBytes } from 'node:crypto';
import { resellerScopes, type Product } from '@lumi/shared/contract';
import { formatUsd, parseUsd } from '@lumi/shared/money';
import { wholeWay, type Answer, type Buyer, type Operator } from '../whole-way';
import { CRYPTO_PAY } from './crypto-pay';
import { DocumentedApi, type Document, type Operation } from './documented-api';
import {
  isGuarded,
  placesOfAutoRenew,
  refuseRenewalWithoutBothScopes,
  refuseUnsigned,
  rememberGuarded,
  type Asker,
} from './guarded-requests';
import { sentExample } from './sent-example';
import { unknownLike } from './unknown-name';
import { World, type Lumi, type Call, type Recipe, type Recipes } from './world';

/**
 * Codes that every operation with them must show. The others are an object's own refusals (other tests show them), our
 * faults, and those of the switches in the last tests here.
 */
const FROM_OUTSIDE = new Set([
  'bad_request',
  'missing_bearer',
  'invalid_key',
  'forbidden_scope',
  'not_found',
  'validation_error',
  'rate_limited',
  'payload_too_large',
  'batch_too_large',
  'invalid_signature',
  'idempotency_key_required',
  'idempotency_key_reused',
  'in_progress',
  'daily_cap_exceeded',
  'insufficient_balance',
]);
const TOO_LARGE = Buffer.alloc(1_100_000, ' ').toString();
const ITEMS_MAX = 500;

interface More {
  readonly idempotencyKey?: string | null;
  readonly text?: string;
  readonly suffix?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Through another gateway. */
  readonly send?: Awaited<ReturnType<Lumi['gateway']>>;
}

type Who = Buyer | Operator | { readonly key: string } | null;

export function contractOf(product: Product, recipes: Recipes): void {
  const lumi = wholeWay({ products: [product], settings: CRYPTO_PAY });
  let api: DocumentedApi;
  let world: World;

  beforeAll(async () => {
    const [who, stranger] = [
      await lumi.buyer({ product, balance: '100000' }),
      await lumi.buyer({ product, balance: '100000' }),
    ];
    world = new World(lumi, product, who, stranger, await lumi.operator(product));
    api = new DocumentedApi((await lumi.send('GET', `${world.base}/openapi.json`)).body as Document);
  });

  const operationOf = (id: string): Operation => {
    const found = api.operations.get(id);
    if (found === undefined) throw new Error(`${id} is in the recipes and not in the document`);
    return found;
  };

  /** Sends it and checks the answer. */
  const ask = async (operation: Operation, call: Call, who: Who, more: More = {}): Promise<Answer> => {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(call.params?.[name] ?? ''),
    );
    const query = new URLSearchParams(call.query ?? {}).toString();
    const text = more.text ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    const idempotencyKey =
      more.idempotencyKey === null
        ? undefined
        : (more.idempotencyKey ?? (operation.isMoney ? randomBytes(9).toString('hex') : undefined));
    const answer = await (more.send ?? lumi.send)(
      operation.method,
      `${world.base}${path}${query === '' ? '' : `?${query}`}${more.suffix ?? ''}`,
      {
        ...(who === null ? {} : { key: who.key }),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        ...(text === undefined ? {} : { body: text }),
        headers: { ...call.headers, ...more.headers },
      },
    );
    expect({ operation: operation.id, status: answer.status, faults: api.faults(operation, answer) }).toEqual({
      operation: operation.id,
      status: answer.status,
      faults: [],
    });
    return answer;
  };
  const refused = async (expected: string, asked: Promise<Answer>): Promise<Answer> => {
    const answer = await asked;
    expect(
      `${String(answer.status)} ` +
        `${(answer.body as { error?: { code?: string } }).error?.code ?? answer.text.slice(0, 200)}`,
    ).toBe(expected);
    return answer;
  };

  const asker = (): Asker => ({ world, ask, refused });

  it('declares every place of auto_renew in its bodies', () => {
    const [inSchemas, declared] = [
      [...api.operations.values()].map((one) => [one.id, placesOfAutoRenew(one.requestSchema)]),
      [...api.operations.values()].map((one) => [
        one.id,
        one.autoRenew.filter((place) => !place.startsWith('defaults.')),
      ]),
    ];
    expect(declared).toEqual(inSchemas);
  });

  it('has a recipe for every operation of the document, and for no other', () => {
    expect([...api.operations.keys()].sort()).toEqual(Object.keys(recipes).sort());
  });

  describe.each(Object.entries(recipes))('%s', (id, recipe) => {
    it('answers as documented, to valid and invalid requests', async () => {
      const operation = operationOf(id);
      const isPublic = operation.scopes.includes('public');
      const isForOperators = operation.scopes.includes('admin:*');
      const who = isPublic ? null : isForOperators ? world.operator : world.who;
      const call = await recipe.call(world);

      if (!isPublic) await refuseStrangers(operation, call);
      await refuseNonsense(operation, call, who);
      if (operation.isMoney) await refuseMoney(operation, recipe, call);
      if (isGuarded(operation)) await refuseUnsigned(asker(), operation, call);
      await refuseRenewalWithoutBothScopes(asker(), operation, call);
      if (operation.params.length > 0) await refuseUnknown(operation, recipe, call, who);
      await letThrough(operation, recipe, call, who);
      if (isGuarded(operation) && who !== null)
        await rememberGuarded(asker(), operation, { recipe, call: await recipe.call(world), who });
      for (const { what, call: another, status } of recipe.also ?? []) {
        const answer = await ask(operation, await another(world), who);
        expect([what, answer.status, answer.text]).toEqual([what, status, answer.text]);
      }
      await sendExample(operation, recipe, who);
      if (!isPublic) await refuseTooMany(operation, call);
      const promised = Object.values(operation.responses).flatMap((response) => response['x-lumi-codes'] ?? []);
      expect({
        id,
        unseen: promised.filter(
          (code) => FROM_OUTSIDE.has(code) && !api.seen.has(`${id} ${code}`) && !isUnprovoked(operation, recipe, code),
        ),
      }).toEqual({ id, unseen: [] });
    });
  });

  it('leaves the books right', async () => {
    expect(await lumi.breaches()).toEqual([]);
  });

  describe('switched off', () => {
    const all = async (
      expected: string,
      more: More,
      wanted: (operation: Operation) => boolean = () => true,
    ): Promise<void> => {
      for (const operation of [...api.operations.values()].filter(wanted)) {
        const who = operation.scopes.includes('public')
          ? null
          : operation.scopes.includes('admin:*')
            ? world.operator
            : world.who;
        await refused(
          expected,
          ask(
            operation,
            {
              params: Object.fromEntries(operation.params.map((name) => [name, 'any'])),
              ...(operation.hasBody ? { body: {} } : {}),
            },
            who,
            more,
          ),
        );
      }
    };

    it('refuses every money request when money is switched off', async () => {
      await all(
        '403 money_disabled',
        { send: await lumi.gateway({ API_MONEY_ENABLED: 'false' }) },
        ({ isMoney }) => isMoney,
      );
    });

    it('refuses every request when the API is switched off', async () => {
      await all('503 api_disabled', { send: await lumi.gateway({ API_ENABLED: 'false' }) });
    });

    it('answers service_unavailable to every operation when the service is down', async () => {
      const send = await lumi.gateway({ PUBLIC_PER_MINUTE: '100000' });
      await lumi.stopServing(product);
      await all('503 service_unavailable', { send });
    });
  });

  async function refuseStrangers(operation: Operation, call: Call): Promise<void> {
    await refused('401 missing_bearer', ask(operation, call, null));
    await refused('401 invalid_key', ask(operation, call, { key: `lumi_${product}_notakey` }));
    if (!operation.scopes.includes('any')) {
      const others = resellerScopes(product).filter((scope) => !operation.scopes.includes(scope));
      const scopeless = await world.once(`key ${others.join(' ')}`, () =>
        lumi.keyOf(world.who.accountId, { product, scopes: others }),
      );
      await refused('403 forbidden_scope', ask(operation, call, scopeless));
    }
    if (!operation.takesUserId) return;
    await refused(
      '404 not_found',
      ask(operation, { ...call, query: { ...call.query, user_id: world.stranger.accountId } }, world.who),
    );
    await refused(
      '404 not_found',
      ask(operation, { ...call, query: { ...call.query, user_id: `usr_${'0'.repeat(24)}` } }, world.operator),
    );
    if (operation.isMoney) await refused('422 validation_error', ask(operation, call, world.operator));
  }

  /** Requests that do not belong to this API. */
  async function refuseNonsense(operation: Operation, call: Call, who: Who): Promise<void> {
    // belongs to no request target
    await refused('400 bad_request', ask(operation, { ...call, query: {} }, who, { suffix: '?#' }));
    if (operation.hasRawBody) return;
    await refused(
      '422 validation_error',
      ask(operation, { ...call, query: { ...call.query, unknown_field: '1' } }, who),
    );
    if (!operation.hasBody) return;
    await refused('422 validation_error', ask(operation, { ...call, body: { ...call.body, unknown_field: 1 } }, who));
    await refused('422 validation_error', ask(operation, call, who, { text: '{"broken":' }));
    await refused('422 validation_error', ask(operation, call, who, { text: '[]' }));
    await refused('422 validation_error', ask(operation, call, who, { headers: { 'content-type': 'text/plain' } }));
    await refused('413 payload_too_large', ask(operation, call, who, { text: TOO_LARGE }));
    if (operation.bulk !== null)
      await refused(
        '413 batch_too_large',
        ask(operation, { ...call, body: { ...call.body, [operation.bulk]: tooMany(call.body, operation.bulk) } }, who),
      );
  }

  async function refuseMoney(operation: Operation, recipe: Recipe, call: Call): Promise<void> {
    const who = operation.scopes.includes('admin:*') ? world.operator : world.who;
    await refused('400 idempotency_key_required', ask(operation, call, who, { idempotencyKey: null }));
    await refused('422 validation_error', ask(operation, call, who, { idempotencyKey: 'short' }));
    if (who !== world.who) {
      await refused(
        '401 invalid_signature',
        ask(operation, call, await world.once('signing true', () => lumi.operator(product, { signing: 'v1' }))),
      );
      return;
    }
    const key = (name: string, wishes: Parameters<typeof lumi.keyOf>[1]): Promise<Buyer> =>
      world.once(`key ${name}`, () => lumi.keyOf(world.who.accountId, { product, ...wishes }));
    await refused('401 invalid_signature', ask(operation, call, await key('signing', { signing: 'v1' })));
    if (recipe.isFree === true) return;
    // A bulk is refused as a whole only when the cap is used up; single items beyond the cap fail alone.
    if (operation.bulk === null)
      await refused('402 daily_cap_exceeded', ask(operation, call, await key('capped', { cap: '0.01' })));
    const slow = await lumi.keyOf(world.who.accountId, {
      product,
      limits: { regularPerMinute: 1_000, moneyPerMinute: 1 },
    });
    await penniless(async () => {
      await refused('402 insufficient_balance', ask(operation, call, slow));
      await refused('429 rate_limited', ask(operation, call, slow));
    });
  }

  /** Removes the customer's money while `work` runs. */
  async function penniless(work: () => Promise<void>): Promise<void> {
    const { balance: posted, held } = await lumi.money(world.who.accountId);
    const balance = formatUsd(parseUsd(posted) - parseUsd(held));
    const adjust = (amount: string): Promise<Answer> =>
      lumi.pay(world.operator, `/admin/users/${world.who.accountId}/adjust`, { amount_usd: amount, reason: 'test' });
    expect((await adjust(`-${balance}`)).status).toBe(200);
    await work();
    expect((await adjust(balance)).status).toBe(200);
  }

  async function refuseUnknown(operation: Operation, recipe: Recipe, call: Call, who: Who): Promise<void> {
    for (const name of operation.params.filter((param) => !(recipe.open ?? []).includes(param))) {
      const unknown = await refused(
        '404 not_found',
        ask(operation, { ...call, params: { ...call.params, [name]: unknownLike(call.params?.[name] ?? '') } }, who),
      );
      if (who !== world.who || recipe.isCatalogue === true || name !== operation.params[0]) continue;
      const foreign = await refused('404 not_found', ask(operation, call, world.stranger));
      expect(withoutId(foreign)).toBe(withoutId(unknown));
    }
  }

  async function letThrough(operation: Operation, recipe: Recipe, call: Call, who: Who): Promise<void> {
    if (operation.hasDryRun) {
      const rehearsed = await ask(operation, { ...call, query: { ...call.query, dry_run: 'true' } }, who, {
        idempotencyKey: null,
      });
      expect([operation.id, rehearsed.status, rehearsed.text]).toEqual([operation.id, 200, rehearsed.text]);
    }
    const idempotencyKey = operation.isMoney ? world.fresh(`contract-${operation.id}`) : null;
    const answer = await ask(operation, call, who, { idempotencyKey });
    const good = Object.keys(operation.responses).filter((status) => status < '400');
    const expected = recipe.status ?? (good.length === 1 ? Number(good[0]) : null);
    if (expected === null)
      throw new Error(
        `${operation.id} has several good answers (${good.join(', ')}): its recipe must say which one it gets`,
      );
    expect([operation.id, answer.status, answer.text]).toEqual([operation.id, expected, answer.text]);
    if (operation.method === 'GET' && operation.takesUserId)
      expect(
        (await ask(operation, { ...call, query: { ...call.query, user_id: world.who.accountId } }, world.operator))
          .status,
      ).toBe(expected);
    if (idempotencyKey === null) return;
    const again = await ask(operation, call, who, { idempotencyKey });
    if (again.status !== 409)
      expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([
        answer.status,
        answer.text,
        'true',
      ]);
    await unfinished(
      idempotencyKey,
      async () => void (await refused('409 in_progress', ask(operation, call, who, { idempotencyKey }))),
    );
    await refused(
      '422 idempotency_key_reused',
      ask(operation, call, who, { idempotencyKey, text: `${JSON.stringify(call.body ?? {})} ` }),
    );
  }

  /** The request in the document's example succeeds. */
  async function sendExample(operation: Operation, recipe: Recipe, who: Who): Promise<void> {
    if (operation.requestExample === undefined) return;
    const call = await recipe.call(world);
    const body = sentExample(operation.requestExample, call, [world.who.accountId]);
    const answer = await ask(operation, { ...call, body }, who, { text: JSON.stringify(body) });
    expect({ id: operation.id, body, good: answer.status < 300, answer: answer.text }).toEqual({
      id: operation.id,
      body,
      good: true,
      answer: answer.text,
    });
  }

  /** While `work` runs, the request under this key looks unfinished. */
  async function unfinished(idempotencyKey: string, work: () => Promise<void>): Promise<void> {
    const {
      rows: [row],
    } = await lumi.owner.query<Record<string, unknown>>(
      'SELECT state, status, body, done_at FROM platform.idempotency WHERE key = $1',
      [idempotencyKey],
    );
    const write = (state: unknown, status: unknown, body: unknown, doneAt: unknown) =>
      lumi.owner.query(
        'UPDATE platform.idempotency SET state = $2, status = $3, body = $4, done_at = $5 WHERE key = $1',
        [idempotencyKey, state, status, body, doneAt],
      );
    await write('claimed', null, null, null);
    await work();
    await write(row?.['state'], row?.['status'], row?.['body'], row?.['done_at']);
  }

  async function refuseTooMany(operation: Operation, call: Call): Promise<void> {
    const limits = { regularPerMinute: 1, moneyPerMinute: 1_000 };
    const narrow = await lumi.keyOf(world.who.accountId, { product, limits, scopes: resellerScopes(product) });
    // refused, and counted
    await ask(operation, { ...call, query: { unknown_field: '1' } }, narrow, { idempotencyKey: null });
    const limited = await refused('429 rate_limited', ask(operation, call, narrow, { idempotencyKey: null }));
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
  }

  /** Documented, but not possible for every request: a route without a key or an object has no such case. */
  function isUnprovoked(
    { scopes, params, takesUserId, hasRawBody, bulk }: Operation,
    { isFree = false }: Recipe,
    code: string,
  ): boolean {
    switch (code) {
      case 'not_found':
        return params.length === 0 && !takesUserId;
      case 'rate_limited': // by address, for all of them together
        return scopes.includes('public');
      case 'validation_error':
        return hasRawBody;
      case 'daily_cap_exceeded': // the items of a bulk that would pass it fail alone
        return isFree || bulk !== null;
      case 'insufficient_balance':
        return isFree;
      default:
        return false;
    }
  }

  function tooMany(body: object | undefined, field: string): readonly unknown[] {
    const [first = {}] = ((body as Record<string, unknown> | undefined)?.[field] ?? []) as readonly unknown[];
    return Array.from({ length: ITEMS_MAX + 1 }, () => first);
  }
}

function withoutId({ text, headers }: Answer): string {
  return text.replaceAll(String(headers['x-request-id']), 'ID');
}
