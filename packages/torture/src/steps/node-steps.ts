// Directed steps about traffic through a proxy node.
import { judgeBills } from '../judge/judge-traffic';
import type { Run } from '../run-state';
import { changePassword, usedBy } from '../traffic/subjects';
import { SPELLINGS } from '../traffic/forbidden';
import { CARRIED_BY, type Transfer } from '../traffic/transfer';
import type { Traffic } from '../traffic/traffic';
import { until } from '../waiting';

const MB = 1_000_000;
const ENDED_LIMIT_MS = 8_000;
const BEGUN_LIMIT_MS = 30_000;
const BUG_LIMIT_MS = 4_000;
const ROUNDS = 6;
/** Of a quota that is refused. */
const LEFT_MAX = 1_048_576;

type NodeStep = (traffic: Traffic, run: Run) => Promise<unknown>;

const of =
  (step: NodeStep) =>
  (run: Run): Promise<unknown> => {
    if (run.traffic === undefined) throw new Error('this run has no proxy node');
    return step(run.traffic, run);
  };

/** Down and up by each way, of each subject. */
async function allWays(traffic: Traffic): Promise<void> {
  for (const subject of traffic.subjects)
    await Promise.all(
      CARRIED_BY.flatMap((by, i) => [
        traffic.carry({ subject, by, size: 150_000 + i }),
        traffic.carry({ subject, by, size: 90_000 + i, isUpload: true }),
      ]),
    );
}

/** Before it was let in for the first time, a subject is refused. */
function isWholeOrEarly({ isComplete, refusal }: Transfer): boolean {
  return isComplete || refusal === 'credentials' || refusal === 'no connection';
}

/** While `work` goes on, there is traffic. */
async function meanwhile(traffic: Traffic, run: Run, work: () => Promise<unknown>): Promise<void> {
  let isOver = false;
  const random = run.random.stream('meanwhile');
  const carrying = traffic.work(() => isOver);
  await traffic.any(random);
  await work();
  isOver = true;
  await carrying;
}

function missUnless(run: Run, isReached: boolean, what: string): void {
  if (!isReached) run.missed.push(what);
}

export const NODE_STEPS: Readonly<Record<string, (run: Run) => Promise<unknown>>> = {
  'traffic by all ways': of(async (traffic, run) => {
    await allWays(traffic);
    missUnless(run, traffic.done.every(isWholeOrEarly), 'transfers that are complete without a fault');
  }),
  /**
   * Answers to exchanges are lost, exchanges come twice, late, and not at all for a while. All transfers are whole, so
   * the bill is known to the byte.
   */
  'node-link': of(async (traffic, run) => {
    let isOver = false;
    const breaking = traffic
      .breakLink()
      .then(() => traffic.breakLink())
      .finally(() => (isOver = true));
    do await allWays(traffic);
    while (!isOver);
    await breaking;
    const states = ['answer to a node lost', 'exchange of a node repeated'];
    for (const state of states) missUnless(run, traffic.reached.has(state), state);
    missUnless(run, traffic.done.every(isWholeOrEarly), 'transfers that are complete while the link is broken');
    await judgeBills(traffic, run.bug === undefined ? undefined : BUG_LIMIT_MS);
  }),
  'node-kill': of((traffic, run) =>
    meanwhile(traffic, run, async () => {
      await traffic.kill();
      await traffic.kill();
    }),
  ),
  'node-stop': of(async (traffic, run) => {
    await meanwhile(traffic, run, () => traffic.stop());
    missUnless(run, traffic.reached.has('node stopped past its leases'), 'a node stopped past its leases');
    await traffic.node.isHeard();
    await allWays(traffic);
  }),
  /** Ten minutes without the service: what is metered ends, what is not goes on. */
  'node alone': of(async (traffic, run) => {
    await traffic.node.alone(async () => {
      const [metered, free] = [traffic.of('plan'), traffic.of('proxy')];
      const [one, other] = await Promise.all([traffic.carry({ subject: metered }), traffic.carry({ subject: free })]);
      if (one.refusal !== 'quota')
        traffic.breach('a node without contact stops metered subjects', metered.id, `not refused: ${one.refusal}`);
      if (!other.isComplete)
        traffic.breach('a node without contact goes on with the others', free.id, `refused: ${other.refusal}`);
    });
    await allWays(traffic);
    const isThere = await until(async () => (await traffic.carry({ subject: traffic.of('plan') })).isComplete);
    missUnless(run, isThere, 'a plan that is used again after an outage');
  }),
  /** Several at once want more than the small sub-user has. */
  'quota used up': of(async (traffic, run) => {
    const subject = traffic.of('sub-user');
    await Promise.all([...CARRIED_BY, ...CARRIED_BY].map((by) => traffic.carry({ subject, by, size: 12 * MB })));
    const isOver = await until(async () => (await traffic.carry({ subject })).refusal === 'quota', BEGUN_LIMIT_MS);
    missUnless(run, isOver, 'a quota that is used up');
    const left = async () => (subject.limit ?? 0) - ((await usedBy(run, traffic.buyer, subject))?.byHours ?? 0);
    if (!(await until(async () => (await left()) <= LEFT_MAX, BEGUN_LIMIT_MS * run.system.stretch)))
      traffic.breach('a quota in demand is used up to within 1 MiB', subject.id, `${await left()} bytes are left`);
  }),
  'forbidden targets': of(async (traffic, run) => {
    const random = run.random.stream('forbidden');
    for (let round = 0; round < ROUNDS; round += 1)
      await Promise.all(SPELLINGS.map((spelling) => traffic.tryForbidden(random, spelling)));
  }),
  /** New credentials without a grace: what runs by the old ones ends. */
  'ended right': of(async (traffic, run) => {
    for (const kind of ['plan', 'proxy'] as const)
      for (const by of CARRIED_BY) {
        const subject = traffic.of(kind, 1);
        let hasBegun = false;
        const onBegun = (): void => void (hasBegun = true);
        const limitMs = ENDED_LIMIT_MS * run.system.stretch;
        const running = traffic.carry({ subject, by, size: 'slow', limitMs: limitMs * 2, onBegun });
        await until(() => hasBegun, BEGUN_LIMIT_MS);
        missUnless(run, hasBegun, 'a transfer that is under way');
        await changePassword(run, traffic.buyer, subject);
        const hasEnded = await until(() => traffic.target.openCount === 0, limitMs);
        await running;
        if (!hasEnded)
          return traffic.breach('what has lost its right ends at the target', subject.id, `${by}, ${limitMs} ms`);
      }
  }),
};
/** All that a directed run of a node does; the faults come last, because they cost bytes. */
export const NODE_RUN: readonly string[] = Object.keys(NODE_STEPS);
