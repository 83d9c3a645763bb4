// Loaded into each process under test before its own code (`node --require`). It hands the engine the seams that it
// offers (checkpoints, times, a clock), obeys the harness over the fork's channel, and plants the seeded bug of this
// run, if any. The product knows nothing of it: nothing that is shipped can be switched into a faulty state.
'use strict';
const { join } = require('node:path');

const root = process.env.TORTURE_ROOT;
const shared = (path) => require(join(root, 'packages/shared/dist', path));
const TIMES = JSON.parse(process.env.TORTURE_TIMES);
const times = stretched(1);

const armed = [];
/** Who stands at a point until it is told to go on, while the rest of the process works. */
const waiting = [];
const WAIT_LIMIT_MS = 20_000;
/** What each order is about, for us and for the customer: faults are armed by it. */
const subjects = new Map();
const about = ({ subject, reference }) => `${subject} ${reference ?? ''}`;
let clockOffsetMs = 0;
let bug = '';

process.on('message', (message) => {
  if (message?.type === 'torture-arm') armed.push(message);
  if (message?.type === 'torture-disarm')
    armed.splice(
      0,
      armed.length,
      ...armed.filter(({ match }) => message.match !== undefined && match !== message.match),
    );
  if (message?.type === 'torture-go') {
    for (const { match, goOn } of waiting) if (message.match === undefined || message.match === match) goOn();
  }
  if (message?.type === 'torture-settings') {
    bug = message.bug;
    Object.assign(times, stretched(message.stretch));
  }
  if (message?.type === 'torture-clock') clockOffsetMs = message.offsetMs;
});

/** All but the moments after which somebody only looks again. */
function stretched(factor) {
  const { actLimitMs, leaseMs } = TIMES.purchase;
  return {
    ...TIMES,
    purchase: { ...TIMES.purchase, actLimitMs: actLimitMs * factor, leaseMs: leaseMs * factor },
    depositLeaseMs: TIMES.depositLeaseMs * factor,
    batchLeaseMs: TIMES.batchLeaseMs * factor,
    renewal: { ...TIMES.renewal, turnMs: TIMES.renewal.turnMs * factor },
  };
}

function checkpoint(point, id) {
  return pass(point, subjects.get(id) ?? '');
}

async function pass(point, subject) {
  const index = armed.findIndex((fault) => fault.point === point && subject.includes(fault.match));
  if (index < 0) return;
  const [fault] = armed.splice(index, 1);
  process.send?.({
    type: 'torture-point',
    point,
    action: fault.action,
    match: fault.match,
    piece: fault.piece,
    subject,
  });
  if (fault.action === 'kill') process.kill(process.pid, 'SIGKILL');
  else if (fault.action === 'stop') process.kill(process.pid, 'SIGSTOP');
  else if (fault.action === 'wait') {
    await new Promise((goOn) => {
      waiting.push({ match: fault.match, goOn });
      setTimeout(goOn, WAIT_LIMIT_MS).unref();
    });
  }
}

if (process.env.TORTURE_KIND !== 'double') {
  const clock = shared('ground/runtime/clock.js').systemClock;
  clock.nowMs = () => Date.now() + clockOffsetMs;
  clock.now = () => new Date(Date.now() + clockOffsetMs);
}

if (process.env.TORTURE_KIND === 'server' || process.env.TORTURE_KIND === 'worker') {
  const steps = shared('work/purchase/money-step.js');
  const { takeOver } = steps;
  steps.takeOver = async (db, input) => {
    const orders = await takeOver(db, input);
    for (const order of orders) subjects.set(order.id, about(order));
    return orders;
  };
  const processRoom = shared('house-keeping/process/service.js');
  const { openService } = processRoom;
  processRoom.openService = (options) => {
    const opened = openService(options);
    return {
      ...opened,
      purchases: {
        ...opened.purchases,
        checkpoint,
        get times() {
          return times.purchase;
        },
      },
    };
  };
  const engine = shared('work/purchase/engine.js');
  const { purchase } = engine;
  // The first point comes before the order has a subject that anybody could see; it is told apart by the request.
  engine.purchase = async (deps, request) => {
    if (request.principal.type === 'system') await pass('before-renewal', about(request));
    const note = (point, orderId) => {
      subjects.set(orderId, about(request));
      return deps.checkpoint?.(point, orderId);
    };
    return purchase({ ...deps, times: times.purchase, checkpoint: note }, request);
  };
  const deposits = shared('counter/deposits/deposit-store.js');
  const { beginDeposit, creditDeposit, takeDueDeposits } = deposits;
  deposits.beginDeposit = (db, input) => beginDeposit(db, { ...input, wakeAfterMs: times.depositLeaseMs });
  shared('counter/deposits/reconcile.js').ABSENT_AFTER_MS = times.depositAbsentMs;
  deposits.takeDueDeposits = (db, limit) => takeDueDeposits(db, limit, times.depositLeaseMs);
  // The provider has said that it is paid; nobody has been credited.
  deposits.creditDeposit = async (db, credit) => {
    const { id, reference } = credit.deposit;
    await pass('before-credit', about({ subject: id, reference }));
    const outcome = await creditDeposit(db, credit);
    await pass('after-credit', about({ subject: id, reference }));
    return outcome;
  };
  // The longer a fault phase, the more often somebody has asked in vain by its end, and the later it is asked again;
  // healing is not to be late for that.
  const runtime = shared('ground/runtime/backoff.js');
  const { backoffMs } = runtime;
  runtime.backoffMs = (...args) => Math.min(backoffMs(...args), times.againMaxMs);
  const batches = shared('work/batches/batch-store.js');
  const { takeItems } = batches;
  batches.takeItems = (db, product, batchId, limit) => takeItems(db, product, batchId, limit, times.batchLeaseMs);
  operators();
  renewals();
}

/** An operator has taken work over; the supplier has been asked once more, and nothing is written. */
function operators() {
  const stuck = shared('house-keeping/admin/stuck-store.js');
  /** Purchases and recovery conclude through the same functions; only what was seized is decided by an operator. */
  const isSeized = new Set();
  const { seizeWork } = stuck;
  stuck.seizeWork = async (db, product, id, leaseMs) => {
    const work = await seizeWork(db, product, id, leaseMs === 0 ? 0 : times.purchase.leaseMs);
    const seized = work?.order ?? work?.operation;
    if (seized === undefined || leaseMs === 0) return work;
    subjects.set(seized.id, about(seized));
    isSeized.add(seized.id);
    await checkpoint('after-seize', seized.id);
    return work;
  };
  if (process.env.TORTURE_KIND !== 'server') return; // recovery concludes as well
  for (const [file, conclude] of [
    ['work/purchase/conclude.js', 'concludeOrder'],
    ['work/operations/engine.js', 'concludeOperation'],
  ]) {
    const steps = shared(file);
    const original = steps[conclude];
    steps[conclude] = async (deps, kind, work, outcome) => {
      if (isSeized.has(work.id)) await checkpoint('before-decision', work.id);
      return original(deps, kind, work, outcome);
    };
  }
}

/** What comes near its expiry is seen within a second, and whoever died while renewing is followed soon. */
function renewals() {
  const lifecycle = shared('work/lifecycle/index.js');
  const { lifecycleLoops } = lifecycle;
  lifecycle.lifecycleLoops = (...args) =>
    lifecycleLoops(...args).map((loop) => ({ ...loop, everyMs: Math.min(loop.everyMs, times.renewal.lookMs) }));
  const store = shared('work/lifecycle/lifecycle-store.js');
  const { noteRenewal, takeTurns } = store;
  store.takeTurns = (db, source, now, limit) => takeTurns(db, source, now, limit, times.renewal.turnMs);
  store.noteRenewal = (db, source, due, note) => {
    const soon = Date.now() + clockOffsetMs + times.renewal.againMs;
    const isRepeat = note.renewAt !== null && note.renewAt.getTime() < soon + 24 * 3_600_000;
    return noteRenewal(
      db,
      source,
      due,
      isRepeat ? { ...note, renewAt: new Date(Math.min(note.renewAt.getTime(), soon)) } : note,
    );
  };
}

require('./bugs-inside.cjs')({
  root,
  shared,
  kind: process.env.TORTURE_KIND,
  isPlanted: (name) => bug === name,
  checkpoint,
});
