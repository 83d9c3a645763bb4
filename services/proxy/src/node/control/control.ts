// The node's control side: what may pass comes from the service, what passed goes there. The data plane asks `rights`
// and `meter`, which answer from memory: while the service is away, existing and new connections go on.
import { join } from 'node:path';
import { gauge } from '@lumi/shared/monitoring';
import { elapsedMs, systemClock, type Clock, type Log } from '@lumi/shared/runtime';
import { CheckKeys } from '../check-login';
import { isAmong } from '../exits-file';
import type { Meter, NodeEvents } from '../meter';
import { Rights } from '../rights';
import { Exchange } from './exchange';
import { Feed } from './feed';
import { openJournal } from './journal';
import { Leases } from './leases';
import { Notes } from './notes';
import { Pace } from './pace';
import { makePrivateFolder } from './private-file';
import type { Registration } from '../../nodes/protocol';
import { Seldom } from './seldom';
import { Reports } from './reports';
import { ServiceFault, type ServiceLink } from './service-link';
import { Snapshot } from './snapshot';
import { targetNames, type TargetLog } from './target-names';
import { UsageLines } from './usage-lines';

export interface ControlOptions {
  readonly link: ServiceLink;
  readonly folder: string;
  readonly targetLog: TargetLog;
  readonly log: Log;
  readonly clock?: Clock;
  /** How long a refused token is a mistake. */
  readonly refusedMs?: number;
  /** What the node says when it registers. */
  readonly registration: () => Registration;
  readonly connections: () => number;
  /** The operator wants it to end, and gives its connections so long. */
  readonly onDrain: (seconds: number) => void;
  /** The service has refused the token for a while: the node may not serve any more. */
  readonly onRefused: () => void;
}

const EXCHANGE_MS = 1_000;
/** Between two exchanges while subjects stand dry. */
const HURRIED_MS = 20;
/** While others are called on to give what a subject waits for. */
const WAITED_MS = 250;
const JOURNAL_MS = 1_000;
/** A refused token may be a mistake that is being put right. */
const REFUSED_MS = 60_000;
/** An answer that took longer says little about the time. */
const CLOCK_LIMIT_MS = 2_000;

const away = gauge('lumi_node_service_silent_seconds', 'Since the proxy service last took a batch of this node.', []);
const open = gauge('lumi_node_connections', 'Connections of clients to this node.', []);

export class Control {
  readonly rights: Rights;
  readonly checkKeys = new CheckKeys();
  readonly meter: Meter;
  readonly events: NodeEvents;
  private readonly exchange: Exchange;
  private readonly feed: Feed;
  private readonly exchanging: Pace;
  private readonly journaling: Pace;
  private readonly faults = new Seldom();
  private peers: ReadonlySet<string> = new Set();
  private isPeerExit: (address: string) => boolean = () => false;
  private heardAtMs = elapsedMs();
  private refusedAtMs: number | null = null;
  private readonly snapshot: Snapshot;
  private isClockSet = false;
  private hasAccess = false;
  private tellReady: () => void = () => undefined;
  /** Access is known, from the service or from disk. */
  readonly ready = new Promise<void>((resolve) => {
    this.tellReady = resolve;
  });

  private constructor(private readonly options: ControlOptions) {
    const { link, folder, targetLog, log, clock = systemClock, registration, connections, onDrain } = options;
    this.rights = new Rights(clock);
    const nowMs = (): number => this.rights.nowMs();
    const lines = new UsageLines(nowMs);
    const targetName = targetNames(targetLog);
    const notes = new Notes(nowMs, log, new Reports(nowMs, targetName));
    const hurry = (): void => this.exchanging.hurry();
    const leases = new Leases({ rights: this.rights, lines, targetName, hurry });
    this.meter = leases;
    this.events = notes;
    const onFault = (err: unknown): void => this.tell(err);
    this.snapshot = new Snapshot(join(folder, 'access.jsonl'), log);
    this.feed = new Feed({
      link,
      snapshot: this.snapshot,
      rights: this.rights,
      checkKeys: this.checkKeys,
      clock,
      onFault,
      onAnswer: () => this.noteAccess(),
      onPeers: (nodes, exits) => {
        if (nodes.length > 0) this.peers = new Set(nodes);
        if (exits !== null) this.isPeerExit = isAmong(exits);
      },
      onUnregistered: () => this.exchange.registerAnew(),
    });
    this.exchange = new Exchange({
      link,
      journal: openJournal(join(folder, 'usage.json')),
      lines,
      leases,
      notes,
      log,
      registration,
      connections,
      onDrain,
      onRegistered: ({ nodes }) => {
        this.peers = new Set(nodes);
        this.feed.start();
        this.feed.askAnew();
      },
      onClock: (serviceMs, tookMs) => this.noteClock(serviceMs, tookMs),
    });
    this.exchanging = new Pace({
      everyMs: EXCHANGE_MS,
      hurriedMs: HURRIED_MS,
      wantedMs: WAITED_MS,
      isWanted: () => leases.isWaitedFor,
      round: () => this.exchange.step(),
      onFault,
    });
    this.journaling = new Pace({
      everyMs: JOURNAL_MS,
      hurriedMs: JOURNAL_MS,
      round: () => this.exchange.save(),
      onFault,
    });
    away.watch(() => [[{}, (elapsedMs() - this.heardAtMs) / 1_000]]);
    open.watch(() => [[{}, connections()]]);
  }

  /** Reads what the last process left: its access is in force at once, its usage is sent when the service answers. */
  static async open(options: ControlOptions): Promise<Control> {
    await makePrivateFolder(options.folder);
    const control = new Control(options);
    await control.exchange.load();
    if (await control.feed.load()) control.noteAccess();
    return control;
  }

  start(): void {
    this.exchanging.start();
    this.journaling.start();
  }

  /** An address of another node or by which customers leave it, or of this one as the service sees it. */
  isPeer(address: string): boolean {
    return this.peers.has(address) || this.isPeerExit(address);
  }

  /** What it registered with has changed. Connections go on. */
  registerAnew(): void {
    if (this.exchange.isOpen) this.exchange.registerAnew();
    this.exchanging.hurry();
  }

  /** Rejects while the service does not answer. */
  check(): Promise<void> {
    const isHeard = this.exchange.isOpen && elapsedMs() - this.heardAtMs < 5 * EXCHANGE_MS;
    return isHeard ? Promise.resolve() : Promise.reject(new Error('the proxy service does not answer'));
  }

  /** When nothing passes any more: the last usage is sent, and the epoch ends. */
  async stop(): Promise<void> {
    // At once: an exchange in progress may take longer than this process has.
    await this.exchange.save();
    await Promise.all([this.exchanging.stop(), this.journaling.stop(), this.feed.stop()]);
    try {
      await this.exchange.leave();
    } catch (err) {
      this.tell(err);
    } finally {
      await this.exchange.save();
      this.options.link.close();
    }
  }

  private noteAccess(): void {
    if (!this.hasAccess) this.options.log.info('access is known', { subjects: this.rights.all().length });
    this.hasAccess = true;
    this.tellReady();
  }

  private noteClock(serviceMs: number, tookMs: number): void {
    this.heardAtMs = elapsedMs();
    this.refusedAtMs = null;
    if (tookMs > CLOCK_LIMIT_MS && this.isClockSet) return;
    this.isClockSet = true;
    this.rights.setNow(serviceMs + tookMs / 2);
  }

  private noteRefused(nowMs: number): void {
    this.refusedAtMs ??= nowMs;
    if (nowMs - this.refusedAtMs < (this.options.refusedMs ?? REFUSED_MS)) return;
    void this.snapshot.forget().finally(() => this.options.onRefused());
  }

  private tell(err: unknown): void {
    const text = err instanceof Error ? err.message : String(err);
    if (err instanceof ServiceFault && err.isUnauthorized) this.noteRefused(elapsedMs());
    const { log } = this.options;
    this.faults.say(text, () => {
      if (!(err instanceof ServiceFault)) log.error('the control side of the node failed; it tries again', { err });
      else if (err.isRefusal) log.error(text);
      else log.warn(`${text}; the node goes on with what it knows`);
    });
  }
}
