// What every process of a run is started with.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Role } from '@lumi/shared/db';

/** Shorter than in production in the same proportions: the lease outlasts call and settlement together. */
export const TIMES = {
  purchase: { actLimitMs: 1_500, leaseMs: 3_000, unknownWakeMs: 300, pendingWakeMs: 500 },
  againMaxMs: 10_000,
  depositLeaseMs: 3_000,
  depositAbsentMs: 12_000,
  batchLeaseMs: 4_000,
  renewal: { lookMs: 1_000, turnMs: 4_000, againMs: 1_000 },
  nodeCareMs: 1_000,
};
export type Times = typeof TIMES;

export interface Limits {
  /** How long a gateway waits for a service. */
  readonly upstreamTimeoutMs: number;
  /** How long a process that stops still accepts requests. */
  readonly stopDelayMs: number;
}

/** Links fall silent, and customers ask again after a few seconds: gateways must not wait for long either. */
export const IMPATIENT: Limits = { upstreamTimeoutMs: 6_000, stopDelayMs: 1_000 };
/** As in production: a busy machine is slow, which is no failure. */
export const PATIENT: Limits = { upstreamTimeoutMs: 60_000, stopDelayMs: 3_000 };

/** What stands beside the services, and how many processes there are. */
export interface Shape {
  readonly gateways: number;
  /** Of each product. */
  readonly workers: number;
  readonly redis: 'none' | 'one' | 'cluster';
  readonly hasPgBouncer: boolean;
  /** PostgreSQL has a standby and fails over to it. */
  readonly hasStandby: boolean;
}

export interface Secrets {
  readonly roles: Readonly<Record<Role, string>>;
  readonly peppers: string;
  readonly ring: string;
  readonly identity: string;
  readonly cursor: string;
  readonly cryptoPayToken: string;
}

export function makeSecrets(): Secrets {
  const password = () => randomBytes(12).toString('hex');
  const ring = () => `1:${randomBytes(32).toString('base64')}`;
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  return {
    roles: {
      lumi_gateway: password(),
      lumi_domains: password(),
      lumi_vps: password(),
      lumi_proxy: password(),
      lumi_admin: password(),
    },
    peppers: ring(),
    ring: ring(),
    identity: Buffer.from(pem).toString('base64'),
    cursor: randomBytes(32).toString('hex'),
    cryptoPayToken: `1:AA${randomBytes(24).toString('base64url')}`,
  };
}
