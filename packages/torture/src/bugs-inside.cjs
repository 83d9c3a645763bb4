// The planted bugs that live in a process (bugs.mjs lists them all). Each changes one function at one place, and only
// while it is planted.
'use strict';
const { join } = require('node:path');

module.exports = ({ root, shared, kind, isPlanted }) => {
  if (kind === 'gateway') gatewayRetriesPost(root, isPlanted);
  if (kind !== 'server' && kind !== 'worker') return;
  captureThenDeliver(shared, isPlanted);
  fingerprintIgnoresBody(shared, isPlanted);
  recoveryOfItsOwn(shared, isPlanted);
  jobPayloadTrusted(shared, isPlanted);
};

function gatewayRetriesPost(root, isPlanted) {
  const { Exchange } = require(join(root, 'gateway/dist/upstream/exchange.js'));
  const { onResponseError } = Exchange.prototype;
  Exchange.prototype.onResponseError = function (controller, err) {
    if (isPlanted('gateway-retries-post') && !this.isSecondTry && !this.isOver) this.mayRetry = this.isSecondTry = true;
    return onResponseError.call(this, controller, err);
  };
}

function captureThenDeliver(shared, isPlanted) {
  const steps = shared('work/purchase/money-step.js');
  const { sql, joinSql } = shared('base/db/index.js');
  const { settle } = steps;
  steps.settle = async (db, input) => {
    if (!isPlanted('capture-then-deliver') || input.deliver.length === 0) return settle(db, input);
    const isSettled = await settle(db, { ...input, deliver: [] });
    const second = sql`WITH settled AS (SELECT ${isSettled} AS settled, (SELECT account_id FROM platform.orders
      WHERE id = ${input.orderId}) AS account_id)`;
    await db.$queryRaw(
      joinSql([second, steps.riders('delivered', input.deliver), sql`SELECT 1 AS one FROM settled`], ' '),
    );
    return isSettled;
  };
}

function fingerprintIgnoresBody(shared, isPlanted) {
  const claims = shared('base/idempotency/claim.js');
  const { fingerprint } = claims;
  claims.fingerprint = (request) =>
    fingerprint(isPlanted('fingerprint-ignores-body') ? { ...request, body: Buffer.alloc(0) } : request);
}

function recoveryOfItsOwn(shared, isPlanted) {
  const recovery = shared('work/purchase/recover.js');
  const { recoverOrders } = recovery;
  const changed = (thing) => {
    if (isPlanted('release-on-absent')) {
      return {
        ...thing,
        lookUp: async (order, signal) => {
          const found = await thing.lookUp(order, signal);
          return found.kind === 'absent' ? { kind: 'refused', code: 'supplier_error' } : found;
        },
      };
    }
    if (isPlanted('new-reference'))
      return { ...thing, act: (order, signal) => thing.act({ ...order, id: `${order.id}r` }, signal) };
    return thing;
  };
  recovery.recoverOrders = (deps, things, ...rest) =>
    recoverOrders(deps, new Map([...things].map(([name, thing]) => [name, changed(thing)])), ...rest);
}

/**
 * Ten items per run out of the payload, the rest in the payload of the next job. A run that is repeated, because its
 * worker died, buys the same items again.
 */
function jobPayloadTrusted(shared, isPlanted) {
  const work = shared('work/batches/batch-work.js');
  const store = shared('work/batches/batch-store.js');
  const { advanceBatch } = shared('work/batches/advance.js');
  const { sql } = shared('base/db/index.js');
  const { advanceBatchesJob } = work;
  const { takeItems } = store;
  /** By batch: what the payload of the running job says. */
  const named = new Map();
  store.takeItems = async (db, product, batchId, ...rest) => {
    const items = named.get(batchId);
    if (items === undefined) return takeItems(db, product, batchId, ...rest);
    named.delete(batchId);
    return db.$queryRaw(sql`SELECT * FROM platform.take_named_items(${batchId}, ${items}::int[])`);
  };
  const reads = shared('work/batches/batch-reads.js');
  const { findBatch } = reads;
  reads.findBatch = async (...args) => {
    const batch = await findBatch(...args);
    return batch !== null && named.has(batch.id) ? { ...batch, finishedAt: null } : batch;
  };
  work.advanceBatchesJob = (deps, kinds) => {
    const job = advanceBatchesJob(deps, kinds);
    const run = async (payload, control) => {
      if (!isPlanted('job-payload-trusted') || payload.items === undefined || payload.items === null)
        return job.run(payload, control);
      const list = payload.items.split(',');
      const batchId = list[0].split('/')[0];
      const chunk = list.slice(0, 10).filter((name) => name.startsWith(`${batchId}/`));
      named.set(
        batchId,
        chunk.map((name) => Number(name.split('/')[1])),
      );
      await advanceBatch(deps, kinds, batchId, control.signal);
      const rest = list.slice(chunk.length);
      await control.wake(
        'advance-batches',
        rest.length === 0
          ? { account_id: payload.account_id }
          : { account_id: payload.account_id, items: rest.join(',') },
        `lane-${payload.account_id}`,
      );
      return { kind: 'done' };
    };
    return {
      ...job,
      payload: {
        safeParse: (data) => (isPlanted('job-payload-trusted') ? { success: true, data } : job.payload.safeParse(data)),
      },
      run,
    };
  };
}
