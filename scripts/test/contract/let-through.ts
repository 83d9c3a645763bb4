// What every operation answers when nothing is wrong with a request: once, again, while it is unfinished, and to the
// document's own example.
import type { Asker, Who } from './asker';
import type { Operation } from './documented-api';
import { sentExample } from './sent-example';
import type { Call, Lumi, Recipe } from './world';

export async function letThrough(
  { world, ask, refused }: Asker,
  operation: Operation,
  { recipe, call, who }: { recipe: Recipe; call: Call; who: Who },
): Promise<void> {
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
    world.lumi,
    idempotencyKey,
    async () => void (await refused('409 in_progress', ask(operation, call, who, { idempotencyKey }))),
  );
  await refused(
    '422 idempotency_key_reused',
    ask(operation, call, who, { idempotencyKey, text: `${JSON.stringify(call.body ?? {})} ` }),
  );
}

/** The request in the document's example succeeds. */
export async function sendExample(
  { world, ask }: Asker,
  operation: Operation,
  { recipe, who }: { recipe: Recipe; who: Who },
): Promise<void> {
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
async function unfinished(lumi: Lumi, idempotencyKey: string, work: () => Promise<void>): Promise<void> {
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
