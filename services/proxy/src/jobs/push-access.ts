// Tells the network who may use what. A wanted state with a version: told twice it changes nothing, and a row that changes while it is being told is told again.
import { openSecret } from '@lumi/shared/keys';
import type { SecretRing } from '@lumi/shared/runtime';
import { allowedBlocks, dirtyPlans, dirtyProxies, dirtySubusers, markApplied } from '../store/access';
import type { ProxyRow } from '../store/proxy-row';
import type { PlanRow } from '../store/traffic';
import type { Access } from '../supplier/proxy-network';
import type { ProxyDeps } from '../proxy';

const ROUND_MAX = 200;
const CALL_LIMIT_MS = 8_000;

/** One round; true when there may be more. */
export async function pushAccess(deps: ProxyDeps): Promise<boolean> {
  const [proxies, plans, subusers] = [await pushProxies(deps), await pushPlans(deps), await pushSubusers(deps)];
  return Math.max(proxies, plans, subusers) === ROUND_MAX;
}

async function pushProxies(deps: ProxyDeps): Promise<number> {
  const { platform } = deps.db;
  const rows = await dirtyProxies(platform, ROUND_MAX);
  if (rows.length === 0) return 0;
  const allowed = await allowedBlocks(platform, rows.map((row) => row.account_id), rows.map((row) => row.id), deps.clock.now());
  await deps.network.applyAccess(rows.map((row) => ({
    networkId: row.network_id, subject: row.id, version: row.access_version, isEnabled: row.state === 'active', credentials: row.auth_mode === 'ip' ? [] : pairsOf(deps.ring, row),
    allowedBlocks: row.auth_mode === 'userpass' ? [] : [...(allowed.get(row.account_id) ?? []), ...(allowed.get(row.id) ?? [])], protocol: row.protocol, rotationS: row.rotation_s, validUntil: row.expires_at,
    bytesLeft: null, blockedDomains: [], note: row.label,
  } satisfies Access)), AbortSignal.timeout(CALL_LIMIT_MS));
  await markApplied(platform, 'proxy', rows);
  return rows.length;
}

async function pushPlans(deps: ProxyDeps): Promise<number> {
  const { platform } = deps.db;
  const rows = await dirtyPlans(platform, ROUND_MAX);
  if (rows.length === 0) return 0;
  const allowed = await allowedBlocks(platform, rows.map((row) => row.account_id), [], deps.clock.now());
  await deps.network.applyAccess(rows.map((row) => {
    const bytesLeft = Number(row.bytes_total - row.bytes_used - row.bytes_allocated);
    return {
      ...trafficAccess(deps.ring, row), networkId: row.network_id, isEnabled: bytesLeft > 0, allowedBlocks: allowed.get(row.account_id) ?? [], validUntil: row.expires_at, bytesLeft: Math.max(0, bytesLeft), blockedDomains: [],
    } satisfies Access;
  }), AbortSignal.timeout(CALL_LIMIT_MS));
  await markApplied(platform, 'traffic_plan', rows);
  return rows.length;
}

async function pushSubusers(deps: ProxyDeps): Promise<number> {
  const { platform } = deps.db;
  const rows = await dirtySubusers(platform, ROUND_MAX);
  if (rows.length === 0) return 0;
  await deps.network.applyAccess(rows.map((row) => {
    const bytesLeft = Number(row.bytes_limit - row.bytes_used);
    const validUntil = row.expires_at !== null && row.expires_at < row.plan_expires_at ? row.expires_at : row.plan_expires_at;
    return {
      ...trafficAccess(deps.ring, row), networkId: row.network_id, isEnabled: row.status === 'active' && bytesLeft > 0, allowedBlocks: [], validUntil, bytesLeft: Math.max(0, bytesLeft), blockedDomains: row.blocked_domains,
    } satisfies Access;
  }), AbortSignal.timeout(CALL_LIMIT_MS));
  await markApplied(platform, 'subuser', rows);
  return rows.length;
}

type TrafficOwner = Pick<PlanRow, 'id' | 'username' | 'password' | 'access_version' | 'label'>;

function trafficAccess(ring: SecretRing, row: TrafficOwner): Pick<Access, 'subject' | 'version' | 'credentials' | 'protocol' | 'rotationS' | 'note'> {
  return { subject: row.id, version: row.access_version, credentials: [{ username: row.username, password: openSecret(ring, row.id, row.password), until: null }], protocol: 'http', rotationS: null, note: row.label };
}

function pairsOf(ring: SecretRing, row: ProxyRow): Access['credentials'] {
  const current = { username: row.username, password: openSecret(ring, row.id, row.password), until: null };
  if (row.old_password === null || row.old_username === null || row.old_until === null) return [current];
  return [current, { username: row.old_username, password: openSecret(ring, row.id, row.old_password), until: row.old_until }];
}
