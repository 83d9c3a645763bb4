// Leases on a real database: four nodes spend a plan and a sub-user at once, while answers get lost, requests are
// repeated and delayed, nodes are killed and the service is away. LEDGER_SEEDS: how many courses (3; 20 before a
// release).
import { FixedClock } from '@lumi/shared/runtime';
import { closeEpochs, openEpoch, takeBatch, type BatchOutcome, type UsageBatch } from '../src/store/batches';
import { NOW, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const SEEDS = Number(process.env['LEDGER_SEEDS'] ?? 3);
const WANT = 32 * 1024 * 1024;
const MIB = 1024 * 1024;
const NODES = ['a', 'b', 'c', 'd'];

interface Frozen {
  readonly batch: UsageBatch;
  readonly wishes: readonly { readonly subject: string; readonly keep?: number; readonly want?: number }[];
}

/** What all nodes of a course know together, as an outside witness. */
class Course {
  consumed = 0;
  lost = 0;
  /** Billed by the database, above what the leases of the time allowed; must stay 0. */
  readonly subjects: readonly string[];

  constructor(
    private seed: number,
    subjects: readonly string[],
  ) {
    this.subjects = subjects;
  }

  upTo(bound: number): number {
    this.seed = (this.seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return this.seed % bound;
  }

  oneIn(chances: number): boolean {
    return this.upTo(chances) === 0;
  }
}

/** A node as the control side of a real one is: it spends from leases, freezes a batch before it sends it. */
class LabNode {
  private epoch = 0;
  private seq = 0;
  private readonly leases = new Map<string, { granted: number; used: number }>();
  private fresh = new Map<string, number>();
  private frozen: Frozen | null = null;
  isIdle = false;
  isRecalled = false;

  constructor(
    private readonly name: string,
    private readonly course: Course,
  ) {}

  async start(): Promise<void> {
    // The journal of the process before is sent under its own number first.
    if (this.frozen !== null) await this.send(this.frozen);
    this.epoch = await openEpoch(lumi.service.db.platform, this.name, clock.now());
    this.seq = 0;
    this.frozen = null;
    this.fresh = new Map();
    this.leases.clear();
  }

  spend(subject: string, bytes: number): number {
    const lease = this.leases.get(subject);
    const may = Math.min(bytes, lease === undefined ? 0 : lease.granted - lease.used);
    if (lease === undefined || may <= 0) return 0;
    lease.used += may;
    this.course.consumed += may;
    const target = `${subject} t${String(this.course.upTo(3))}.example`;
    this.fresh.set(target, (this.fresh.get(target) ?? 0) + may);
    return may;
  }

  get hasUnsent(): boolean {
    return this.frozen !== null || this.fresh.size > 0;
  }

  /** True: it stood dry for some subject and got nothing. */
  async exchange(): Promise<boolean> {
    this.frozen ??= this.freeze();
    if (this.course.oneIn(10)) return false; // the service is away
    const answer = await this.send(this.frozen);
    if (this.course.oneIn(10)) await this.send(this.frozen); // sent again
    if (this.course.oneIn(10)) return false; // it was taken, and the answer is lost
    if (answer.outcome !== 'taken' && answer.outcome !== 'repeated')
      throw new Error(`a batch in its order was refused: ${answer.outcome}`);
    this.seq = this.frozen.batch.seq;
    this.frozen = null;
    this.isRecalled = answer.leases.some((lease) => lease.is_needed);
    for (const lease of answer.leases) {
      const mine = this.leases.get(lease.subject);
      if (mine === undefined) this.leases.set(lease.subject, { granted: lease.granted, used: lease.used });
      else mine.granted = lease.granted;
    }
    return !this.isIdle && answer.leases.some((lease) => lease.granted <= lease.used);
  }

  async kill(): Promise<void> {
    this.course.lost += [...this.fresh.values()].reduce((a, b) => a + b, 0);
    await this.start();
  }

  /** What grows from now on belongs to the next one. What is given back may not be spent any more. */
  private freeze(): Frozen {
    const lines = [...this.fresh].map(([key, bytes]) => {
      const [subject = '', target = ''] = key.split(' ');
      const up = Math.floor(bytes / 3);
      return { subject, hour: clock.now(), country: 'DE', target, up, down: bytes - up, requests: 1, errors: 0 };
    });
    this.fresh = new Map();
    const wishes = this.course.subjects.map((subject) => {
      const lease = this.leases.get(subject);
      if (!this.isIdle) return { subject, want: WANT };
      if (lease === undefined) return { subject };
      lease.granted = lease.used;
      return { subject, keep: lease.used };
    });
    return { batch: { source: this.name, epoch: this.epoch, seq: this.seq + 1, lines }, wishes };
  }

  private send({ batch, wishes }: Frozen): Promise<BatchOutcome> {
    return takeBatch(lumi.service.db.platform, batch, wishes, clock.now());
  }
}

async function quotas(gb: number): Promise<{ plan: string; subuser: string; total: number }> {
  const who = await lumi.account({ balance: '1000' });
  const { id: plan } = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb })).body.plan;
  const { id: subuser } = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: plan, limit_gb: 1 })).body;
  // Small enough to be used up.
  await owner(lumi, 'UPDATE proxy.subuser SET bytes_limit = 150000000 WHERE id = $1', [subuser]);
  await owner(lumi, 'UPDATE proxy.traffic_plan SET bytes_allocated = bytes_total - 250000000 WHERE id = $1', [plan]);
  return { plan, subuser, total: 400_000_000 };
}

const usedOf = async (ids: readonly string[]): Promise<number> =>
  Number(
    (
      await lumi.service.db.pool.query<{ used: string }>(
        `SELECT sum(bytes_used) AS used FROM (SELECT id, bytes_used FROM proxy.traffic_plan
          UNION ALL SELECT id, bytes_used FROM proxy.subuser) x WHERE id = ANY ($1)`,
        [ids],
      )
    ).rows[0]?.used,
  );

/** Only the rules of usage: the test has moved gigabytes that nobody paid for. */
const breaches = async () =>
  (await lumi.audit()).filter(({ rule }) =>
    /^(what a plan or a sub-user|a plan knows|the hours|what a quota|only a process)/.test(rule),
  );

beforeAll(async () => {
  for (const name of NODES)
    await owner(
      lumi,
      `INSERT INTO proxy.node (id, name, token_hash, created_at) VALUES ($1, $1, decode(md5($1), 'hex'), now())`,
      [name],
    );
});

it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
  'bills what was consumed but for what kills lose, never more than was bought, and all of it (course %i)',
  async (seed) => {
    const { plan, subuser, total: bought } = await quotas(2);
    // In every second course both share a hard stop.
    const total = seed % 2 === 0 ? 200_000_000 : bought;
    if (total < bought)
      await owner(lumi, 'UPDATE proxy.traffic_plan SET bytes_stop = $2, bytes_cap = $2 WHERE id = $1', [plan, total]);
    const course = new Course(seed, [plan, subuser]);
    const nodes = NODES.map((name) => new LabNode(name, course));
    for (const node of nodes) await node.start();
    let [quiet, kills] = [0, 0];
    for (let round = 0; round < 600 && quiet < 15; round += 1) {
      const idle = round % 40 < 20 ? 2 : 0; // demand wanders
      nodes.forEach((node, i) => (node.isIdle = i === idle || node.isRecalled));
      let moved = 0;
      for (const node of nodes)
        if (!node.isIdle) for (const subject of course.subjects) moved += node.spend(subject, course.upTo(3_000_000));
      await Promise.all(nodes.map((node) => node.exchange())); // at once: the database is the judge
      quiet = moved === 0 ? quiet + 1 : 0;
      const one = nodes[course.upTo(NODES.length)];
      // The shortest courses have some 20 rounds.
      if ((course.oneIn(25) || round === 10) && one !== undefined) {
        kills += 1;
        await one.kill();
      }
    }
    for (const node of nodes) for (let i = 0; i < 100 && node.hasUnsent; i += 1) await node.exchange();
    const billed = await usedOf(course.subjects);
    expect(billed + course.lost).toBe(course.consumed);
    expect(billed).toBeLessThanOrEqual(total);
    expect(total - billed).toBeLessThan(MIB);
    expect(kills).toBeGreaterThan(0);
    expect(await breaches()).toEqual([]);
    for (const name of NODES) await closeEpochs(lumi.service.db.platform, name, 1_000_000, clock.now());
    expect(await breaches()).toEqual([]);
  },
  120_000,
);

it('takes a thousand subjects in one exchange, and says how long it took', async () => {
  const who = await lumi.account({ balance: '100000' });
  const { id: plan } = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 2_000 })).body.plan;
  await owner(
    lumi,
    `INSERT INTO proxy.subuser (id, account_id, plan_id, username, password, bytes_limit, created_at, updated_at)
      SELECT 'sub_many' || n, $1, $2, 'many' || n, '', 1000000000, now(), now() FROM generate_series(1, 1000) n`,
    [who.accountId, plan],
  );
  await owner(lumi, 'UPDATE proxy.traffic_plan SET bytes_allocated = 1000000000000 WHERE id = $1', [plan]);
  const epoch = await openEpoch(lumi.service.db.platform, 'a', clock.now());
  const ids = Array.from({ length: 1_000 }, (_, i) => `sub_many${String(i + 1)}`);
  const batchOf = (seq: number): UsageBatch => ({
    source: 'a',
    epoch,
    seq,
    lines: ids.map((subject) => ({
      subject,
      hour: clock.now(),
      country: 'DE',
      target: 'example.com',
      up: 1_000,
      down: 9_000,
      requests: 1,
      errors: 0,
    })),
  });
  const wishes = ids.map((subject) => ({ subject, want: MIB }));
  const took: number[] = [];
  for (let seq = 1; seq <= 5; seq += 1) {
    const begin = performance.now();
    const answer = await takeBatch(lumi.service.db.platform, batchOf(seq), wishes, clock.now());
    took.push(Math.round(performance.now() - begin));
    expect(answer).toMatchObject({ outcome: 'taken', unknown: 0 });
  }
  process.stdout.write(`an exchange of 1,000 subjects: ${took.join(', ')} ms\n`);
  expect(await usedOf(ids)).toBe(5 * 1_000 * 10_000);
  await closeEpochs(lumi.service.db.platform, 'a', epoch + 1, clock.now());
  expect(await breaches()).toEqual([]);
});
