// Four nodes spend one quota while answers are lost, batches repeated, the service is away, and nodes are killed before
// and after each step that reaches the disk or the service. What was consumed is billed once or was lost in a kill.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FixedClock, silentLog } from '@lumi/shared/runtime';
import { Rights, type Right } from '../rights';
import type { Use } from '../meter';
import { Exchange } from './exchange';
import { openJournal, type Journal } from './journal';
import { Leases } from './leases';
import { Notes } from './notes';
import { Reports } from './reports';
import { ServiceFault, type ServiceLink } from './service-link';
import { ModelService } from './test/model-service';
import { UsageLines } from './usage-lines';

const METERED = 'plan';
const FREE = 'proxy';
const TOTAL = 200_000_000;
const COMMAND_MAX = 3_000_000;

class Killed extends Error {}

type Random = (below: number) => number;

/** mulberry32. */
function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const right = (subject: string, isMetered: boolean): Right => ({
  subject,
  kind: isMetered ? 'plan' : 'proxy',
  accountId: 'acc_1',
  isEnabled: true,
  suspendedFor: null,
  logins: [],
  blocks: [],
  port: null,
  protocol: 'both',
  exits: { kind: 'pool', pool: 'p' },
  upstream: null,
  rotationS: null,
  validUntilMs: Number.MAX_SAFE_INTEGER,
  concurrency: 10,
  bandwidthBps: null,
  isMetered,
  blockedDomains: [],
  allowedDomains: null,
});

/** A process of a node: killed, it is thrown away; its journal stays. */
interface Process {
  readonly exchange: Exchange;
  readonly leases: Leases;
  readonly lines: UsageLines;
  readonly uses: readonly Use[];
  savedBytes: number;
}

class TestNode {
  consumed = { [METERED]: 0, [FREE]: 0 };
  lost = 0;
  kills = 0;
  process: Process | null = null;
  private isDead = false;

  constructor(
    readonly name: string,
    private readonly model: ModelService,
    private readonly file: string,
    private readonly clock: FixedClock,
    private readonly random: Random,
    public faults: { readonly kill: number; readonly away: number; readonly lostAnswer: number },
  ) {}

  async begin(): Promise<Process> {
    const rights = new Rights(this.clock);
    rights.apply({ isWhole: true, rights: [right(METERED, true), right(FREE, false)] });
    const lines = new UsageLines(() => this.clock.nowMs());
    const nowMs = (): number => this.clock.nowMs();
    const leases = new Leases({ rights, lines, targetName: (host) => host, hurry: () => undefined, nowMs });
    const exchange = new Exchange({
      link: this.link(),
      journal: this.journal(() => lines.bytes),
      lines,
      leases,
      notes: new Notes(nowMs, silentLog, new Reports(nowMs, (host) => host)),
      log: silentLog,
      registration: () => ({
        version: '1',
        entry_host: null,
        ports: { first: 1, last: 1, http: 1, socks: 1 },
        exits: [],
        allowed: [],
      }),
      connections: () => 0,
      onDrain: () => undefined,
      onRegistered: () => undefined,
      onClock: () => undefined,
    });
    await exchange.load();
    const uses = [METERED, FREE].flatMap((subject) => [
      leases.use(subject, 'DE', 'a.example'),
      leases.use(subject, 'FR', 'b.example'),
    ]);
    this.process = { exchange, leases, lines, uses, savedBytes: 0 };
    return this.process;
  }

  spend(): number {
    const { process } = this;
    const use = process?.uses[this.random(process.uses.length)];
    if (process === null || use === undefined) return 0;
    const may = process.leases.spend(use, this.random(2) === 0 ? 'up' : 'down', this.random(COMMAND_MAX));
    this.consumed[use.subject === METERED ? METERED : FREE] += may;
    return use.subject === METERED ? may : 0;
  }

  /** As the node does it each second. */
  async step(): Promise<void> {
    const process = this.process ?? (await this.begin());
    try {
      if (this.random(3) === 0) await process.exchange.save();
      await process.exchange.step();
    } catch (err) {
      if (err instanceof Killed) this.die();
      else if (!(err instanceof ServiceFault)) throw err;
    }
  }

  die(): void {
    if (this.process === null) return;
    this.kills += 1;
    this.lost += this.process.lines.bytes - this.process.savedBytes;
    this.process = null;
    this.isDead = false;
  }

  private maybeDie(): void {
    // Nothing more of a killed process happens, whatever it does with the error.
    this.isDead ||= this.faults.kill > 0 && this.random(this.faults.kill) === 0;
    if (this.isDead) throw new Killed();
  }

  private link(): ServiceLink {
    const call = async <T>(work: () => T): Promise<T> => {
      this.maybeDie();
      if (this.faults.away > 0 && this.random(this.faults.away) === 0) throw new ServiceFault('away', false);
      const answer = await Promise.resolve(work());
      this.maybeDie();
      if (this.faults.lostAnswer > 0 && this.random(this.faults.lostAnswer) === 0)
        throw new ServiceFault('lost', false);
      return answer;
    };
    return {
      register: (body) => call(() => this.model.register(this.name, body)),
      exchange: (body) => call(() => this.model.exchange(this.name, body)),
      access: () => Promise.reject(new Error('not asked here')),
      leave: (epoch) => call(() => this.model.leave(this.name, epoch)),
      close: () => undefined,
    };
  }

  private journal(bytes: () => number): Journal {
    const real = openJournal(this.file);
    return {
      read: () => real.read(),
      write: async (books) => {
        const saved = bytes();
        this.maybeDie();
        await real.write(books);
        if (this.process !== null) this.process.savedBytes = saved;
        this.maybeDie();
      },
    };
  }
}

describe('usage', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-node-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const storm = async (seed: number, hasClosings: boolean) => {
    const random = randomOf(seed);
    const clock = new FixedClock(1_800_000_000_000);
    const model = new ModelService(() => clock.nowMs());
    model.offer(METERED, TOTAL);
    const faults = { kill: 60, away: 8, lostAnswer: 6 };
    const nodes = ['a', 'b', 'c', 'd'].map(
      (name) => new TestNode(name, model, join(folder, `${String(seed)}-${name}.json`), clock, random, faults),
    );
    let idle = 0;
    for (let round = 0; round < 3_000 && idle < 40; round += 1) {
      clock.advance(1_000);
      const isAsleep = (index: number): boolean => Math.floor(round / 20) % 4 === index; // demand wanders
      const moved = nodes.map((node, i) => (isAsleep(i) ? 0 : node.spend() + node.spend()));
      idle = moved.some((bytes) => bytes > 0) ? 0 : idle + 1;
      for (const node of nodes) await node.step();
      if (hasClosings && random(150) === 0) model.closeAll(['a', 'b', 'c', 'd'][random(4)] ?? 'a');
    }
    for (const node of nodes) node.faults = { kill: 0, away: 0, lostAnswer: 0 };
    // The last answers, and what a killed one left.
    for (let i = 0; i < 3; i += 1) for (const node of nodes) await node.step();
    const sum = (of: (node: TestNode) => number): number => nodes.reduce((all, node) => all + of(node), 0);
    return {
      consumed: sum(({ consumed }) => consumed[METERED] + consumed[FREE]),
      lost: sum(({ lost }) => lost),
      kills: sum(({ kills }) => kills),
      billed: model.billed(METERED) + model.billed(FREE),
      billedMetered: model.billed(METERED),
      repeats: model.repeats,
      unplaced: model.unplaced,
    };
  };

  it.each(Array.from({ length: 20 }, (_, i) => [i + 1]))(
    'is billed once or lost in a kill, never above the quota, of which with demand nothing is left over (seed %i)',
    async (seed) => {
      const { consumed, lost, kills, billed, billedMetered, repeats, unplaced } = await storm(seed, false);
      expect(billed + lost).toBe(consumed);
      expect(unplaced).toBe(0);
      expect(TOTAL - billedMetered).toBeGreaterThanOrEqual(0);
      expect(TOTAL - billedMetered).toBeLessThanOrEqual(1_048_576);
      expect(Math.min(kills, repeats)).toBeGreaterThan(0);
    },
  );

  it.each(Array.from({ length: 5 }, (_, i) => [100 + i]))(
    'is counted once also when the service gives up on nodes that still spend (seed %i)',
    async (seed) => {
      const { consumed, lost, billed, billedMetered, unplaced } = await storm(seed, true);
      expect(billed + unplaced + lost).toBe(consumed);
      expect(billedMetered).toBeLessThanOrEqual(TOTAL);
    },
  );
});
