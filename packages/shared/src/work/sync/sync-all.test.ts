import pg from 'pg';
import { newId } from '../../ground/contract';
import {
  findOperation,
  operationKind,
  recoverOperations,
  runOperation,
  type AnyOperationKind,
  type Operation,
} from '../operations';
import type { JsonObject, Outcome } from '../purchase';
import { testService } from '../../testing';
import { AT_ONCE, STEP_MAX, syncOfAll, type SyncSource } from './sync-all';

const { service, account, database } = testService({ product: 'vps', endpoints: () => [] });
const deps = service.purchases;

afterEach(() => {
  jest.restoreAllMocks();
});

/** This many objects in every account; `onSync` is called for each. */
function shelf(count: number, onSync: (id: string) => Promise<void> | void = () => undefined): SyncSource {
  return {
    product: 'vps',
    noun: 'server',
    next: ({ afterSeq, limit }) =>
      Promise.resolve(
        Array.from({ length: Math.max(0, Math.min(limit, count - Number(afterSeq))) }, (_, i) => ({
          seq: BigInt(Number(afterSeq) + i + 1),
          id: String(Number(afterSeq) + i + 1),
        })),
      ),
    sync: async (_reach, id) => {
      await onSync(id);
      return { kind: Number(id) % 100 === 0 ? 'changed' : 'same' };
    },
  };
}

const operationOf = (kind: AnyOperationKind, supplierRef: string | null): Operation => ({
  seq: null,
  id: newId('op', 0),
  accountId: 'usr_1',
  product: 'vps',
  kind: kind.kind,
  subject: 'usr_1',
  item: {},
  state: 'running',
  progress: 0,
  waitingFor: null,
  supplierRef,
  result: null,
  errorCode: null,
  errorText: null,
  requestId: 'req_1',
  attempt: 1,
  stuckSince: null,
  createdAt: new Date(),
  finishedAt: null,
});

async function wakeAll(): Promise<void> {
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query(`UPDATE platform.operation SET wake_at = now() WHERE state = 'running'`).finally(() => owner.end());
}

describe('a sync of ten thousand objects', () => {
  it('reads each once, in steps of a bounded number, few at a time', async () => {
    let [atOnce, mostAtOnce, inStep, mostInStep] = [0, 0, 0, 0];
    const seen = new Set<string>();
    const { kind } = syncOfAll(
      shelf(10_000, async (id) => {
        [atOnce, inStep] = [atOnce + 1, inStep + 1];
        mostAtOnce = Math.max(mostAtOnce, atOnce);
        mostInStep = Math.max(mostInStep, inStep);
        await Promise.resolve();
        atOnce -= 1;
        expect(seen.has(id)).toBe(false);
        seen.add(id);
      }),
    );
    const signal = new AbortController().signal;
    let outcome: Outcome<JsonObject> = await kind.act(operationOf(kind, null), signal);
    for (let steps = 1; outcome.kind === 'pending' && steps < 500; steps += 1) {
      inStep = 0;
      outcome = (await kind.lookUp(operationOf(kind, outcome.supplierRef), signal)) as Outcome<JsonObject>;
    }
    expect(outcome).toEqual({ kind: 'done', result: { total: 10_000, changed: 100, missing: 0, failed: 0 } });
    expect([seen.size, mostAtOnce, mostInStep]).toEqual([10_000, AT_ONCE, STEP_MAX]);
  });

  it('ends a step early when the supplier is slow, and continues from there', async () => {
    let nowMs = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const seen: string[] = [];
    const { kind } = syncOfAll(
      shelf(10_000, (id) => {
        nowMs += 150;
        seen.push(id);
      }),
    );
    const signal = new AbortController().signal;
    const first = await kind.act(operationOf(kind, null), signal);
    expect(seen).toHaveLength(AT_ONCE);
    await kind.lookUp(operationOf(kind, first.kind === 'pending' ? first.supplierRef : null), signal);
    expect(seen).toEqual(Array.from({ length: 2 * AT_ONCE }, (_, i) => String(i + 1)));
  });

  it('does not block: other work is done in the same round as one of its steps', async () => {
    const { kind } = syncOfAll(shelf(10_000));
    const other = operationKind<JsonObject, JsonObject>({
      kind: 'other',
      act: () => Promise.resolve({ kind: 'unknown' }),
      lookUp: () => Promise.resolve({ kind: 'done', result: {} }),
      deliver: () => [],
      events: () => [],
    });
    const kinds = new Map([
      [kind.kind, kind],
      [other.kind, other],
    ]);
    const [greedy, quiet] = [await account(), await account()];
    const start = (what: AnyOperationKind, { accountId }: { accountId: string }) =>
      runOperation(deps, {
        kind: what,
        item: {},
        subject: accountId,
        accountId,
        product: 'vps',
        lockKey: `${what.kind}:${accountId}`,
        keyId: null,
        requestId: newId('req', 0),
      });
    const long = await start(kind, greedy);
    await expect(start(kind, greedy)).rejects.toMatchObject({ code: 'busy' });
    for (let round = 2; round <= 4; round += 1) {
      const { id } = await start(other, quiet);
      await wakeAll();
      expect(await recoverOperations(deps, kinds, 'vps')).toBe(2);
      expect((await findOperation(service.db.platform, { kind: 'all' }, 'vps', id))?.state).toBe('done');
      const reached = (await findOperation(service.db.platform, { kind: 'all' }, 'vps', long.id))?.supplierRef;
      expect(JSON.parse(reached ?? '{}')).toMatchObject({ total: round * STEP_MAX });
    }
  });
});
