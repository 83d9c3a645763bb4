// The access that data planes must allow, computed from the rows.
import { openSecret } from '@lumi/shared/keys';
import type { SecretRing } from '@lumi/shared/runtime';
import type { ProxyDeps } from '../deps';
import { allowedBlocks, type SubuserOfPlan } from '../store/access';
import type { ProxyRow } from '../store/proxy-row';
import type { PlanRow } from '../store/traffic';
import type { Access } from '../supplier/proxy-network';

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
  return rows.map((row) => ({
    networkId: row.network_id,
    subject: row.id,
    version: row.access_version,
    isEnabled: row.state === 'active',
    credentials: row.auth_mode === 'ip' ? [] : pairsOf(config.SECRET_RING, row),
    allowedBlocks:
      row.auth_mode === 'userpass' ? [] : [...(allowed.get(row.account_id) ?? []), ...(allowed.get(row.id) ?? [])],
    protocol: row.protocol,
    rotationS: row.rotation_s,
    validUntil: row.expires_at,
    bytesLeft: null,
    blockedDomains: [],
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
  return rows.map((row) => {
    const bytesLeft = Number(row.bytes_total - row.bytes_used - row.bytes_allocated);
    return {
      ...trafficAccess(config.SECRET_RING, row),
      networkId: row.network_id,
      isEnabled: bytesLeft > 0,
      allowedBlocks: allowed.get(row.account_id) ?? [],
      validUntil: row.expires_at,
      bytesLeft: Math.max(0, bytesLeft),
      blockedDomains: [],
    };
  });
}

export function accessOfSubusers({ service: { config } }: ProxyDeps, rows: readonly SubuserOfPlan[]): Access[] {
  return rows.map((row) => {
    const bytesLeft = Number(row.bytes_limit - row.bytes_used);
    const validUntil =
      row.expires_at !== null && row.expires_at < row.plan_expires_at ? row.expires_at : row.plan_expires_at;
    return {
      ...trafficAccess(config.SECRET_RING, row),
      networkId: row.network_id,
      isEnabled: row.status === 'active' && bytesLeft > 0,
      allowedBlocks: [],
      validUntil,
      bytesLeft: Math.max(0, bytesLeft),
      blockedDomains: row.blocked_domains,
    };
  });
}

type TrafficOwner = Pick<PlanRow, 'id' | 'username' | 'password' | 'access_version' | 'label'>;

function trafficAccess(
  ring: SecretRing,
  row: TrafficOwner,
): Pick<Access, 'subject' | 'version' | 'credentials' | 'protocol' | 'rotationS' | 'note'> {
  return {
    subject: row.id,
    version: row.access_version,
    credentials: [{ username: row.username, password: openSecret(ring, row.id, row.password), until: null }],
    protocol: 'http',
    rotationS: null,
    note: row.label,
  };
}

function pairsOf(ring: SecretRing, row: ProxyRow): Access['credentials'] {
  const current = { username: row.username, password: openSecret(ring, row.id, row.password), until: null };
  if (row.old_password === null || row.old_username === null || row.old_until === null) return [current];
  return [
    current,
    { username: row.old_username, password: openSecret(ring, row.id, row.old_password), until: row.old_until },
  ];
}
