// Builds the proxy networks from the settings.
import type { Service } from '@lumi/shared/service';
import type { ProxySettings } from '../config';
import type { PrismaClient } from '../generated/db/client';
import { OwnNetwork } from './own/own-network';
import type { NetworkName, ProxyNetwork } from './proxy-network';
import { SandboxNetwork } from './sandbox/sandbox-network';
import { UpstreamClient } from './upstream/client';
import { UpstreamNetwork } from './upstream/upstream-network';

/** All that are set up, whether something new comes from them or not. */
export function networksOf(
  { db, clock, config }: Pick<Service, 'db' | 'clock' | 'config'>,
  tables: PrismaClient,
  settings: ProxySettings,
  entryHost: string,
): ReadonlyMap<NetworkName, ProxyNetwork> {
  const { SANDBOX_SLOW_MS: slowMs, PROXY_UPSTREAM_URL: url, PROXY_UPSTREAM_TOKEN: token } = settings;
  const timeoutMs = settings.PROXY_UPSTREAM_TIMEOUT_MS;
  const networks = new Map<NetworkName, ProxyNetwork>([
    ['sandbox', new SandboxNetwork(db, tables, clock, { slowMs, entryHost })],
    ['own', new OwnNetwork(db, clock, { entryHost, restS: settings.PROXY_EXIT_REST_S })],
  ]);
  if (url !== undefined && token !== undefined) {
    const options = { entryHost, ring: config.SECRET_RING, protocol: settings.PROXY_UPSTREAM_PROTOCOL };
    networks.set('upstream', new UpstreamNetwork(db, clock, new UpstreamClient({ url, token, timeoutMs }), options));
  }
  return networks;
}
