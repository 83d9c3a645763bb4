// The rights of changed subjects as they are now, in the form that a node reads. Passwords of customers go out as
// digests only; a node needs those of suppliers' proxies as they are.
import { accessOfPlans, accessOfProxies, accessOfSubusers } from '../access/wanted-access';
import type { ProxyDeps } from '../deps';
import { subusersOfPlans } from '../store/access';
import { nodesOfOwn, portsOf } from '../store/entries';
import type { Change } from '../store/feed';
import { findProxies } from '../store/proxies';
import { findPlans } from '../store/traffic';
import type { Access } from '../supplier/proxy-network';
import type { AccessAnswer } from '../node/control/wire';
import { digestOfLogin } from './node-token';

type RightNow = AccessAnswer['rights'][number];

/**
 * One for each change, in their order. Null: nothing to tell, because its proxy has no port yet; it comes again when it
 * gets one.
 */
export async function rightsOf(
  deps: ProxyDeps,
  changes: readonly Change[],
  { node, key }: { readonly node: string; readonly key: Uint8Array },
): Promise<(RightNow | null)[]> {
  const ids = (prefix: string): string[] =>
    changes.flatMap(({ subject, isRemoved }) => (!isRemoved && subject.startsWith(prefix) ? [subject] : []));
  const { platform } = deps.service.db;
  const proxies = await findProxies(platform, { kind: 'all' }, ids('prx_'));
  const access = [
    ...(await accessOfProxies(deps, [...proxies.values()])),
    ...(await accessOfPlans(deps, await findPlans(deps.db, ids('tpl_')))),
    ...accessOfSubusers(deps, await subusersOfPlans(platform, ids('sub_'))),
  ];
  const bySubject = new Map(access.map((one) => [one.subject, one]));
  const ports = await portsOf(
    deps.db,
    [...proxies.values()].map((row) => row.network_id),
  );
  const nodes = await nodesOfOwn(
    deps.db,
    [...proxies.values()].flatMap((row) => (row.network === 'own' ? [row.network_id] : [])),
  );
  return changes.map(({ subject }) => {
    const one = bySubject.get(subject);
    // One that leaves by an address of another node is none of this one's.
    const isElsewhere = proxies.get(subject)?.network === 'own' && nodes.get(one?.networkId ?? '') !== node;
    if (one === undefined || one.isOver || isElsewhere) return { subject, is_removed: true };
    const port = one.kind === 'proxy' ? ports.get(one.networkId) : null;
    return port === undefined ? null : rightOf(one, port, key);
  });
}

function rightOf(access: Access, port: number | null, key: Uint8Array): RightNow {
  return {
    subject: access.subject,
    kind: access.kind,
    account_id: access.accountId,
    is_enabled: access.isEnabled,
    suspended_for: access.suspendedFor,
    logins: access.credentials.map(({ username, password, until }) => ({
      name: username,
      digest: digestOfLogin(key, username, password),
      until: until?.toISOString() ?? null,
    })),
    blocks: access.allowedBlocks.map(({ block, until }) => ({ block, until: until?.toISOString() ?? null })),
    port,
    // `protocol` of a proxy is what its exports say; its port serves all.
    protocol: 'both',
    exits: access.exits,
    upstream: access.upstream,
    rotation_s: access.rotationS,
    valid_until: access.validUntil.toISOString(),
    concurrency: access.concurrency,
    bandwidth_bps: access.bandwidthBps,
    is_metered: access.isMetered,
    blocked_domains: access.blockedDomains,
    allowed_domains: access.allowedDomains,
  };
}
