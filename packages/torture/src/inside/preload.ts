// Loaded into each process under test before its own code (`node --require`). It hands the engine the seams that it
// offers (checkpoints, times, a clock), obeys the harness over the fork's channel, and plants the bug of this run, if
// any. The product knows nothing of it: nothing that is shipped can be switched into a faulty state.
import type { Times } from '../system/settings';
import { plantBugs } from './bugs';
import { Control, subjectOf } from './control';
import { built, replace, shared } from './seams';

const DAY_MS = 24 * 3_600_000;
const kind = process.env.TORTURE_KIND;
const control = new Control(JSON.parse(process.env.TORTURE_TIMES ?? '{}') as Times);
const { times } = control;

control.listen();
if (kind !== 'double') clocks();
if (kind === 'node') elapsed();
if (kind === 'server' || kind === 'worker') {
  purchases();
  deposits();
  batches();
  operators();
  renewals();
  nodes();
}
plantBugs(kind, (name) => control.isPlanted(name));

function clocks(): void {
  const clock = shared('ground/runtime/clock').systemClock;
  clock.nowMs = () => control.nowMs();
  clock.now = () => new Date(control.nowMs());
}

function purchases(): void {
  replace(shared('work/purchase/money-step'), 'takeOver', (takeOver) => async (db, input) => {
    const orders = await takeOver(db, input);
    for (const order of orders) control.note(order);
    return orders;
  });
  replace(shared('house-keeping/process/service'), 'openService', (openService) => (options) => {
    const opened = openService(options);
    return {
      ...opened,
      purchases: {
        ...opened.purchases,
        checkpoint: (point, orderId) => control.checkpoint(point, orderId),
        get times() {
          return times.purchase;
        },
      },
    };
  });
  // The first point comes before the order has a visible subject; the request identifies it.
  replace(shared('work/purchase/engine'), 'purchase', (purchase) => async (deps, request) => {
    const { subject, reference } = request;
    if (request.principal.type === 'system') await control.pass('before-renewal', subjectOf({ subject, reference }));
    return purchase(
      {
        ...deps,
        times: times.purchase,
        checkpoint: (point, orderId) => {
          control.note({ id: orderId, subject, reference });
          return deps.checkpoint?.(point, orderId);
        },
      },
      request,
    );
  });
  // The longer a fault phase, the more look-ups have failed by its end, and the later the next one is. Healing must not
  // wait that long.
  replace(
    shared('ground/runtime/backoff'),
    'backoffMs',
    (backoffMs) => (tries, limits) => Math.min(backoffMs(tries, limits), times.againMaxMs),
  );
}

function deposits(): void {
  const store = shared('counter/deposits/deposit-store');
  replace(
    store,
    'beginDeposit',
    (beginDeposit) => (db, deposit) => beginDeposit(db, { ...deposit, wakeAfterMs: times.depositLeaseMs }),
  );
  replace(
    store,
    'takeDueDeposits',
    (takeDueDeposits) => (db, limit) => takeDueDeposits(db, limit, times.depositLeaseMs),
  );
  // The provider has said that it is paid; nobody has been credited.
  replace(store, 'creditDeposit', (creditDeposit) => async (db, credit) => {
    const subject = subjectOf({ subject: credit.deposit.id, reference: credit.deposit.reference });
    await control.pass('before-credit', subject);
    const outcome = await creditDeposit(db, credit);
    await control.pass('after-credit', subject);
    return outcome;
  });
  // A constant has a literal type, and here it gets another value.
  (shared('counter/deposits/reconcile') as { ABSENT_AFTER_MS: number }).ABSENT_AFTER_MS = times.depositAbsentMs;
}

function batches(): void {
  replace(
    shared('work/batches/batch-store'),
    'takeItems',
    (takeItems) => (db, product, batchId, limit) => takeItems(db, product, batchId, limit, times.batchLeaseMs),
  );
}

/** An operator has taken work over; the supplier has been asked once more, and nothing is written. */
function operators(): void {
  /** Purchases and recovery conclude through the same functions; an operator decides only what was seized. */
  const seized = new Set<string>();
  replace(shared('house-keeping/admin/stuck-store'), 'seizeWork', (seizeWork) => async (db, product, id, leaseMs) => {
    const work = await seizeWork(db, product, id, leaseMs === 0 ? 0 : times.purchase.leaseMs);
    const taken = work === null ? undefined : 'order' in work ? work.order : work.operation;
    if (taken === undefined || leaseMs === 0) return work;
    control.note(taken);
    seized.add(taken.id);
    await control.checkpoint('after-seize', taken.id);
    return work;
  });
  if (kind !== 'server') return; // recovery concludes as well
  replace(shared('work/purchase/conclude'), 'concludeOrder', (conclude) => async (deps, thing, order, outcome) => {
    if (seized.has(order.id)) await control.checkpoint('before-decision', order.id);
    return conclude(deps, thing, order, outcome);
  });
  replace(shared('work/operations/engine'), 'concludeOperation', (conclude) => async (deps, of, operation, outcome) => {
    if (seized.has(operation.id)) await control.checkpoint('before-decision', operation.id);
    return conclude(deps, of, operation, outcome);
  });
}

/** Ten minutes without contact pass at once where the harness says so. */
function elapsed(): void {
  shared('ground/runtime/clock').elapsedMs = () => performance.now() + control.elapsedAheadMs;
}

/** That a node is silent is looked for each second. */
function nodes(): void {
  if (kind !== 'worker' || process.argv[1]?.includes('/services/proxy/') !== true) return;
  const wiring = built<{ loops: (deps: object) => readonly { readonly name: string; readonly everyMs: number }[] }>(
    'services/proxy/dist/wiring.js',
  );
  replace(
    wiring,
    'loops',
    (loops) => (deps) =>
      loops(deps).map((loop) => (loop.name === 'care-for-nodes' ? { ...loop, everyMs: times.nodeCareMs } : loop)),
  );
}

/** What comes near its expiry is seen within a second. A renewal whose process died is soon tried again. */
function renewals(): void {
  replace(
    shared('work/lifecycle/index'),
    'lifecycleLoops',
    (lifecycleLoops) => (service, source) =>
      lifecycleLoops(service, source).map((loop) => ({
        ...loop,
        everyMs: Math.min(loop.everyMs, times.renewal.lookMs),
      })),
  );
  const store = shared('work/lifecycle/lifecycle-store');
  replace(
    store,
    'takeTurns',
    (takeTurns) => (db, source, now, limit) => takeTurns(db, source, now, limit, times.renewal.turnMs),
  );
  replace(store, 'noteRenewal', (noteRenewal) => (db, source, due, note) => {
    const soonMs = control.nowMs() + times.renewal.againMs;
    const isRepeat = note.renewAt !== null && note.renewAt.getTime() < soonMs + DAY_MS;
    const renewAt = isRepeat ? new Date(Math.min(note.renewAt?.getTime() ?? soonMs, soonMs)) : note.renewAt;
    return noteRenewal(db, source, due, { ...note, renewAt });
  });
}
