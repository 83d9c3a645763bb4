// The settings of the proxy processes, read once. No other file of these processes reads the environment.
import { readField } from '@lumi/shared/contract';
import { count, databaseOf, readConfig, type Contradiction } from '@lumi/shared/runtime';
import { serviceConfig, serviceContradictions } from '@lumi/shared/service';
import { z } from 'zod';
import { readCheckTargets } from './checks/check-targets';
import { readNetworkMap } from './supplier/network-map';
import type { NetworkOfProduct } from './supplier/networks';

const networkMap = z
  .string()
  .optional()
  .transform((text, context): NetworkOfProduct => {
    const { value, reason } = readNetworkMap(text ?? '');
    if (reason === undefined) return value;
    context.addIssue({ code: 'custom', message: reason });
    return z.NEVER;
  });

/** The settings that only proxy has. */
export const proxySettings = z.object({
  // Recovery stops a call after a third of the order's lease (8.3 s). A call that always takes longer could never be
  // recovered.
  SANDBOX_SLOW_MS: count(2_000, 8_000).describe('How long the ending `slow` of the sandbox network takes.'),
  PROXY_ENTRY_HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/, 'must be a host name or an address')
    .optional()
    .describe('The host that customers connect to; the nodes, or a balancer in front of them. 127.0.0.1 if absent.'),
  PROXY_NETWORKS: networkMap.describe(
    'The network of each product: `ipv4=sandbox,isp=sandbox`. Those it does not name come from the sandbox.',
  ),
  PROXY_EXIT_REST_S: count(86_400, 31_536_000).describe(
    'How long an address of a node that was given up is not sold again.',
  ),
  PROXY_UPSTREAM_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' })
    .optional()
    .describe('The API of a supplier of proxies; absent: there is none.'),
  PROXY_UPSTREAM_TOKEN: z.string().min(8, 'must have 8 characters or more').optional(),
  PROXY_UPSTREAM_TIMEOUT_MS: count(3_000, 8_000).describe('How long one request to that supplier may take.'),
  PROXY_UPSTREAM_PROTOCOL: z
    .enum(['http', 'socks5'], 'must be http or socks5')
    .optional()
    .transform((text) => text ?? 'http')
    .describe('How nodes speak to the proxies of that supplier: CONNECT over HTTP, or SOCKS5.'),
  PROXY_USABLE_WITHIN_MS: count(1_500, 10_000).describe(
    'How long the answer to a purchase waits for the nodes to have its access; 0: not at all.',
  ),
  PROXY_CHECK_TARGETS: readField(readCheckTargets, 10_000)
    .optional()
    .describe('URLs that checks of proxies ask for. The target inside each node if absent.'),
  PROXY_LOCAL_NODE_TOKEN: z
    .string()
    .min(20, 'must have 20 characters or more')
    .optional()
    .describe('The token of the node that the same machine runs; it is enrolled as `node_local` by it.'),
});

export type ProxySettings = z.output<typeof proxySettings>;

const proxyConfig = serviceConfig.extend({ ...proxySettings.shape, ...databaseOf('lumi_proxy') });

type ProxyConfig = z.output<typeof proxyConfig>;

/** A supplier has both, or there is none. Without one nothing comes from it. */
export const upstreamIsWhole: Contradiction<
  Pick<ProxySettings, 'PROXY_UPSTREAM_URL' | 'PROXY_UPSTREAM_TOKEN' | 'PROXY_NETWORKS'>
> = (given) => {
  const { PROXY_UPSTREAM_URL: url, PROXY_UPSTREAM_TOKEN: token } = given;
  if (url !== undefined && token === undefined && 'PROXY_UPSTREAM_TOKEN' in given)
    return { name: 'PROXY_UPSTREAM_TOKEN', message: 'is missing although PROXY_UPSTREAM_URL is given' };
  if (token !== undefined && url === undefined && 'PROXY_UPSTREAM_URL' in given)
    return { name: 'PROXY_UPSTREAM_URL', message: 'is missing although PROXY_UPSTREAM_TOKEN is given' };
  if (url === undefined && [...(given.PROXY_NETWORKS?.values() ?? [])].includes('upstream'))
    return { name: 'PROXY_UPSTREAM_URL', message: 'is missing although PROXY_NETWORKS gives products to upstream' };
  return null;
};

export function readProxyConfig(env: Readonly<Record<string, string | undefined>> = process.env): ProxyConfig {
  return readConfig(proxyConfig, env, [...serviceContradictions, upstreamIsWhole]);
}
