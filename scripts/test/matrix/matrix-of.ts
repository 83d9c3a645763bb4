// Who may not do what: every operation of a product's document by everybody who must be refused, each with the refusal
// that the contract promises and nothing changed. The rows are read from the document, so a new operation stands in it
// by itself, and fails here until its recipe says how it is called.
import { createHmac, randomBytes } from 'node:crypto';
import { PRODUCTS, resellerScopes, type Product } from '@lumi/shared/contract';
import { IDENTITY_HEADER, type Principal } from '@lumi/shared/principal';
import { CRYPTO_PAY } from '../contract/crypto-pay';
import { DocumentedApi, type Document, type Operation } from '../contract/documented-api';
import { guardedCall, isGuarded } from '../contract/guarded-requests';
import { StoredState } from '../contract/stored-state';
import { World, type Call, type Recipe, type Recipes } from '../contract/world';
import { wholeWay, type Answer, type Sent, type WholeWayOptions } from '../whole-way';

/** What needs no key, and what needs a key and no scope. Whoever adds to these has thought about it. */
export const FOR_EVERYBODY: readonly string[] = [
  'get-openapi',
  'list-errors',
  'pay-sandbox-invoice',
  'show-sandbox-pay-page',
  'take-payment-webhook',
];
export const FOR_EVERY_KEY: readonly string[] = ['get-me'];
const ID_SHAPE = /^[a-z]{2,4}_[0-9a-z]{24}$/;

interface Probe {
  readonly who: string;
  readonly expected: string;
  readonly key: string | null;
  readonly call: Call;
  readonly headers?: Readonly<Record<string, string>>;
  /** Straight at the service; null: without one. */
  readonly identity?: string | null;
  /** Refused item by item where a bulk is. */
  readonly isPerItem?: boolean;
}

export interface Outcomes {
  /** `who: status code`, in the order of the probes. */
  readonly seen: readonly string[];
  readonly promised: readonly string[];
  readonly changed: readonly string[];
}

export function matrixOf(product: Product, recipes: Recipes): void {
  const { lumi, start, operations, outcomesOf } = matrix(product);

  beforeAll(start);

  it('has every operation of the document', () => {
    expect(
      operations()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(Object.keys(recipes).sort());
  });

  it('finds nothing open to everybody, or to every key, but what is meant to be', () => {
    expect(unscoped(operations())).toEqual({ public: FOR_EVERYBODY, any: FOR_EVERY_KEY });
  });

  it.each(Object.entries(recipes))('%s is refused to everybody who may not', async (id, recipe) => {
    const { seen, promised, changed } = await outcomesOf(id, recipe);
    expect(seen).toEqual(promised);
    expect(changed).toEqual([]);
  });

  it('leaves the books right', async () => {
    expect(await lumi.breaches()).toEqual([]);
  });
}

/** An operation that forgot its scope is one of these. */
export function unscoped(operations: readonly Operation[]): {
  readonly public: readonly string[];
  readonly any: readonly string[];
} {
  const having = (scope: string): string[] =>
    operations
      .filter(({ scopes }) => scopes.includes(scope))
      .map(({ id }) => id)
      .sort();
  return { public: having('public'), any: having('any') };
}

/** To be called once, at the top of a file; `start` before anything is asked. */
export function matrix(product: Product, more: WholeWayOptions['more'] = {}) {
  const lumi = wholeWay({ products: [product], settings: CRYPTO_PAY, more });
  const stored = new StoredState(lumi.owner);
  let api: DocumentedApi;
  let world: World;
  /** The same of another customer. */
  let abroad: World;

  const start = async (): Promise<void> => {
    const [who, stranger, operator] = [
      await lumi.buyer({ product, balance: '100000' }),
      await lumi.buyer({ product, balance: '100000' }),
      await lumi.operator(product),
    ];
    [world, abroad] = [
      new World(lumi, product, who, stranger, operator),
      new World(lumi, product, stranger, who, operator),
    ];
    api = new DocumentedApi((await lumi.send('GET', `${world.base}/openapi.json`)).body as Document);
  };

  const outcomesOf = async (id: string, recipe: Recipe): Promise<Outcomes> => {
    const operation = api.operations.get(id);
    if (operation === undefined) throw new Error(`${id} is in the recipes and not in the document`);
    const call = await recipe.call(world);
    const probes = operation.scopes.includes('public')
      ? straightAtTheService(operation, call)
      : [
          ...(await strangers(operation, call)),
          ...straightAtTheService(operation, call),
          ...(await scopeless(operation, call)),
          ...foreignAccounts(operation, call),
          ...(await foreignIds(operation, recipe, call)),
          ...(await unsigned(operation, call)),
        ];
    const before = await stored.read();
    const seen: string[] = [];
    for (const probe of probes) seen.push(`${probe.who}: ${outcomeOf(await ask(operation, probe), probe)}`);
    const after = await stored.read();
    return {
      seen,
      promised: probes.map(({ who, expected }) => `${who}: ${expected}`),
      changed: Object.keys(after).filter((table) => after[table] !== before[table] && !isPerItemTable(probes, table)),
    };
  };

  const ask = async (operation: Operation, { key, call, headers = {}, identity }: Probe): Promise<Answer> => {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(call.params?.[name] ?? ''),
    );
    const query = new URLSearchParams(call.query ?? {}).toString();
    const target = `${path}${query === '' ? '' : `?${query}`}`;
    const sent: Sent = {
      ...(key === null ? {} : { key }),
      ...(operation.isMoney || isGuarded(operation) ? { idempotencyKey: randomBytes(9).toString('hex') } : {}),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      headers: { ...call.headers, ...headers },
    };
    if (identity !== undefined)
      return lumi.straight(product, operation.method, target, {
        ...sent,
        headers: { ...sent.headers, ...(identity === null ? {} : { [IDENTITY_HEADER]: identity }) },
      });
    const answer = await lumi.send(operation.method, `${world.base}${target}`, sent);
    expect({ id: operation.id, status: answer.status, faults: api.faults(operation, answer) }).toEqual({
      id: operation.id,
      status: answer.status,
      faults: [],
    });
    return answer;
  };

  const keyOf = (name: string, wishes: Parameters<typeof lumi.keyOf>[1]) =>
    world.once(name, () => lumi.keyOf(world.who.accountId, { product, ...wishes }));

  async function strangers(_operation: Operation, call: Call): Promise<Probe[]> {
    const others = PRODUCTS.filter((other) => other !== product);
    const [keys, operators] = [
      await Promise.all(others.map((other) => keyOf(`key of ${other}`, { product: other }))),
      await Promise.all(others.map((other) => world.once(`operator of ${other}`, () => lumi.operator(other)))),
    ];
    const ended = [
      {
        who: 'a key that was revoked',
        key: await world.once('revoked', () => revoked(lumi.keyOf(world.who.accountId, { product }))),
      },
      {
        who: 'an operator key that was revoked',
        key: await world.once('revoked operator', () => revoked(lumi.operator(product))),
      },
      { who: 'a key that has expired', key: await world.once('expired', expired) },
    ];
    return [
      { who: 'no key', expected: '401 missing_bearer', key: null, call },
      {
        who: 'an identity of their own and no key',
        expected: '401 missing_bearer',
        key: null,
        call,
        headers: { [IDENTITY_HEADER]: identityOf('our key') },
      },
      { who: 'a key that never was', expected: '401 invalid_key', key: `lumi_${product}_notakey`, call },
      ...[...keys, ...operators].map(({ key, product: other, ...whose }) => ({
        who: `${'accountId' in whose ? 'a key' : 'an operator key'} of ${other}`,
        expected: '401 invalid_key',
        key,
        call,
      })),
      ...ended.map((one) => ({ ...one, expected: '401 invalid_key', call })),
    ];
  }

  const revoked = async (made: Promise<{ readonly key: string; readonly keyId: string }>): Promise<string> => {
    const { key, keyId } = await made;
    await lumi.revoke(keyId);
    return key;
  };

  /** One whose end has come since. */
  const expired = async (): Promise<string> => {
    const { key } = await lumi.keyOf(world.who.accountId, { product, expiresAt: new Date(lumi.clock.nowMs() + 1_000) });
    lumi.clock.shiftMs += 2_000;
    return key;
  };

  const identityOf = (signedWith: 'our key' | 'their key', wishes: Partial<Principal> = {}): string =>
    lumi.identity(
      {
        product,
        keyId: world.operator.keyId,
        type: 'operator',
        accountId: null,
        lineageId: 'lin_matrix',
        scopes: [...resellerScopes(product), 'admin:*'],
        moneyPerMinute: 1_000,
        regularPerMinute: 1_000,
        ...wishes,
      },
      signedWith,
    );

  /** Past the gateway: a service believes nobody but its signature, and asks for scopes and signatures itself. */
  function straightAtTheService(operation: Operation, call: Call): Probe[] {
    const probe = { key: null, call, expected: '401 invalid_key' };
    const others = PRODUCTS.filter((other) => other !== product);
    const isOpen = operation.scopes.includes('public');
    const needsNone = isOpen || operation.scopes.includes('any');
    const customer = { type: 'reseller', keyId: world.who.keyId, accountId: world.who.accountId } as const;
    return [
      { ...probe, who: 'nobody, straight at the service', identity: null },
      { ...probe, who: 'a key, straight at the service', identity: null, key: world.operator.key },
      { ...probe, who: 'words for an identity', identity: 'operator' },
      { ...probe, who: 'an identity that is not signed by us', identity: identityOf('their key') },
      ...others.map((other) => ({
        ...probe,
        who: `an identity for ${other}`,
        identity: identityOf('our key', { product: other }),
      })),
      ...(isOpen
        ? []
        : [
            {
              ...probe,
              who: 'the identity of nobody',
              identity: identityOf('our key', { type: 'public', keyId: 'gateway', scopes: [] }),
            },
          ]),
      ...(needsNone
        ? []
        : [
            {
              ...probe,
              who: 'an identity without the scope',
              expected: '403 forbidden_scope',
              identity: identityOf('our key', {
                ...customer,
                scopes: resellerScopes(product).filter((scope) => !operation.scopes.includes(scope)),
              }),
            },
          ]),
      ...(operation.isMoney || operation.isGuarded
        ? [
            {
              ...probe,
              who: 'an identity that signs and has not',
              expected: '401 invalid_signature',
              identity: identityOf('our key', { signature: 'missing' }),
            },
          ]
        : []),
    ];
  }

  /** All scopes but those that would do; each way a request can be made. */
  async function scopeless(operation: Operation, call: Call): Promise<Probe[]> {
    if (operation.scopes.includes('any')) return [];
    const scopes = resellerScopes(product).filter((scope) => !operation.scopes.includes(scope));
    const { key } = await keyOf(`scopes ${scopes.join(' ')}`, { scopes });
    const probe = {
      who: operation.scopes.includes('admin:*') ? "a customer's key with every scope" : 'a key without the scope',
      expected: '403 forbidden_scope',
      key,
    };
    return [
      { ...probe, call },
      ...(operation.hasDryRun ? [{ ...probe, who: `${probe.who}, rehearsing`, call: rehearsed(call) }] : []),
    ];
  }

  function foreignAccounts(operation: Operation, call: Call): Probe[] {
    if (!operation.takesUserId) return [];
    const { who, stranger, operator } = world;
    const inQuery = (userId: string): Call => ({ ...call, query: { ...call.query, user_id: userId } });
    const properties =
      (operation.requestSchema as { readonly properties?: Readonly<Record<string, unknown>> } | null)?.properties ?? {};
    const expected = '404 not_found';
    return [
      { who: 'a customer naming another', expected, key: who.key, call: inQuery(stranger.accountId) },
      { who: 'a customer naming nobody', expected, key: who.key, call: inQuery('nobody') },
      { who: 'an operator naming nobody', expected, key: operator.key, call: inQuery(`usr_${'0'.repeat(24)}`) },
      ...(operation.hasDryRun
        ? [
            {
              who: 'a customer rehearsing for another',
              expected,
              key: who.key,
              call: rehearsed(inQuery(stranger.accountId)),
            },
          ]
        : []),
      ...('user_id' in properties
        ? [
            {
              who: 'a customer naming another in the body',
              expected,
              key: who.key,
              call: { ...call, body: { ...call.body, user_id: stranger.accountId } },
            },
            {
              who: 'an operator naming nobody in the body',
              expected,
              key: operator.key,
              call: { ...call, body: { ...call.body, user_id: `usr_${'0'.repeat(24)}` } },
            },
          ]
        : []),
      ...(operation.isMoney
        ? [{ who: 'an operator naming no account', expected: '422 validation_error', key: operator.key, call }]
        : []),
    ];
  }

  /** Another customer's objects, in each place of the path and of the body that names one. */
  async function foreignIds(operation: Operation, recipe: Recipe, call: Call): Promise<Probe[]> {
    if (operation.scopes.includes('admin:*') || recipe.isCatalogue === true) return [];
    const [firstParam] = operation.params.filter((name) => !(recipe.open ?? []).includes(name));
    const probe = { expected: '404 not_found', key: world.who.key };
    const probes: Probe[] =
      firstParam === undefined ? [] : [{ ...probe, who: 'another customer', key: world.stranger.key, call }];
    const nested = operation.params.filter((name) => ID_SHAPE.test(call.params?.[name] ?? ''));
    const placesInBody = idPlaces(call.body);
    if (nested.length === 0 && placesInBody.length === 0) return probes;
    const theirs = await recipe.call(abroad);
    for (const name of nested)
      probes.push({
        ...probe,
        who: `a foreign ${name} in the path`,
        call: { ...call, params: { ...call.params, [name]: theirs.params?.[name] ?? '' } },
      });
    for (const place of placesInBody) {
      probes.push({
        ...probe,
        who: `a foreign ${place.join('.')}`,
        isPerItem: true,
        call: { ...call, body: withId(call.body, place, idAt(theirs.body, place)) as object },
      });
    }
    return probes;
  }

  async function unsigned(operation: Operation, call: Call): Promise<Probe[]> {
    if (!operation.isMoney && !isGuarded(operation)) return [];
    const isForOperators = operation.scopes.includes('admin:*');
    const signs = (signing: 'v1' | 'v2') =>
      isForOperators
        ? world.once(`operator ${signing}`, () => lumi.operator(product, { signing }))
        : keyOf(`signing ${signing}`, { signing });
    const [v1, v2] = [await signs('v1'), await signs('v2')];
    const guarded = operation.isMoney ? call : guardedCall(operation, call);
    const foreign = createHmac('sha256', v2.signingSecret ?? '')
      .update(JSON.stringify(guarded.body ?? {}))
      .digest('hex');
    const probe = { expected: '401 invalid_signature', call: guarded };
    return [
      { ...probe, who: 'a key that signs, unsigned', key: v1.key },
      {
        ...probe,
        who: "a key that signs, with another key's signature",
        key: v1.key,
        headers: { 'x-signature': foreign },
      },
      { ...probe, who: 'a key that signs by v2, unsigned', key: v2.key },
      { ...probe, who: 'a key that signs by v2, signed by v1', key: v2.key, headers: { 'x-signature': foreign } },
    ];
  }

  return { lumi, start, outcomesOf, operations: () => [...api.operations.values()] };
}

function rehearsed(call: Call): Call {
  return { ...call, query: { ...call.query, dry_run: 'true' } };
}

/** `404 not_found`; of a bulk, that of its one item. */
function outcomeOf({ status, body, text }: Answer, { isPerItem = false }: Probe): string {
  const { error, items } = body as {
    readonly error?: { readonly code: string };
    readonly items?: readonly {
      readonly error?: { readonly code: string } | null;
      readonly problem?: { readonly code: string };
    }[];
  };
  if (error !== undefined) return `${String(status)} ${error.code}`;
  const codes = isPerItem && status < 300 ? (items ?? []).flatMap((item) => item.error?.code ?? []) : [];
  return codes[0] === 'not_found' ? '404 not_found' : `${String(status)} ${text.slice(0, 200)}`;
}

/** A bulk that was taken and whose item failed is remembered as one. */
function isPerItemTable(probes: readonly Probe[], table: string): boolean {
  return (
    probes.some(({ isPerItem = false }) => isPerItem) &&
    [
      'platform.batch',
      'platform.batch_item',
      'platform.idempotency',
      'platform.event',
      'platform.quote',
      'platform.quote_line',
      'platform.outbox',
    ].includes(table)
  );
}

type Place = readonly (string | number)[];

function idPlaces(value: unknown, path: Place = []): Place[] {
  if (typeof value === 'string') return ID_SHAPE.test(value) ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    idPlaces(one, [...path, Array.isArray(value) ? Number(name) : name]),
  );
}

function idAt(value: unknown, place: Place): unknown {
  return place.reduce<unknown>((inside, step) => (inside as Readonly<Record<string | number, unknown>>)[step], value);
}

function withId(value: unknown, [step, ...rest]: Place, id: unknown): unknown {
  if (step === undefined) return id;
  if (Array.isArray(value)) return value.map((one: unknown, i) => (i === step ? withId(one, rest, id) : one));
  const object = value as Readonly<Record<string, unknown>>;
  return { ...object, [step]: withId(object[step], rest, id) };
}
