// Steps of directed runs: every fault stands at a named point and is waited for, so that slowness delays and nothing is
// left to luck. Each step resolves when what it is about has happened.
import type { CustomerRequest } from '../customers/client';
import { pointFaultOf } from '../faults/point-faults';
import type { Run } from '../run-state';
import { STEP_LIMIT_MS, until } from '../waiting';
import { bulkOfEachProduct } from './bulk-step';
import { ROLLING_RESTART, rollingRestart } from './rolling-restart';

const BURST = 8;
/** A purchase ends soon after its point; a worker comes to it when it looks. */
const SOON_MS = 3_000;
const LATER_MS = 20_000;

export type Step = (run: Run) => Promise<unknown>;

export const STEPS: Readonly<Record<string, Step>> = {
  [ROLLING_RESTART]: rollingRestart,
  /** SIGKILL before the hold, after it, after the supplier's answer and after the settlement. */
  'kill between the steps': async (run) => {
    for (const id of ['kill-before-hold', 'kill-before-act', 'kill-after-act', 'kill-after-settle'])
      await reachPointFault(run, id);
  },
  /** A worker dies with an order that it took over. */
  'kill in recovery': (run) => reachPointFault(run, 'kill-worker-after-take-over'),
  'stop before the supplier': (run) => reachPointFault(run, 'stop-before-act'),
  'stop after the supplier': (run) => reachPointFault(run, 'stop-after-act'),
  /** While money is held for something else, which a second release would give away. */
  'stop after a refusal': (run) => reachPointFault(run, 'stop-after-refusal'),
  'kill after the supplier': (run) => reachPointFault(run, 'kill-after-act'),
  'cut the settlement': (run) => reachPointFault(run, 'settle-answer-cut'),
  'unknown outcomes': async ({ customers, buyers, asked }) => {
    const names = ['timeout-after-success', 'timeout-before', 'timeout-after-refusal'].map((ending) =>
      customers.name(ending),
    );
    asked.push(...names.map((name) => customers.buy(buyers.rich1, name)));
    await Promise.all(asked);
  },
  /** Sent again through the other gateway, and its key used for something else. */
  repeats: async ({ customers, buyers: { rich1 }, gateways, random, missed }) => {
    const request = await customers.buy(rich1, customers.name('plain'));
    await customers.untilAnswered(request, (what) => missed.push(what));
    for (const gateway of [0, 1]) customers.learn(request, await gateways.send(request, gateway));
    await customers.reuse(rich1, random);
  },
  bursts: async ({ customers, buyers: { tight, capped }, random }) => {
    for (let round = 0; round < 2; round += 1)
      await Promise.all(
        [tight, capped].flatMap((buyer) =>
          Array.from({ length: BURST }, () => customers.buy(buyer, customers.name('plain'), random)),
        ),
      );
  },
  twins: async ({ customers, gateways, buyers: { rich1 } }) => {
    for (let round = 0; round < 4; round += 1) {
      const request = customers.depositRequest(rich1, { amount_usd: '1.00', provider: 'sandbox' });
      await Promise.all([0, 1, 0, 1].map((gateway) => gateways.send(request, gateway)));
    }
  },
  deposits: async ({ system: { webhooks }, customers, buyers: { rich1 }, history, missed }) => {
    webhooks.fate = 'repeated';
    for (let i = 0; i < 2; i += 1) {
      const request = customers.depositRequest(rich1, { amount_usd: '3.00', provider: 'cryptobot' });
      const made = await customers.untilAnswered(request, (what) => missed.push(what));
      const { id, pay_url: url } = made.json ?? {};
      if (made.status === 201 && id !== undefined && url !== undefined && (await customers.pay(url, 'cryptobot', 0)))
        history.fact({ kind: 'paid', id });
    }
    await until(() => webhooks.counts.repeated >= 2);
  },
  /**
   * A payment that the provider has confirmed is credited although the process that was about to write it dies, and
   * once although the process that has written it dies.
   */
  'kill around a credit': async (run) => {
    for (const id of ['kill-before-credit', 'kill-after-credit']) await reachPointFault(run, id);
    run.required.push('deposit credited after a kill');
  },
  /** An operator has taken an order over, and what decides it dies. */
  'kill inside a decision': async (run) => {
    for (const id of ['kill-after-seize', 'kill-before-decision']) await reachPointFault(run, id);
    run.required.push('decided after a kill');
  },
  /** A domain is about to renew itself, and there is no order yet. */
  'kill before a renewal': async (run) => {
    await reachPointFault(run, 'kill-before-renewal');
    run.required.push('renewed after a kill');
  },
  /** Workers die twice in the middle of a bulk, and in between the queue forgets everything. */
  bulk: (run) => bulkOfEachProduct(run, { first: 'after-act', second: 'after-hold', isFlushed: true }),
  /** Both workers die when items of their step are paid for, and the queue gives their jobs to others. */
  'bulk, killed after a settlement': (run) =>
    bulkOfEachProduct(run, { first: 'after-settle', second: 'after-settle', isFlushed: false }),
};

/** What `npm test` runs. */
export const DRILL: readonly string[] = [
  'kill between the steps',
  'unknown outcomes',
  'repeats',
  'kill in recovery',
  'kill around a credit',
  'kill inside a decision',
  'kill before a renewal',
  'bulk',
];

/**
 * Buys until a process has been hit at the point: a purchase may end before it, when its server has just been killed
 * for another reason.
 */
async function reachPointFault(run: Run, id: string): Promise<void> {
  const { faults, system } = run;
  const fault = pointFaultOf(id);
  const isLate = fault.trigger !== undefined || ('who' in fault && fault.who === 'worker');
  const endAt = performance.now() + STEP_LIMIT_MS;
  while (!faults.reached.has(id) && performance.now() < endAt) {
    await Promise.all(system.named(/-(server|worker)-/).map((child) => child.isUp()));
    run.asked.push(faults.atPoint(fault) as Promise<CustomerRequest>);
    await until(() => faults.reached.has(id), isLate ? LATER_MS : SOON_MS);
  }
  if (!faults.reached.has(id)) run.missed.push(id);
}
