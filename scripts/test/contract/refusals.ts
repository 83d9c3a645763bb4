// What every operation refuses, as its document says: strangers, nonsense, money that is not there, unknown objects,
// and too many requests.
import { resellerScopes } from '@lumi/shared/contract';
import { formatUsd, parseUsd } from '@lumi/shared/money';
import type { Answer, Buyer } from '../whole-way';
import type { Asker, Who } from './asker';
import type { Operation } from './documented-api';
import { unknownLike } from './unknown-name';
import type { Call, Recipe, World } from './world';

const TOO_LARGE = Buffer.alloc(1_100_000, ' ').toString();
const ITEMS_MAX = 500;

export async function refuseStrangers({ world, ask, refused }: Asker, operation: Operation, call: Call): Promise<void> {
  const { lumi, product } = world;
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
export async function refuseNonsense(
  { ask, refused }: Asker,
  operation: Operation,
  call: Call,
  who: Who,
): Promise<void> {
  // belongs to no request target
  await refused('400 bad_request', ask(operation, { ...call, query: {} }, who, { suffix: '?#' }));
  if (operation.hasRawBody) return;
  await refused('422 validation_error', ask(operation, { ...call, query: { ...call.query, unknown_field: '1' } }, who));
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

export async function refuseMoney(
  { world, ask, refused }: Asker,
  operation: Operation,
  { recipe, call }: { recipe: Recipe; call: Call },
): Promise<void> {
  const { lumi, product } = world;
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
  await penniless(world, async () => {
    await refused('402 insufficient_balance', ask(operation, call, slow));
    await refused('429 rate_limited', ask(operation, call, slow));
  });
}

/** Removes the customer's money while `work` runs. */
async function penniless({ lumi, who, operator }: World, work: () => Promise<void>): Promise<void> {
  const { balance: posted, held } = await lumi.money(who.accountId);
  const balance = formatUsd(parseUsd(posted) - parseUsd(held));
  const adjust = (amount: string): Promise<Answer> =>
    lumi.pay(operator, `/admin/users/${who.accountId}/adjust`, { amount_usd: amount, reason: 'test' });
  expect((await adjust(`-${balance}`)).status).toBe(200);
  await work();
  expect((await adjust(balance)).status).toBe(200);
}

export async function refuseUnknown(
  { world, ask, refused }: Asker,
  operation: Operation,
  { recipe, call, who }: { recipe: Recipe; call: Call; who: Who },
): Promise<void> {
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

export async function refuseTooMany({ world, ask, refused }: Asker, operation: Operation, call: Call): Promise<void> {
  const { lumi, product } = world;
  const limits = { regularPerMinute: 1, moneyPerMinute: 1_000 };
  const narrow = await lumi.keyOf(world.who.accountId, { product, limits, scopes: resellerScopes(product) });
  // refused, and counted
  await ask(operation, { ...call, query: { unknown_field: '1' } }, narrow, { idempotencyKey: null });
  const limited = await refused('429 rate_limited', ask(operation, call, narrow, { idempotencyKey: null }));
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
}

function tooMany(body: object | undefined, field: string): readonly unknown[] {
  const [first = {}] = ((body as Record<string, unknown> | undefined)?.[field] ?? []) as readonly unknown[];
  return Array.from({ length: ITEMS_MAX + 1 }, () => first);
}

function withoutId({ text, headers }: Answer): string {
  return text.replaceAll(String(headers['x-request-id']), 'ID');
}
