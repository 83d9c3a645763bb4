// Which interesting states a run has really reached. A run that did not is worth nothing and fails; some states are owed by a set of seeds.
import { codeOf } from './client.mjs';

/** Owed by every run. */
const EVERY_RUN = ['replay from the other gateway', 'order taken over', 'late attempt fenced', 'unknown resolved as done', 'unknown resolved as refused', 'balance refused', 'used key refused'];
/** Owed by every run of 20 seconds or more. */
const LONG_RUN = ['cap refused', 'process killed at a point', 'process stopped past its lease', 'answer of a commit cut', 'webhook repeated'];
/** Owed by the set. */
const SET = [
  'identical request still running', 'kill at before-hold', 'kill at after-hold', 'kill at after-act', 'kill at after-settle', 'kill at after-take-over', 'stop at after-look-up', 'hold answer cut',
  'settle answer cut', 'restart-postgres', 'crash-postgres', 'terminate-backends', 'webhook late', 'webhook lost', 'step-clock', 'flush-queue', 'name lost to another buyer', 'pending resolved',
  'batch completed', 'batch cancelled', 'batch tried again', 'item of a batch taken over',
];
const SET_BY_PRODUCT = {
  domains: ['domain_register captured', 'domain_renew captured'], vps: ['server_create captured', 'server_renew captured'], proxy: ['proxy_order captured', 'proxy_renew captured'],
};
const SET_WITH_REDIS = ['flush-redis', 'stop-redis', 'slow-redis'];

export class Coverage {
  constructor() {
    this.reached = new Set();
    this.orders = 0;
    this.batches = 0;
  }

  reach(state, isReached = true) {
    if (isReached) this.reached.add(state);
  }

  seeLine(line) {
    if (line.includes('a late attempt at an item of a batch was fenced')) this.reach('late attempt at an item fenced');
    if (line.includes('a late attempt was fenced')) this.reach('late attempt fenced');
    if (line.includes('an open order was settled by recovery')) this.reach(/"outcome":"done"/.test(line) ? 'unknown resolved as done' : 'unknown resolved as refused');
  }

  /** May be called again and again while the run goes on. */
  async gather({ system, history, faults }) {
    const { rows: [row] } = await system.query(`
      SELECT count(*)::int AS orders, count(*) FILTER (WHERE attempt > 1)::int AS taken, count(*) FILTER (WHERE supplier_ref IS NOT NULL AND state = 'captured' AND subject LIKE 'pending-%')::int AS pending FROM platform.orders`);
    this.orders = row.orders;
    const { rows: batches } = await system.query('SELECT product, finished_at IS NOT NULL AS finished, EXISTS (SELECT 1 FROM platform.batch_item i WHERE i.batch_id = b.id AND i.attempt > 1) AS again FROM platform.batch b');
    this.batches = batches.length;
    for (const { product, again } of batches) {
      this.reach(`bulk of ${product}`);
      this.reach('item of a batch taken over', again);
    }
    const { rows: kinds } = await system.query("SELECT DISTINCT kind FROM platform.orders WHERE state = 'captured'");
    for (const { kind } of kinds) this.reach(`${kind} captured`);
    this.reach('order taken over', row.taken > 0);
    this.reach('pending resolved', row.pending > 0);
    for (const { sends } of history.requests) {
      sends.forEach((send, i) => {
        if (send.isReplay && sends.slice(0, i).some(({ door }) => door !== send.door)) this.reach('replay from the other gateway');
      });
      for (const send of sends) {
        const code = codeOf(send);
        if (code === 'insufficient_balance') this.reach('balance refused');
        if (code === 'daily_cap_exceeded') this.reach('cap refused');
        if (code === 'idempotency_key_reused') this.reach('used key refused');
        if (code === 'in_progress') this.reach('identical request still running');
        if (code === 'not_available') this.reach('name lost to another buyer');
      }
    }
    for (const what of history.reached) this.reach(what);
    for (const what of faults.done) this.reach(what);
    for (const what of faults.reached) this.reach(what);
    if ([...faults.reached].some((what) => what.startsWith('kill at'))) this.reach('process killed at a point');
    if ([...faults.reached].some((what) => what.startsWith('stop at'))) this.reach('process stopped past its lease');
    if (['settle answer cut', 'hold answer cut', 'hold-answer-cut', 'settle-answer-cut'].some((what) => faults.reached.has(what))) this.reach('answer of a commit cut');
    if (faults.reached.has('hold-answer-cut')) this.reach('hold answer cut');
    if (faults.reached.has('settle-answer-cut')) this.reach('settle answer cut');
    for (const what of ['repeated', 'late', 'lost']) this.reach(`webhook ${what}`, system.webhooks[what] > 0);
  }

  missedInRun(seconds, products) {
    return [...EVERY_RUN, ...products.map((product) => `bulk of ${product}`), ...(seconds >= 20 ? LONG_RUN : [])].filter((state) => !this.reached.has(state));
  }
}

export function missedInSet(runs, { useRedis, products }) {
  return [...SET, ...products.flatMap((product) => SET_BY_PRODUCT[product]), ...(useRedis ? SET_WITH_REDIS : [])].filter((state) => !runs.some(({ coverage }) => coverage.reached.has(state)));
}
