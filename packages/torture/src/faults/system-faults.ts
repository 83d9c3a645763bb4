// Faults of the system as a whole, at any time: processes killed and stopped, links cut, slow and silent, PostgreSQL,
// Redis, the queue, clocks.
import type { Weighted } from '../random';
import type { Child } from '../system/child';
import type { FaultProxy } from '../system/fault-proxy';
import { TIMES } from '../system/settings';
import type { LinkKind } from '../system/stores';
import type { System } from '../system/system';
import type { Traffic } from '../traffic/traffic';
import { pause } from '../waiting';

/** Until another process has taken the order over. */
export const TAKEN_AFTER_MS = 2_000;

/** What chance drew for a fault. */
export interface Drawn {
  /** [0, 1): what is hit. */
  readonly draw: number;
  /** How long it lasts. */
  readonly ms: number;
}

interface Target {
  readonly system: System;
  readonly traffic: Traffic | undefined;
  /** A state that the run has reached. */
  reach(state: string): void;
}

type Inflict = (target: Target, drawn: Drawn) => unknown;

/** So long is a process stopped that its lease is over and another has taken the order. */
export function pastLeaseMs(system: System): number {
  return (TIMES.purchase.leaseMs + TAKEN_AFTER_MS) * system.stretch;
}

const faults = {
  'kill-server': ({ system }, { draw }) => one(system, /-server-/, draw).kill(),
  'kill-worker': ({ system }, { draw }) => one(system, /-worker-/, draw).kill(),
  'kill-gateway': ({ system }, { draw }) => one(system, /^gateway-/, draw).kill(),
  'pause-worker': ({ system }, { draw }) => one(system, /-worker-/, draw).pause(pastLeaseMs(system)),
  'pause-server': ({ system }, { draw }) => one(system, /-server-/, draw).pause(pastLeaseMs(system)),
  'pause-gateway': ({ system }, { draw, ms }) => one(system, /^gateway-/, draw).pause(ms * 2),
  'cut-client-links': ({ system }) => cut(system.links.client),
  'cut-service-links': ({ system }, { draw }) => cut(someLinks(system, 'service', draw)),
  'cut-postgres-links': ({ system }, { draw }) => cut(someLinks(system, 'postgres', draw)),
  'cut-redis-links': ({ system }) => cut(system.links.redis),
  'cut-inside-answer': ({ system }, { draw }) => {
    for (const link of [...system.links.client, ...system.links.service]) link.trapAfter(1 + Math.floor(draw * 900));
    cut(system.links.client); // so that new connections meet the trap
  },
  'slow-links': ({ system }, { draw, ms }) =>
    slow(
      [...someLinks(system, 'postgres', draw), ...someLinks(system, 'service', draw)],
      5 + Math.floor(draw * 60),
      ms,
    ),
  'slow-redis': ({ system }, { ms }) => slow(system.links.redis, 80, ms),
  'silent-service-link': ({ system }, { draw, ms }) => silence(someLinks(system, 'service', draw), ms),
  'silent-postgres-link': ({ system }, { draw, ms }) => silence(someLinks(system, 'postgres', draw).slice(0, 2), ms),
  'terminate-backends': ({ system }) =>
    system.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'lumi\\_%' AND datname = " +
        'current_database()',
    ),
  'trap-any-settle': (target) => trap(target, 'purchase_settle', 'settle answer cut'),
  'trap-any-hold': (target) => trap(target, 'purchase_begin', 'hold answer cut'),
  'restart-postgres': ({ system }, { ms }) => system.cluster.restart(ms),
  'crash-postgres': ({ system }, { ms }) => system.cluster.crash(ms),
  'step-clock': ({ system }, { draw }) =>
    one(system, /-(server|worker)-/, draw).tell({ type: 'torture-clock', offsetMs: draw < 0.5 ? -20_000 : 20_000 }),
  'flush-queue': ({ system }) => system.flushQueue(),
  'flush-redis': ({ system }) => system.stores.redis.flush(),
  'stop-redis': ({ system }, { draw, ms }) => system.stores.redis.interrupt(draw, ms),
  'kill-pgbouncer': ({ system }) => system.stores.pgBouncer.restart(),
  failover: async ({ system, reach }, { draw }) => {
    await system.cluster.failover({ isDead: draw < 0.5, cut: () => cut(system.links.postgres) });
    reach('failed over');
  },
  'node-kill': ({ traffic }) => traffic?.kill(),
  'node-stop': ({ traffic }) => traffic?.stop(),
  'node-link': ({ traffic }) => traffic?.breakLink(),
} satisfies Record<string, Inflict>;

export type SystemFault = keyof typeof faults;
export const SYSTEM_FAULTS: Readonly<Record<SystemFault, Inflict>> = faults;

export const AT_ANY_TIME: readonly Weighted<SystemFault>[] = [
  [3, 'kill-server'],
  [3, 'kill-worker'],
  [2, 'kill-gateway'],
  [2, 'pause-worker'],
  [1, 'pause-server'],
  [1, 'pause-gateway'],
  [3, 'cut-client-links'],
  [3, 'cut-service-links'],
  [2, 'cut-inside-answer'],
  [2, 'slow-links'],
  [2, 'silent-service-link'],
  [2, 'silent-postgres-link'],
  [3, 'cut-postgres-links'],
  [3, 'terminate-backends'],
  [2, 'trap-any-settle'],
  [2, 'trap-any-hold'],
  [1, 'restart-postgres'],
  [1, 'crash-postgres'],
  [2, 'step-clock'],
  [2, 'flush-queue'],
];
export const OF_REDIS: readonly Weighted<SystemFault>[] = [
  [3, 'flush-redis'],
  [2, 'stop-redis'],
  [2, 'slow-redis'],
  [2, 'cut-redis-links'],
];
export const OF_BOUNCER: readonly Weighted<SystemFault>[] = [[2, 'kill-pgbouncer']];
export const OF_NODE: readonly Weighted<SystemFault>[] = [
  [2, 'node-kill'],
  [1, 'node-stop'],
  [2, 'node-link'],
];
export const OF_STANDBY: readonly Weighted<SystemFault>[] = [[2, 'failover']];

export function isSystemFault(name: string): name is SystemFault {
  return name in SYSTEM_FAULTS;
}

function one(system: System, pattern: RegExp, draw: number): Child {
  const all = system.named(pattern);
  const chosen = all[Math.floor(draw * all.length)];
  if (chosen === undefined) throw new Error(`no process is called ${String(pattern)}`);
  return chosen;
}

function someLinks(system: System, kind: LinkKind, draw: number): FaultProxy[] {
  return system.links[kind].filter((_, i) => (draw * 97 * (i + 1)) % 1 < 0.5);
}

function cut(links: readonly FaultProxy[]): void {
  for (const link of links) link.cut();
}

async function slow(links: readonly FaultProxy[], latencyMs: number, ms: number): Promise<void> {
  for (const link of links) link.latencyMs = latencyMs;
  await pause(ms * 2);
  for (const link of links) link.latencyMs = 0;
}

async function silence(links: readonly FaultProxy[], ms: number): Promise<void> {
  for (const link of links) link.silence(true);
  await pause(ms * 2);
  for (const link of links) link.silence(false);
}

function trap({ system, reach }: Target, statement: string, state: string): void {
  for (const link of system.links.postgres) link.trapAnswer(statement, '', () => reach(state));
}
