// The access feed: asks the service for what changed after a number, puts it into force, keeps it on disk, and confirms
// it by asking for what comes after it.
import { setTimeout } from 'node:timers/promises';
import { backoffMs, elapsedMs, type Clock } from '@lumi/shared/runtime';
import type { CheckKeys } from '../check-login';
import type { PoolExit, Rights } from '../rights';
import type { KeptChange } from './kept-access';
import type { ServiceLink } from './service-link';
import type { Snapshot } from './snapshot';
import type { AccessChange } from './wire';

const WAIT_S = 25;
const PAGES_MAX = 1_000;
const AFTER_FAULT_MS = 1_000;
/** An answer that came sooner was not waited for. */
const AT_ONCE_MS = 1_000;
/** After answers that came at once and brought nothing, as those of a service that stops. */
const PAUSE = { firstMs: 50, lastMs: AFTER_FAULT_MS };

export interface FeedParts {
  readonly link: ServiceLink;
  readonly snapshot: Snapshot;
  readonly rights: Rights;
  readonly checkKeys: CheckKeys;
  readonly clock: Clock;
  readonly onFault: (err: unknown) => void;
  /** An answer came and is in force. */
  readonly onAnswer: () => void;
  /** Addresses of all nodes, and their exits: null is as before. */
  readonly onPeers: (nodes: readonly string[], exits: readonly string[] | null) => void;
  /** The service knows no key of this node: it must register. */
  readonly onUnregistered: () => void;
}

/** A right that a later page tells again, or ends, is as that page says. */
function joined(first: AccessChange, next: AccessChange): Pick<AccessChange, 'rights' | 'removed'> {
  const bySubject = new Map([...first.rights, ...next.rights].map((right) => [right.subject, right]));
  for (const subject of next.removed) bySubject.delete(subject);
  return { rights: [...bySubject.values()], removed: [] };
}

export class Feed {
  private number = 0;
  private key = '';
  private pools: Readonly<Record<string, readonly PoolExit[]>> = {};
  private exits: readonly string[] = [];
  private isStopped = false;
  private polling = new AbortController();
  private running: Promise<void> | null = null;

  constructor(private readonly parts: FeedParts) {}

  /** Puts what lies on disk into force; false: nothing does. */
  async load(): Promise<boolean> {
    const { snapshot, rights, clock } = this.parts;
    const changes = await snapshot.read();
    for (const change of changes) {
      rights.setNow(clock.nowMs() + change.aheadMs);
      this.use(change);
    }
    return changes.length > 0;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Asks anew, so that the service learns at once what is in force here. */
  askAnew(): void {
    this.polling.abort();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.polling.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    let [known, idle] = [-1, 0];
    while (!this.isStopped) {
      this.polling = new AbortController();
      const { signal } = this.polling;
      const begin = elapsedMs();
      try {
        const change = await this.ask(signal);
        if (change === null) {
          this.parts.onUnregistered();
          await setTimeout(AFTER_FAULT_MS, undefined, { signal });
          continue;
        }
        await this.apply(change);
        idle = change.number > known || elapsedMs() - begin > AT_ONCE_MS ? 0 : idle + 1;
        known = change.number;
        if (idle > 1) await setTimeout(backoffMs(idle - 2, PAUSE), undefined, { signal });
      } catch (err) {
        if (signal.aborted) continue;
        this.parts.onFault(err);
        await setTimeout(AFTER_FAULT_MS, undefined, { signal }).catch(() => undefined); // ended by a stop
      }
    }
  }

  /** A whole in several pages is one change: in force at once, or not at all. */
  private async ask(signal: AbortSignal): Promise<AccessChange | null> {
    const { link } = this.parts;
    let change = await link.access({ after: this.number, waitS: WAIT_S, isWhole: false }, signal);
    for (let pages = 1; change?.isMore === true; pages += 1) {
      if (pages > PAGES_MAX) throw new Error('the service tells of more access than a node can keep');
      const next = await link.access({ after: change.number, waitS: 0, isWhole: true }, signal);
      if (next !== null && next.key !== change.key) return next.isWhole ? next : null;
      change = next && {
        ...next,
        isWhole: true,
        pools: next.pools ?? change.pools,
        exits: next.exits ?? change.exits,
        ...joined(change, next),
      };
    }
    return change;
  }

  private async apply(change: AccessChange): Promise<void> {
    const { rights, snapshot, clock, onAnswer, onFault } = this.parts;
    if (change.key !== this.key && !change.isWhole) {
      // Digests of another key: what is here is of no use.
      this.number = 0;
      return;
    }
    const isNew =
      change.isWhole ||
      change.pools !== null ||
      change.exits !== null ||
      change.rights.length + change.removed.length > 0;
    this.use(change);
    if (isNew) {
      const aheadMs = rights.nowMs() - clock.nowMs();
      const whole = (): KeptChange => ({
        number: this.number,
        isWhole: true,
        isMore: false,
        key: this.key,
        rights: rights.all(),
        removed: [],
        pools: this.pools,
        nodes: change.nodes,
        exits: this.exits,
        checkKeys: change.checkKeys,
        aheadMs,
      });
      // It is in force whether or not it could be written; without it a restart serves what was before.
      await snapshot.keep({ ...change, aheadMs }, whole).catch(onFault);
    }
    onAnswer();
  }

  private use({ number, isWhole, key, rights, removed, pools, nodes, exits, checkKeys }: AccessChange): void {
    this.parts.onPeers(nodes, exits);
    if (exits !== null) this.exits = exits;
    this.parts.checkKeys.use(checkKeys);
    if (key !== this.key) this.parts.rights.useKey(Buffer.from(key, 'base64'));
    if (isWhole || rights.length + removed.length > 0 || pools !== null)
      this.parts.rights.apply({ isWhole, rights, removed, pools });
    this.number = number;
    this.key = key;
    if (pools !== null) this.pools = pools;
  }
}
