// What was billed for traffic, held against what the target counted and what clients got.
import type { Subject } from '../traffic/subjects';
import { usedBy, type Used } from '../traffic/subjects';
import type { Traffic } from '../traffic/traffic';
import { until } from '../waiting';
import type { Breach } from './breach';

const BILLED_LIMIT_MS = 60_000;
const BILLED_MAX = 'never more is billed than the target saw';
const BILLED_MIN = 'what was carried is billed to the byte, but for the last second before a kill';
const QUOTA = 'no quota is passed';

/** Of one subject, in bytes. */
interface Carried {
  /** What the connections of its target carried, broken ones included. */
  readonly most: number;
  /** Complete transfers, and what clients got of the others. */
  readonly least: number;
  /** What kills may have lost. */
  readonly lost: number;
}

/** The node's last usage comes, it leaves, and then the books are held against the target. */
export async function judgeTraffic(traffic: Traffic, limitMs = BILLED_LIMIT_MS): Promise<Breach[]> {
  const { run, node, target, forbidden, breaches } = traffic;
  run.note(`transfers: ${endsOf(traffic)}`);
  await judgeBills(traffic, limitMs);
  if (forbidden.dialled > 0)
    traffic.breach('nothing forbidden is dialled', node.id, `${forbidden.dialled} connections`);
  if (target.openCount > 0)
    traffic.breach('no connection to a target stays open', node.id, `${target.openCount} are open`);
  await node.leave();
  await judgeLeases(traffic);
  await traffic.close();
  return breaches;
}

/** Of what was carried until now. Nothing is under way. */
export async function judgeBills(traffic: Traffic, limitMs = BILLED_LIMIT_MS): Promise<void> {
  const { run, node, target } = traffic;
  const used = new Map<Subject, Used>();
  const isBilled = async (): Promise<boolean> => {
    let isAll = target.openCount === 0;
    for (const subject of traffic.subjects) {
      const told = await usedBy(run, traffic.buyer, subject);
      if (told !== undefined) used.set(subject, told);
      const { least, lost } = carriedFor(traffic, subject);
      isAll &&= told !== undefined && told.byHours + (await unplaced(traffic, subject)) >= least - lost;
    }
    return isAll;
  };
  await until(isBilled, limitMs * run.system.stretch);
  // What is billed twice may come with the next batches.
  await node.isHeard(2);
  await isBilled();
  for (const subject of traffic.subjects) await judgeSubject(traffic, subject, used.get(subject));
}

/** How transfers ended, for the log of a run. */
function endsOf({ done }: Traffic): string {
  const ends = new Map<string, number>();
  for (const { isComplete, refusal } of done) {
    const end = isComplete ? 'complete' : (refusal ?? 'broken off');
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  return [...ends].map(([end, count]) => `${count} ${end}`).join(', ');
}

async function judgeSubject(traffic: Traffic, subject: Subject, used: Used | undefined): Promise<void> {
  const { run } = traffic;
  const { id, kind, limit } = subject;
  const name = `${kind} ${id}`;
  if (used === undefined) return traffic.breach(BILLED_MIN, name, 'nobody says what was billed');
  const { byHours: billed, byItself } = used;
  if (byItself !== null && byItself !== billed)
    traffic.breach('a plan or a sub-user has used the sum of its hours', name, `${byItself} and ${billed}`);
  const { most, least, lost } = carriedFor(traffic, subject);
  const placed = billed + (await unplaced(traffic, subject));
  const shown = `billed ${billed}, carried ${least} to ${most}, lost in kills up to ${lost}`;
  run.note(`${name}: ${shown}${limit === null ? '' : `, of ${limit}`}`);
  if (placed > most) traffic.breach(BILLED_MAX, name, shown);
  if (placed < least - lost) traffic.breach(BILLED_MIN, name, shown);
  if (limit !== null && billed > limit) traffic.breach(QUOTA, name, `${shown}, of ${limit}`);
  if (limit !== null && least > limit + lost) traffic.breach(QUOTA, name, `${shown}, of ${limit}`);
}

function carriedFor({ target, done, kills }: Traffic, { id }: Subject): Carried {
  const own = done.filter(({ subject }) => subject.id === id);
  return {
    most: target.carriedFor(id),
    least: own.reduce((sum, one) => sum + (one.isComplete ? target.carriedBy(one.id) : one.got), 0),
    lost: kills.reduce((sum, { fromMs, untilMs }) => sum + target.carriedBetween(id, fromMs, untilMs), 0),
  };
}

/** Carried by a node that had lost its lease, beyond what the quota holds: counted, and billed to nobody. */
async function unplaced({ run }: Traffic, { id }: Subject): Promise<number> {
  const { rows } = await run.system.query<{ bytes: string }>(
    'SELECT coalesce(sum(bytes_up + bytes_down), 0) AS bytes FROM proxy.usage_unplaced WHERE subject = $1',
    [id],
  );
  return Number(rows[0]?.bytes ?? 0);
}

/** A node that has left holds nothing. */
async function judgeLeases(traffic: Traffic): Promise<void> {
  const { rows } = await traffic.run.system.query<{ what: string; id: string }>(
    `SELECT 'lease' AS what, subject AS id FROM proxy.lease WHERE source = $1
      UNION ALL SELECT 'epoch', epoch::text FROM proxy.usage_epoch WHERE source = $1 AND closed_at IS NULL
      UNION ALL SELECT 'plan', id FROM proxy.traffic_plan WHERE bytes_leased <> 0 OR subusers_leased <> 0
      UNION ALL SELECT 'sub-user', id FROM proxy.subuser WHERE bytes_leased <> 0
      UNION ALL SELECT 'connections', connections::text FROM proxy.node WHERE id = $1 AND connections <> 0`,
    [traffic.node.id],
  );
  for (const { what, id } of rows) traffic.breach('a node that has left holds nothing', id, `${what} is left`);
}
