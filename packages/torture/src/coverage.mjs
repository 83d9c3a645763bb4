// Which interesting states a run has really reached. A run that did not reach what it owes is worth nothing and fails
// (owed.mjs).
import { codeOf } from './client.mjs';
import { gatherHaggling } from './hagglers.mjs';
import { owedBySet } from './owed.mjs';

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
    if (line.includes('an open order was settled by recovery'))
      this.reach(/"outcome":"done"/.test(line) ? 'unknown resolved as done' : 'unknown resolved as refused');
  }

  /** May be called again and again while the run goes on. */
  async gather({ system, history, faults, hagglers }) {
    await gatherHaggling(system, history, hagglers, (state, isReached) => this.reach(state, isReached));
    const {
      rows: [row],
    } = await system.query(`
      SELECT count(*)::int AS orders, count(*) FILTER (WHERE attempt > 1)::int AS taken,
        count(*) FILTER (WHERE supplier_ref IS NOT NULL AND state = 'captured'
          AND subject LIKE 'pending-%')::int AS pending FROM platform.orders`);
    this.orders = row.orders;
    const { rows: batches } = await system.query(
      'SELECT product, finished_at IS NOT NULL AS finished, EXISTS (SELECT 1 FROM platform.batch_item i ' +
        'WHERE i.batch_id = b.id AND i.attempt > 1) AS again FROM platform.batch b',
    );
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
        if (send.isReplay && sends.slice(0, i).some(({ door }) => door !== send.door))
          this.reach('replay from the other gateway');
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
    const {
      rows: [after],
    } = await system.query(`
      SELECT EXISTS (SELECT 1 FROM platform.deposit WHERE state = 'credited'
        AND reference LIKE '%-kill-before-credit-%') AS credited,
        EXISTS (SELECT 1 FROM platform.orders WHERE idem_scope = 'auto' AND state = 'captured'
          AND subject LIKE '%-kill-before-renewal-%') AS renewed`);
    this.reach('deposit credited after a kill', after.credited && faults.reached.has('kill-before-credit'));
    this.reach('renewed after a kill', after.renewed && faults.reached.has('kill-before-renewal'));
    for (const fact of history.facts) {
      if (fact.kind === 'decided')
        this.reach(
          fact.id.startsWith('op_') ? 'operation decided after a kill' : 'decided after a kill',
          ['kill at after-seize', 'kill at before-decision'].some((what) => faults.reached.has(what)),
        );
    }
    for (const what of history.reached) this.reach(what);
    for (const what of faults.done) this.reach(what);
    for (const what of faults.reached) this.reach(what);
    if ([...faults.reached].some((what) => what.startsWith('kill at'))) this.reach('process killed at a point');
    if ([...faults.reached].some((what) => what.startsWith('stop at'))) this.reach('process stopped past its lease');
    if (
      ['settle answer cut', 'hold answer cut', 'hold-answer-cut', 'settle-answer-cut'].some((what) =>
        faults.reached.has(what),
      )
    )
      this.reach('answer of a commit cut');
    if (faults.reached.has('hold-answer-cut')) this.reach('hold answer cut');
    if (faults.reached.has('settle-answer-cut')) this.reach('settle answer cut');
    for (const what of ['repeated', 'late', 'lost']) this.reach(`webhook ${what}`, system.webhooks[what] > 0);
  }

  missed(owed) {
    return owed.filter((state) => !this.reached.has(state));
  }
}

export function missedInSet(runs, what) {
  return owedBySet(what).filter((state) => !runs.some(({ coverage }) => coverage.reached.has(state)));
}
