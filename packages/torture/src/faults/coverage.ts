// Which interesting states a run has really reached. A run that did not reach what it requires is worth nothing and
// fails (required-states.ts).
import { codeOf, type CustomerRequest, type History } from '../customers/client';
import type { SharedAccount } from '../customers/co-owners';
import type { System } from '../system/system';
import { gatherShared } from './shared-states';

const BY_CODE: Readonly<Record<string, string>> = {
  insufficient_balance: 'balance refused',
  daily_cap_exceeded: 'cap refused',
  idempotency_key_reused: 'used key refused',
  in_progress: 'identical request still running',
  not_available: 'name lost to another buyer',
};

/** What a run tells its coverage. */
interface Told {
  readonly system: System;
  readonly history: History;
  readonly faults: { readonly done: ReadonlySet<string>; readonly reached: ReadonlySet<string> };
  readonly accounts: readonly SharedAccount[];
  readonly traffic: { readonly reached: ReadonlySet<string> } | undefined;
}

export class Coverage {
  readonly reached = new Set<string>();
  orders = 0;
  batches = 0;

  /** May be called again and again while the run goes on. */
  async gather(run: Told): Promise<void> {
    const { system, history, faults } = run;
    await gatherShared(system, history, run.accounts, (state, isReached) => this.reach(state, isReached));
    await this.gatherOrders(system);
    await this.gatherBatches(system);
    for (const request of history.requests) this.gatherAnswers(request);
    await this.gatherAfterKills(run);
    for (const what of [...history.reached, ...faults.done, ...faults.reached, ...(run.traffic?.reached ?? [])])
      this.reach(what);
    this.gatherFaults(faults.reached);
    for (const fate of ['repeated', 'late', 'lost'] as const)
      this.reach(`webhook ${fate}`, system.webhooks.counts[fate] > 0);
  }

  missed(required: readonly string[]): string[] {
    return required.filter((state) => !this.reached.has(state));
  }

  /** A line of the log of a process. */
  seeLine(line: string): void {
    if (line.includes('a late attempt at an item of a batch was fenced')) this.reach('late attempt at an item fenced');
    if (line.includes('a late attempt was fenced')) this.reach('late attempt fenced');
    if (line.includes('an open order was settled by recovery'))
      this.reach(line.includes('"outcome":"done"') ? 'unknown resolved as done' : 'unknown resolved as refused');
  }

  private reach(state: string, isReached = true): void {
    if (isReached) this.reached.add(state);
  }

  private async gatherOrders(system: System): Promise<void> {
    const { rows } = await system.query<{ orders: number; taken: number; pending: number }>(`
      SELECT count(*)::int AS orders, count(*) FILTER (WHERE attempt > 1)::int AS taken,
        count(*) FILTER (WHERE supplier_ref IS NOT NULL AND state = 'captured'
          AND subject LIKE 'pending-%')::int AS pending FROM platform.orders`);
    const { orders, taken, pending } = rows[0] ?? { orders: 0, taken: 0, pending: 0 };
    this.orders = orders;
    this.reach('order taken over', taken > 0);
    this.reach('pending resolved', pending > 0);
    const { rows: kinds } = await system.query<{ kind: string }>(
      "SELECT DISTINCT kind FROM platform.orders WHERE state = 'captured'",
    );
    for (const { kind } of kinds) this.reach(`${kind} captured`);
  }

  private async gatherBatches(system: System): Promise<void> {
    const { rows } = await system.query<{ product: string; again: boolean }>(
      'SELECT product, EXISTS (SELECT 1 FROM platform.batch_item i ' +
        'WHERE i.batch_id = b.id AND i.attempt > 1) AS again FROM platform.batch b',
    );
    this.batches = rows.length;
    for (const { product, again } of rows) {
      this.reach(`bulk of ${product}`);
      this.reach('item of a batch taken over', again);
    }
  }

  private gatherAnswers({ sends }: CustomerRequest): void {
    sends.forEach((send, i) => {
      if (send.isReplay === true && sends.slice(0, i).some(({ gateway }) => gateway !== send.gateway))
        this.reach('replay from the other gateway');
      const state = BY_CODE[codeOf(send) ?? ''];
      if (state !== undefined) this.reach(state);
    });
  }

  private async gatherAfterKills({ system, history, faults }: Told): Promise<void> {
    const { rows } = await system.query<{ credited: boolean; renewed: boolean }>(`
      SELECT EXISTS (SELECT 1 FROM platform.deposit WHERE state = 'credited'
        AND reference LIKE '%-kill-before-credit-%') AS credited,
        EXISTS (SELECT 1 FROM platform.orders WHERE idem_scope = 'auto' AND state = 'captured'
          AND subject LIKE '%-kill-before-renewal-%') AS renewed`);
    const { credited, renewed } = rows[0] ?? { credited: false, renewed: false };
    this.reach('deposit credited after a kill', credited && faults.reached.has('kill-before-credit'));
    this.reach('renewed after a kill', renewed && faults.reached.has('kill-before-renewal'));
    const isKilled = ['kill at after-seize', 'kill at before-decision'].some((what) => faults.reached.has(what));
    for (const { id } of history.factsOf('decided'))
      this.reach(id.startsWith('op_') ? 'operation decided after a kill' : 'decided after a kill', isKilled);
  }

  private gatherFaults(reached: ReadonlySet<string>): void {
    const has = (start: string) => [...reached].some((what) => what.startsWith(start));
    const [isHoldCut, isSettleCut] = ['hold-answer-cut', 'settle-answer-cut'].map((what) => reached.has(what));
    this.reach('process killed at a point', has('kill at'));
    this.reach('process stopped past its lease', has('stop at'));
    this.reach('hold answer cut', isHoldCut);
    this.reach('settle answer cut', isSettleCut);
    this.reach(
      'answer of a commit cut',
      ['hold answer cut', 'settle answer cut'].some((what) => this.reached.has(what)),
    );
  }
}
