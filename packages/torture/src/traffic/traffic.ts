// Traffic of a run through a real proxy node to a target that counts for itself, and what befalls the node meanwhile.
import type { Breach } from '../judge/breach';
import type { Random } from '../random';
import type { Buyer } from '../system/accounts';
import { ProxyNode } from '../system/proxy-node';
import { PATIENCE_MS, pause, until } from '../waiting';
import { CountingTarget } from './counting-target';
import { Forbidden, nameOfTarget, SPELLINGS } from './forbidden';
import type { TrafficParts } from './parts';
import { buySubjects, type Subject, type SubjectKind } from './subjects';
import { CARRIED_BY, transfer, type CarriedBy, type Transfer } from './transfer';

/** 1/10,000 USD. */
const MONEY = 5_000_000;
const AT_ONCE = 3;
const SIZE = { min: 1, max: 400_000 };
const TRANSFER_LIMIT_MS = 15_000;
const NAMES = 5;
/** A killed node serves again within this time. */
const AGAIN_MS = 10_000;
const PROBE_LIMIT_MS = 2_000;
const ACCESS_LIMIT_MS = 60_000;
const LINK_CUT_MS = 1_500;
const LOST_LIMIT_MS = 5_000;

export interface Kill {
  /** By `performance.now`: what the node counted from here on may be lost. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface AskedFor {
  readonly subject: Subject;
  readonly by?: CarriedBy;
  readonly size?: number | 'slow';
  readonly isUpload?: boolean;
  readonly breakAfter?: number | undefined;
  readonly host?: string;
  readonly limitMs?: number;
  readonly onBegun?: () => void;
}

export class Traffic {
  readonly done: Transfer[] = [];
  readonly kills: Kill[] = [];
  readonly breaches: Breach[] = [];
  /** Interesting states. */
  readonly reached = new Set<string>();
  subjects: readonly Subject[] = [];
  private count = 0;
  /** What was stopped is slow to count what lay in the kernel meanwhile. */
  private lastStop = { fromMs: -Infinity, untilMs: -Infinity };

  private constructor(
    readonly run: TrafficParts,
    readonly buyer: Buyer,
    readonly target: CountingTarget,
    readonly forbidden: Forbidden,
    readonly node: ProxyNode,
  ) {}

  /** A node, and everything bought and usable through it. */
  static async begin(run: TrafficParts): Promise<Traffic> {
    const { system, gateways } = run;
    const target = await new CountingTarget().open();
    const forbidden = await new Forbidden().open();
    const allow = `127.0.0.1/32:${target.port}`;
    const node = await new ProxyNode({ system, gateways, allow, resolver: forbidden.resolver }).start();
    const buyer = await system.makeBuyer({ name: 'carrier', product: 'proxy', money: MONEY });
    const traffic = new Traffic(run, buyer, target, forbidden, node);
    traffic.subjects = await buySubjects(run, buyer);
    for (const subject of traffic.subjects) {
      const works = async () => (await traffic.carry({ subject, size: 1 })).isComplete;
      if (!(await until(works, ACCESS_LIMIT_MS * system.stretch)))
        throw new Error(`${subject.id} lets nothing through`);
    }
    return traffic;
  }

  of(kind: SubjectKind, index = 0): Subject {
    const subject = this.subjects.filter((one) => one.kind === kind)[index];
    if (subject === undefined) throw new Error(`this run has no ${kind} ${index}`);
    return subject;
  }

  async carry({ subject, by = 'http', size = 1_000, isUpload = false, ...more }: AskedFor): Promise<Transfer> {
    this.count += 1;
    const { host = '127.0.0.1', limitMs = TRANSFER_LIMIT_MS * this.run.system.stretch, ...rest } = more;
    const { port } = this.target;
    const done = await transfer({ id: `t${this.count}`, subject, by, size, isUpload, host, port, limitMs, ...rest });
    this.done.push(done);
    if (done.refusal === 'quota') this.reached.add('quota used up');
    return done;
  }

  /** All transfers of a storm, until `isOver`. */
  async work(isOver: () => boolean): Promise<void> {
    const loop = async (random: Random): Promise<void> => {
      while (!isOver()) {
        if (random.chance(0.1)) await this.tryForbidden(random);
        else await this.any(random);
        await pause(random.between(20, 150));
      }
    };
    const streams = Array.from({ length: AT_ONCE }, (_, i) => this.run.random.stream(`traffic-${i}`));
    await Promise.all(streams.map(loop));
  }

  /** Something that every customer may do. */
  async any(random: Random): Promise<void> {
    const subject = random.pick(this.subjects);
    const size = random.chance(0.1) ? random.between(SIZE.max, SIZE.max * 8) : random.between(SIZE.min, SIZE.max);
    const isUpload = random.chance(0.4);
    const breakAfter = !isUpload && random.chance(0.15) ? Math.floor(size / 2) : undefined;
    const host = random.chance(0.5) ? '127.0.0.1' : nameOfTarget(random.between(1, NAMES));
    await this.carry({ subject, by: random.pick(CARRIED_BY), size, isUpload, breakAfter, host });
  }

  /** Something that no node may do. */
  async tryForbidden(random: Random, spelling = random.pick(SPELLINGS)): Promise<Transfer> {
    const subject = random.pick(this.subjects);
    const { port } = this.forbidden;
    const limitMs = TRANSFER_LIMIT_MS * this.run.system.stretch;
    const by = random.pick(CARRIED_BY);
    return transfer({ id: 'forbidden', subject, by, size: 1, isUpload: false, host: spelling, port, limitMs });
  }

  /** SIGKILL. It serves again within ten seconds, without asking the service: a static proxy carries. */
  async kill(): Promise<void> {
    const { system, note } = this.run;
    await this.node.kill(async () => {
      const atMs = performance.now();
      const probe = { subject: this.of('proxy'), size: 1, limitMs: PROBE_LIMIT_MS * system.stretch };
      const isServing = await until(async () => (await this.carry(probe)).isComplete, PATIENCE_MS);
      const tookMs = performance.now() - atMs;
      if (!isServing || tookMs > AGAIN_MS * system.stretch)
        this.breach('a killed node serves again within 10 s', this.node.id, `after ${(tookMs / 1_000).toFixed(1)} s`);
      // The last second, and as much again as the machine is slow.
      const lostMs = 1_000 * (1 + system.stretch);
      const { fromMs, untilMs } = this.lastStop;
      const isJustAwake = untilMs > atMs - lostMs;
      this.kills.push({ fromMs: (isJustAwake ? fromMs : atMs) - lostMs, untilMs: performance.now() });
      this.reached.add('node served again after a kill');
      note(`the killed node serves again after ${(tookMs / 1_000).toFixed(1)} s`);
    });
  }

  /** SIGSTOP until its leases are given to others. */
  async stop(): Promise<void> {
    const fromMs = performance.now();
    const isFreed = await this.node.stopPastLease();
    this.lastStop = { fromMs, untilMs: performance.now() };
    this.run.note(`the stopped node goes on, its leases ${isFreed ? 'given to others' : 'still its own'}`);
    if (isFreed) this.reached.add('node stopped past its leases');
  }

  /** Its link to the service loses answers, delivers twice and late, and is cut. */
  async breakLink(): Promise<void> {
    const { link } = this.node;
    const { lostAnswers, repeats } = link;
    link.loseNextAnswer();
    link.isDoubling = true;
    await until(() => link.lostAnswers > lostAnswers && link.repeats > repeats, LOST_LIMIT_MS);
    link.isDoubling = false;
    await link.repeatOld();
    link.shut(true);
    await pause(LINK_CUT_MS);
    link.shut(false);
    if (link.lostAnswers > 0) this.reached.add('answer to a node lost');
    if (link.repeats > 0) this.reached.add('exchange of a node repeated');
  }

  breach(rule: string, subject: string, detail: string): void {
    this.breaches.push({ rule, subject, detail });
  }

  async close(): Promise<void> {
    await this.target.close();
    await this.forbidden.close();
  }
}
