// The service's side of protocol 1, in memory and small: written from the protocol's text, so that a node's control
// side is tested against the promise and not against our own service.
import assert from 'node:assert';
import type { Registration, UsageLine } from '../../../nodes/protocol';
import type { ExchangeBody } from '../service-link';
import type { ExchangeAnswer, LeaseAnswer, Registered } from '../wire';

const SMALLEST = 262_144;

interface Quota {
  readonly total: number;
  used: number;
  leased: number;
}

interface Epoch {
  readonly node: string;
  readonly number: number;
  seq: number;
  isClosed: boolean;
  readonly leases: Map<string, { granted: number; used: number; isShort: boolean }>;
}

export class ModelService {
  readonly quotas = new Map<string, Quota>();
  /** Bytes of all subjects by subject, hour, country and target. */
  readonly hours = new Map<string, number>();
  readonly requests = new Map<string, number>();
  readonly seen: string[] = [];
  readonly exits: string[] = [];
  repeats = 0;
  /** Beyond the quota. */
  unplaced = 0;
  private readonly epochs: Epoch[] = [];

  constructor(private readonly nowMs: () => number = () => Date.now()) {}

  offer(subject: string, total: number): void {
    this.quotas.set(subject, { total, used: 0, leased: 0 });
  }

  billed(subject: string): number {
    let sum = 0;
    for (const [key, bytes] of this.hours) if (key.startsWith(`${subject}|`)) sum += bytes;
    return sum;
  }

  register(node: string, _body: Registration): Registered {
    const last = Math.max(0, ...this.of(node).map(({ number }) => number));
    for (const epoch of this.of(node)) this.close(epoch);
    this.epochs.push({ node, number: last + 1, seq: 0, isClosed: false, leases: new Map() });
    return { epoch: last + 1, key: 'a2V5', now: this.nowMs(), nodes: [] };
  }

  exchange(node: string, { epoch: number, seq, lines, wants, ...rest }: ExchangeBody): ExchangeAnswer {
    const epoch = this.of(node).find((one) => one.number === number);
    assert(epoch !== undefined, 'a node names only epochs that it was given');
    if (epoch.isClosed) return { kind: 'closed', seq: epoch.seq };
    if (seq > epoch.seq + 1) return { kind: 'gap', expected: epoch.seq + 1 };
    if (seq === epoch.seq + 1) {
      this.bill(epoch, lines);
      for (const { subject, keep = Number.POSITIVE_INFINITY } of wants) this.giveBack(epoch, subject, keep);
      for (const { subject, want = 0 } of wants) this.handOut(epoch, subject, want);
      this.seen.push(...rest.seen.map(({ subject, block }) => `${subject} ${block ?? '-'}`));
      this.exits.push(...rest.exits_changed.map(({ subject, address }) => `${subject} ${address}`));
      epoch.seq = seq;
    } else this.repeats += 1;
    const named = new Set([...lines, ...wants].map(({ subject }) => subject));
    return { kind: 'taken', nowMs: this.nowMs(), leases: this.answers(epoch, named), drainS: null };
  }

  leave(node: string, number: number): void {
    for (const epoch of this.of(node)) if (epoch.number === number) this.close(epoch);
  }

  /** As the service does after 15 minutes of silence. */
  closeAll(node: string): void {
    for (const epoch of this.of(node)) this.close(epoch);
  }

  private of(node: string): readonly Epoch[] {
    return this.epochs.filter((epoch) => epoch.node === node);
  }

  private close(epoch: Epoch): void {
    if (epoch.isClosed) return;
    epoch.isClosed = true;
    for (const [subject, { granted, used }] of epoch.leases) this.quota(subject).leased -= granted - used;
  }

  private bill(epoch: Epoch, lines: readonly UsageLine[]): void {
    for (const line of lines) {
      const { subject, up, down, requests } = line;
      const fits = this.quotas.has(subject) ? this.spendLease(epoch, subject, up + down) : up + down;
      const key = [subject, line.hour, line.country, line.target].join('|');
      this.hours.set(key, (this.hours.get(key) ?? 0) + fits);
      this.requests.set(subject, (this.requests.get(subject) ?? 0) + requests);
      this.unplaced += up + down - fits;
    }
  }

  /** From the lease. Usage of an epoch that was closed meanwhile has none: it is taken from what is free. */
  private spendLease(epoch: Epoch, subject: string, bytes: number): number {
    const [quota, lease] = [this.quota(subject), this.lease(epoch, subject)];
    const within = Math.min(bytes, lease.granted - lease.used);
    const beyond = Math.min(bytes - within, this.free(subject));
    quota.used += within + beyond;
    quota.leased -= within;
    lease.used += within + beyond;
    lease.granted += beyond;
    this.judge(subject);
    return within + beyond;
  }

  private giveBack(epoch: Epoch, subject: string, keep: number): void {
    const lease = this.lease(epoch, subject);
    const granted = Math.max(lease.used, Math.min(lease.granted, keep));
    this.quota(subject).leased -= lease.granted - granted;
    lease.granted = granted;
    this.judge(subject);
  }

  private handOut(epoch: Epoch, subject: string, want: number): void {
    const lease = this.lease(epoch, subject);
    const unused = lease.granted - lease.used;
    const free = this.free(subject);
    const nodes = this.epochs.filter(({ isClosed }) => !isClosed).length;
    const give = Math.max(0, Math.min(free, want - unused, Math.max(SMALLEST, Math.floor(free / (2 * nodes)))));
    lease.granted += give;
    lease.isShort = unused + give < Math.min(want, SMALLEST);
    this.quota(subject).leased += give;
    this.judge(subject);
  }

  private answers(epoch: Epoch, named: ReadonlySet<string>): LeaseAnswer[] {
    return [...epoch.leases].flatMap(([subject, { granted, used }]) => {
      const isNeeded = this.epochs.some((other) => other !== epoch && other.leases.get(subject)?.isShort === true);
      if (!named.has(subject) && !isNeeded) return [];
      const elsewhere = this.quota(subject).leased - (granted - used);
      return [{ subject, granted, used, free: this.free(subject), elsewhere, is_needed: isNeeded, is_stopped: false }];
    });
  }

  private free(subject: string): number {
    const { total, used, leased } = this.quota(subject);
    return total - used - leased;
  }

  private lease(epoch: Epoch, subject: string): { granted: number; used: number; isShort: boolean } {
    const lease = epoch.leases.get(subject) ?? { granted: 0, used: 0, isShort: false };
    epoch.leases.set(subject, lease);
    return lease;
  }

  private quota(subject: string): Quota {
    const quota = this.quotas.get(subject);
    assert(quota !== undefined, `${subject} has no quota, and leases were asked for it`);
    return quota;
  }

  private judge(subject: string): void {
    const { total, used, leased } = this.quota(subject);
    assert(leased >= 0 && used + leased <= total, `${subject}: used ${String(used)} + leased ${String(leased)}`);
  }
}
