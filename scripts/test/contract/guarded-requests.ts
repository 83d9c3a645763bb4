// Requests that lead to money without moving it: keys that sign must sign them, their answers are stored under the
// Idempotency-Key, and `auto_renew: true` needs both scopes in every route. All is read from the document, so a new
// operation is tested automatically.
import { createHmac } from 'node:crypto';
import type { Answer, Buyer, Operator } from '../whole-way';
import type { Asker } from './asker';
import type { Operation } from './documented-api';
import type { Call, Recipe } from './world';

export function isGuarded(operation: Operation): boolean {
  return operation.isGuarded || (!operation.isMoney && operation.autoRenew.length > 0);
}

/** The guarded form of the call. */
export function guardedCall(operation: Operation, call: Call): Call {
  const [place] = operation.autoRenew;
  return operation.isGuarded || place === undefined
    ? call
    : { ...call, body: withTrue(call.body ?? {}, place.split('.')) };
}

export async function refuseUnsigned({ world, ask, refused }: Asker, operation: Operation, call: Call): Promise<void> {
  const { lumi, product, who } = world;
  const signs = await world.once(`signing ${String(operation.scopes.includes('admin:*'))}`, () =>
    operation.scopes.includes('admin:*')
      ? lumi.operator(product, { signing: 'v1' })
      : lumi.keyOf(who.accountId, { product, signing: 'v1' }),
  );
  const guarded = guardedCall(operation, call);
  const text = JSON.stringify(guarded.body ?? {});
  const headers = {
    'x-signature': createHmac('sha256', signs.signingSecret ?? '')
      .update(text)
      .digest('hex'),
  };
  await refused('401 invalid_signature', ask(operation, guarded, signs, { text }));
  await refused(
    '401 invalid_signature',
    ask(operation, guarded, signs, { text, headers: { 'x-signature': headers['x-signature'].replace(/^./, 'x') } }),
  );
  await refused(
    '400 idempotency_key_required',
    ask(operation, guarded, signs, { text, headers, idempotencyKey: null }),
  );
  await refused('422 validation_error', ask(operation, guarded, signs, { text, headers, idempotencyKey: 'short' }));
}

/** Executes once under one key: a repeat gets the stored answer, and another request is refused. */
export async function rememberGuarded(
  { world, ask, refused }: Asker,
  operation: Operation,
  { recipe, call, who }: { recipe: Recipe; call: Call; who: Buyer | Operator },
): Promise<Answer> {
  const idempotencyKey = world.fresh(`guarded-${operation.id}`);
  const guarded = guardedCall(operation, call);
  const answer = await ask(operation, guarded, who, { idempotencyKey });
  if (answer.status >= 300) return answer; // its own refusals are not stored
  // The request id is that of the first answer, because a repeat is not executed again.
  const again = await ask(operation, guarded, who, { idempotencyKey });
  const rowsOf = async (ids: readonly unknown[]) =>
    (
      await world.lumi.owner.query<{ key_id: string; address: string | null; told: string }>(
        `SELECT key_id, address, coalesce(before::text, '') || coalesce(after::text, '') AS told FROM platform.audit_log
          WHERE request_id = ANY ($1)`,
        [ids],
      )
    ).rows;
  const rows = await rowsOf([answer.headers['x-request-id'], again.headers['x-request-id']]);
  // One audit row for each action; a bulk has as many as it has items.
  expect([operation.id, rows]).toEqual([
    operation.id,
    [{ key_id: who.keyId, address: '127.0.0.1', told: expect.any(String) }],
  ]);
  for (const secret of secretsIn(answer.body))
    expect([operation.id, rows[0]?.told]).not.toEqual([operation.id, expect.stringContaining(secret)]);
  expect([operation.id, again.status, again.text, again.headers['idempotent-replayed']]).toEqual([
    operation.id,
    recipe.status ?? answer.status,
    answer.text,
    'true',
  ]);
  const reused = await refused(
    '422 idempotency_key_reused',
    ask(operation, guarded, who, { idempotencyKey, text: `${JSON.stringify(guarded.body ?? {})} ` }),
  );
  expect([operation.id, await rowsOf([reused.headers['x-request-id']])]).toEqual([operation.id, []]);
  return answer;
}

/** Keys and signing secrets in an answer, without the prefix, which is not secret. */
function secretsIn(body: unknown): string[] {
  const { key, signing_secret: signingSecret } = (typeof body === 'object' && body !== null ? body : {}) as {
    key?: unknown;
    signing_secret?: unknown;
  };
  return [key, signingSecret]
    .filter((secret): secret is string => typeof secret === 'string')
    .map((secret) => secret.slice(-20));
}

export async function refuseRenewalWithoutBothScopes(
  { world, ask, refused }: Asker,
  operation: Operation,
  call: Call,
): Promise<void> {
  const { lumi, product, who } = world;
  for (const scope of ['buy', 'write']) {
    const half = await world.once(`only ${scope}`, () =>
      lumi.keyOf(who.accountId, { product, scopes: [`${product}:${scope}`, `${product}:read`] }),
    );
    for (const place of operation.autoRenew) {
      const asking = { ...call, body: withTrue(call.body ?? {}, place.split('.')) };
      await refused('403 forbidden_scope', ask(operation, asking, half));
      if (operation.hasDryRun)
        await refused(
          '403 forbidden_scope',
          ask(operation, { ...asking, query: { ...call.query, dry_run: 'true' } }, half, { idempotencyKey: null }),
        );
    }
  }
}

/** Paths of `auto_renew` in the body's schema. The document must declare all of them. */
export function placesOfAutoRenew(schema: unknown, path: readonly string[] = []): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const {
    properties = {},
    items,
    anyOf = [],
  } = schema as { properties?: Record<string, unknown>; items?: unknown; anyOf?: unknown[] };
  return [
    ...Object.entries(properties).flatMap(([name, one]) =>
      name === 'auto_renew' && (one as { type?: unknown }).type === 'boolean'
        ? [[...path, name].join('.')]
        : placesOfAutoRenew(one, [...path, name]),
    ),
    ...placesOfAutoRenew(items, path),
    ...anyOf.flatMap((one) => placesOfAutoRenew(one, path)),
  ];
}

function withTrue(value: unknown, [name, ...rest]: readonly string[]): Record<string, unknown> {
  const object = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  if (name === undefined) return object;
  if (rest.length === 0) return { ...object, [name]: true };
  const inside = object[name];
  return {
    ...object,
    [name]: Array.isArray(inside) ? inside.map((item) => withTrue(item, rest)) : withTrue(inside, rest),
  };
}
