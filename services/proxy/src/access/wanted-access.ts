// The access that data planes must allow, computed from the rows.
import { openSecret } from '@lumi/shared/keys';
import type { SecretRing } from '@lumi/shared/runtime';
import { findProduct } from '../catalogue/products';
import type { ProxyDeps } from '../deps';
import { ownPool } from '../store/nodes';
import { allowedBlocks, type SubuserOfPlan } from '../store/access';
import type { ProxyRow } from '../store/proxy-row';
import type { PlanRow } from '../store/traffic';
import { endpointsOf } from '../store/upstream-endpoints';
import type { Access } from '../supplier/proxy-network';

const BITS_PER_MBIT = 1_000_000;

export async function accessOfProxies(
  { service: { db, clock, config } }: ProxyDeps,
  rows: readonly ProxyRow[],
): Promise<Access[]> {
  const allowed = await allowedBlocks(
    db.platform,
    rows.map((row) => row.account_id),
    rows.map((row) => row.id),
    clock.now(),
  );
  const endpoints = await endpointsOf(
    db.platform,
    config.SECRET_RING,
    rows.map((row) => row.network_id),
  );
  return rows.map((row) => ({
    networkId: row.network_id,
    subject: row.id,
    kind: 'proxy',
    accountId: row.account_id,
    version: row.access_version,
    isEnabled: row.state === 'active',
    isOver: row.state !== 'active',
    suspendedFor: row.suspended_for,
    entry: { host: row.host, port: row.port, portSocks: row.port_socks },
    exits: { kind: 'fixed', address: row.exit_ip, country: row.country },
    upstream: endpoints.get(row.network_id) ?? null,
    credentials: row.auth_mode === 'ip' ? [] : pairsOf(config.SECRET_RING, row),
    allowedBlocks:
      row.auth_mode === 'userpass' ? [] : [...(allowed.get(row.account_id) ?? []), ...(allowed.get(row.id) ?? [])],
    protocol: row.protocol,
    rotationS: row.rotation_s,
    validUntil: row.expires_at,
    ...limitsOf(row.product_id),
    isMetered: false,
    blockedDomains: [],
    allowedDomains: null,
    note: row.label,
  }));
}

export async function accessOfPlans(
  { service: { db, clock, config } }: ProxyDeps,
  rows: readonly PlanRow[],
): Promise<Access[]> {
  const allowed = await allowedBlocks(
    db.platform,
    rows.map((row) => row.account_id),
    [],
    clock.now(),
  );
  return rows.map((row) => ({
    ...trafficAccess(config.SECRET_RING, row, row),
    kind: 'plan',
    isEnabled: true,
    isOver: false,
    suspendedFor: row.suspended_for,
    allowedBlocks: allowed.get(row.account_id) ?? [],
    validUntil: row.expires_at,
    ...limitsOf(row.pool),
    blockedDomains: [],
    allowedDomains: null,
  }));
}

export function accessOfSubusers({ service: { config } }: ProxyDeps, rows: readonly SubuserOfPlan[]): Access[] {
  return rows.map((row) => {
    const ofPool = limitsOf(row.pool);
    return {
      ...trafficAccess(config.SECRET_RING, row, row),
      kind: 'subuser',
      isEnabled: row.status === 'active',
      isOver: row.status === 'deleted',
      suspendedFor: row.suspended_for ?? row.plan_suspended_for,
      allowedBlocks: [],
      validUntil:
        row.expires_at !== null && row.expires_at < row.plan_expires_at ? row.expires_at : row.plan_expires_at,
      concurrency: row.concurrency ?? ofPool.concurrency,
      bandwidthBps: row.bandwidth_mbps === null ? ofPool.bandwidthBps : row.bandwidth_mbps * BITS_PER_MBIT,
      blockedDomains: row.blocked_domains,
      allowedDomains: row.allowed_domains === null || row.allowed_domains.length === 0 ? null : row.allowed_domains,
    };
  });
}

type TrafficOwner = Pick<
  PlanRow,
  | 'id'
  | 'account_id'
  | 'username'
  | 'password'
  | 'old_username'
  | 'old_password'
  | 'old_until'
  | 'access_version'
  | 'label'
>;

function trafficAccess(
  ring: SecretRing,
  row: TrafficOwner,
  plan: Pick<PlanRow, 'network' | 'network_id' | 'host' | 'port' | 'port_socks' | 'pool'>,
): Pick<
  Access,
  | 'networkId'
  | 'subject'
  | 'accountId'
  | 'version'
  | 'entry'
  | 'exits'
  | 'upstream'
  | 'credentials'
  | 'protocol'
  | 'rotationS'
  | 'isMetered'
  | 'note'
> {
  return {
    networkId: plan.network_id,
    subject: row.id,
    accountId: row.account_id,
    version: row.access_version,
    entry: { host: plan.host, port: plan.port, portSocks: plan.port_socks },
    exits: { kind: 'pool', pool: plan.network === 'own' ? ownPool(plan.pool) : plan.pool },
    upstream: null,
    credentials: pairsOf(ring, row),
    protocol: 'http',
    rotationS: null,
    isMetered: true,
    note: row.label,
  };
}

function limitsOf(productId: string): Pick<Access, 'concurrency' | 'bandwidthBps'> {
  const product = findProduct(productId);
  if (product === null) throw new Error(`there is no product ${productId}`);
  return {
    concurrency: product.concurrency,
    bandwidthBps: product.bandwidthMbps === null ? null : product.bandwidthMbps * BITS_PER_MBIT,
  };
}

type PairOwner = Pick<ProxyRow, 'id' | 'username' | 'password' | 'old_username' | 'old_password' | 'old_until'>;

function pairsOf(ring: SecretRing, row: PairOwner): Access['credentials'] {
  const current = { username: row.username, password: openSecret(ring, row.id, row.password), until: null };
  if (row.old_password === null || row.old_username === null || row.old_until === null) return [current];
  return [
    current,
    { username: row.old_username, password: openSecret(ring, row.id, row.old_password), until: row.old_until },
  ];
}
