// The access feed: asks the service for what changed after a number, puts it into force, keeps it on disk, and confirms
// it by asking for what comes after it.
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '@lumi/shared/runtime';
import type { PoolExit, Rights } from '../rights';
import type { ServiceLink } from './service-link';
import type { KeptChange, Snapshot } from './snapshot';
import type { AccessChange } from './wire';

const WAIT_S = 25;
const AFTER_FAULT_MS = 1_000;

export interface FeedParts {
  readonly link: ServiceLink;
  readonly snapshot: Snapshot;
  readonly rights: Rights;
  readonly clock: Clock;
  readonly onFault: (err: unknown) => void;
  /** An answer came and is in force. */
  readonly onAnswer: () => void;
}

export class Feed {
  private number = 0;
  private key = '';
  private pools: Readonly<Record<string, readonly PoolExit[]>> = {};
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
    while (!this.isStopped) {
      this.polling = new AbortController();
      const { signal } = this.polling;
      try {
        await this.apply(await this.parts.link.access(this.number, WAIT_S, signal));
      } catch (err) {
        if (signal.aborted) continue;
        this.parts.onFault(err);
        await setTimeout(AFTER_FAULT_MS, undefined, { signal }).catch(() => undefined); // ended by a stop
      }
    }
  }

  private async apply(change: AccessChange): Promise<void> {
    const { rights, snapshot, clock, onAnswer, onFault } = this.parts;
    if (change.key !== this.key && !change.isWhole) {
      // Digests of another key: what is here is of no use.
      this.number = 0;
      return;
    }
    const isNew = change.isWhole || change.pools !== null || change.rights.length + change.removed.length > 0;
    this.use(change);
    if (isNew) {
      const aheadMs = rights.nowMs() - clock.nowMs();
      const whole = (): KeptChange => ({
        number: this.number,
        isWhole: true,
        key: this.key,
        rights: rights.all(),
        removed: [],
        pools: this.pools,
        aheadMs,
      });
      // It is in force whether or not it could be written; without it a restart serves what was before.
      await snapshot.keep({ ...change, aheadMs }, whole).catch(onFault);
    }
    onAnswer();
  }

  private use({ number, isWhole, key, rights, removed, pools }: AccessChange): void {
    if (key !== this.key) this.parts.rights.useKey(Buffer.from(key, 'base64'));
    if (isWhole || rights.length + removed.length > 0 || pools !== null)
      this.parts.rights.apply({ isWhole, rights, removed, pools });
    this.number = number;
    this.key = key;
    if (pools !== null) this.pools = pools;
  }
}
