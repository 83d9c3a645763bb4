// The planted bugs that live in a process (bugs.mjs lists them all). Each changes one function at one place, and only while it is planted.
'use strict';
const { join } = require('node:path');

module.exports = ({ root, shared, kind, isPlanted }) => {
  if (kind === 'gateway') gatewayRetriesPost(root, isPlanted);
  if (kind !== 'server' && kind !== 'worker') return;
  captureThenDeliver(shared, isPlanted);
  fingerprintIgnoresBody(shared, isPlanted);
  recoveryOfItsOwn(shared, isPlanted);
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
  const steps = shared('purchase/money-step.js');
  const { sql, joinSql } = shared('db/index.js');
  const { settle } = steps;
  steps.settle = async (db, input) => {
    if (!isPlanted('capture-then-deliver') || input.deliver.length === 0) return settle(db, input);
    const isSettled = await settle(db, { ...input, deliver: [] });
    const second = sql`WITH settled AS (SELECT ${isSettled} AS settled, (SELECT account_id FROM platform.orders WHERE id = ${input.orderId}) AS account_id)`;
    await db.$queryRaw(joinSql([second, steps.riders('delivered', input.deliver), sql`SELECT 1 AS one FROM settled`], ' '));
    return isSettled;
  };
}

function fingerprintIgnoresBody(shared, isPlanted) {
  const claims = shared('idempotency/claim.js');
  const { fingerprint } = claims;
  claims.fingerprint = (request) => fingerprint(isPlanted('fingerprint-ignores-body') ? { ...request, body: Buffer.alloc(0) } : request);
}

function recoveryOfItsOwn(shared, isPlanted) {
  const recovery = shared('purchase/recover.js');
  const { recoverOrders } = recovery;
  const changed = (thing) => {
    if (isPlanted('release-on-absent')) {
      return { ...thing, lookUp: async (order, signal) => {
        const found = await thing.lookUp(order, signal);
        return found.kind === 'absent' ? { kind: 'refused', code: 'supplier_error' } : found;
      } };
    }
    if (isPlanted('new-reference')) return { ...thing, act: (order, signal) => thing.act({ ...order, id: `${order.id}r` }, signal) };
    return thing;
  };
  recovery.recoverOrders = (deps, things, ...rest) => recoverOrders(deps, new Map([...things].map(([name, thing]) => [name, changed(thing)])), ...rest);
}
