// The planted bugs that live in a process (planted-bugs.ts lists them all). Each changes one function at one place, and
// only while it is planted. Raw SQL: a bug replaces a raw statement of the engine by another one.
import type { JobControl, JobOutcome } from '@lumi/shared/jobs';
import type { AnyThingSold } from '@lumi/shared/purchase';
import type { IsPlanted } from './control';
import { plantNodeBugs } from './node-bugs';
import { built, replace, shared } from './seams';

/** Private members of the gateway's exchange, which a bug reaches for. */
interface OpenExchange {
  isFirstTry: boolean;
  mayRepeat: boolean;
  isOver: boolean;
  isSecondTry?: boolean;
  onResponseError(controller: unknown, err: unknown): unknown;
}

const RUN_ITEMS = 10;

export function plantBugs(kind: string | undefined, isPlanted: IsPlanted): void {
  if (kind === 'gateway') gatewayRetriesPost(isPlanted);
  if (kind === 'node') plantNodeBugs(isPlanted);
  if (kind !== 'server' && kind !== 'worker') return;
  captureThenDeliver(isPlanted);
  fingerprintIgnoresBody(isPlanted);
  recoveryOfItsOwn(isPlanted);
  jobPayloadTrusted(isPlanted);
}

function gatewayRetriesPost(isPlanted: IsPlanted): void {
  const { Exchange } = built<{ Exchange: { prototype: OpenExchange } }>('gateway/dist/upstream/exchange.js');
  replace(
    Exchange.prototype,
    'onResponseError',
    (onResponseError) =>
      function (this: OpenExchange, controller, err) {
        if (isPlanted('gateway-retries-post') && this.isSecondTry !== true && !this.isOver)
          this.mayRepeat = this.isFirstTry = this.isSecondTry = true;
        return onResponseError.call(this, controller, err);
      },
  );
}

function captureThenDeliver(isPlanted: IsPlanted): void {
  const steps = shared('work/purchase/money-step');
  const { joinSql, sql } = shared('base/db/index');
  replace(steps, 'settle', (settle) => async (deps, input) => {
    if (!isPlanted('capture-then-deliver') || input.deliver.length === 0) return settle(deps, input);
    const isSettled = await settle(deps, { ...input, deliver: [] });
    const second = sql`WITH settled AS (SELECT ${isSettled} AS settled, (SELECT account_id FROM platform.orders
      WHERE id = ${input.orderId}) AS account_id)`;
    await deps.db.direct.$queryRaw(
      joinSql([second, steps.riders('delivered', input.deliver), sql`SELECT 1 AS one FROM settled`], ' '),
    );
    return isSettled;
  });
}

function fingerprintIgnoresBody(isPlanted: IsPlanted): void {
  replace(
    shared('base/idempotency/claim'),
    'fingerprint',
    (fingerprint) => (request) =>
      fingerprint(isPlanted('fingerprint-ignores-body') ? { ...request, body: Buffer.alloc(0) } : request),
  );
}

function recoveryOfItsOwn(isPlanted: IsPlanted): void {
  const changed = (thing: AnyThingSold): AnyThingSold => {
    if (isPlanted('release-on-absent'))
      return {
        ...thing,
        lookUp: async (order, signal) => {
          const found = await thing.lookUp(order, signal);
          return found.kind === 'absent' ? { kind: 'refused', code: 'supplier_error' } : found;
        },
      };
    if (isPlanted('new-reference'))
      return { ...thing, act: (order, signal) => thing.act({ ...order, id: `${order.id}r` }, signal) };
    return thing;
  };
  replace(
    shared('work/purchase/recover'),
    'recoverOrders',
    (recoverOrders) => (deps, things, product, limit) =>
      recoverOrders(deps, new Map([...things].map(([name, thing]) => [name, changed(thing)])), product, limit),
  );
}

/** What the bug adds to the payload of a job, and what was there before. */
interface TrustedPayload {
  readonly account_id: string;
  readonly items?: string | null;
}

/**
 * Ten items per run out of the payload, the rest in the payload of the next job. A run that is repeated, because its
 * worker died, buys the same items again.
 */
function jobPayloadTrusted(isPlanted: IsPlanted): void {
  const { advanceBatch } = shared('work/batches/advance');
  const { sql } = shared('base/db/index');
  /** By batch: what the payload of the running job says. */
  const named = new Map<string, number[]>();
  replace(
    shared('work/batches/batch-store'),
    'takeItems',
    (takeItems) => async (db, product, batchId, limit, leaseMs) => {
      const items = named.get(batchId);
      if (items === undefined) return takeItems(db, product, batchId, limit, leaseMs);
      named.delete(batchId);
      return db.$queryRaw(sql`SELECT * FROM platform.take_named_items(${batchId}, ${items}::int[])`);
    },
  );
  replace(shared('work/batches/batch-reads'), 'findBatch', (findBatch) => async (db, reach, product, id) => {
    const batch = await findBatch(db, reach, product, id);
    return batch !== null && named.has(batch.id) ? { ...batch, finishedAt: null } : batch;
  });
  replace(shared('work/batches/batch-work'), 'advanceBatchesJob', (advanceBatchesJob) => (deps, kinds) => {
    const job = advanceBatchesJob(deps, kinds);
    const run = async (payload: TrustedPayload, control: JobControl): Promise<JobOutcome> => {
      const list = payload.items?.split(',') ?? [];
      const [first] = list;
      if (!isPlanted('job-payload-trusted') || first === undefined) return job.run(payload as never, control);
      const batchId = first.split('/')[0] ?? '';
      const chunk = list.slice(0, RUN_ITEMS).filter((name) => name.startsWith(`${batchId}/`));
      named.set(
        batchId,
        chunk.map((name) => Number(name.split('/')[1])),
      );
      await advanceBatch(deps, kinds, batchId, control.signal);
      const rest = list.slice(chunk.length);
      const { account_id } = payload;
      await control.wake(
        'advance-batches',
        rest.length === 0 ? { account_id } : { account_id, items: rest.join(',') },
        `lane-${account_id}`,
      );
      return { kind: 'done' };
    };
    const safeParse: typeof job.payload.safeParse = (data, params) =>
      isPlanted('job-payload-trusted') ? { success: true, data } : job.payload.safeParse(data, params);
    return { ...job, payload: { safeParse } as typeof job.payload, run };
  });
}
