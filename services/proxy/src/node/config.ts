// The settings of a node, read once. No other file of the node reads the environment.
import { BlockList, isIPv6 } from 'node:net';
import { PORTS_REFUSED, readAllowed, readPorts } from '@lumi/shared/egress';
import { readBlock } from '@lumi/shared/addresses';
import type { Reading } from '@lumi/shared/contract';
import { baseConfig, count, readConfig, type Contradiction } from '@lumi/shared/runtime';
import { z } from 'zod';
import { readExitsFile } from './exits-file';
import { TARGET_LOGS } from './control/target-names';

const { LOG_LEVEL, METRICS_PORT, METRICS_HOST, STOP_DELAY_MS, LUMI_VERSION, LUMI_COMMIT } = baseConfig.shape;

const RANGE = /^(\d{1,5})-(\d{1,5})$/;
const PORT_MAX = 65_535;

/** Text that a reader of ours reads; absent: as if `byDefault` were given. */
const read = <T>(reader: (text: string) => Reading<T>, byDefault = '') =>
  z
    .string()
    .optional()
    .transform((text, context): T => {
      const { value, reason } = reader(text ?? byDefault);
      if (reason === undefined) return value;
      context.addIssue({ code: 'custom', message: reason });
      return z.NEVER;
    });

const ownPort = z
  .string()
  .refine((text) => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= PORT_MAX, 'must be a port number')
  .optional()
  .transform((text) => (text === undefined ? null : Number(text)));

const portRange = z
  .string()
  .optional()
  .transform((text, context) => {
    if (text === undefined) return null;
    const [, from, to] = RANGE.exec(text) ?? [];
    const [first, last] = [Number(from ?? Number.NaN), Number(to ?? Number.NaN)];
    if (first >= 1 && first + 1 <= last && last <= PORT_MAX) return { first, last };
    context.addIssue({ code: 'custom', message: 'must be a range of two ports or more, such as 20000-29999' });
    return z.NEVER;
  });

/** `10.0.0.0/8,192.0.2.7`. */
function readBlocks(text: string): Reading<BlockList> {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const list = new BlockList();
  for (const part of parts) {
    const { value } = readBlock(part);
    if (value === undefined) return { reason: 'must be addresses or blocks with commas between them' };
    list.addSubnet(value.address, value.bits, value.family);
  }
  return { value: list };
}

const SERVER = /^(\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?|[0-9a-f:.]+)$/i;

export const nodeSettings = z.object({
  LOG_LEVEL,
  METRICS_PORT,
  METRICS_HOST,
  STOP_DELAY_MS,
  LUMI_VERSION,
  LUMI_COMMIT,
  PROXY_NODE_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the id that POST /admin/nodes answered')
    .describe('Its id, as POST /admin/nodes answered.'),
  PROXY_NODE_TOKEN: z
    .string()
    .min(20, 'is too short for a token')
    .describe('Its token, as POST /admin/nodes answered.'),
  PROXY_SERVICE_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' })
    .describe('The proxy service’s own address, past the gateway. https:// unless both share a host.'),
  PROXY_NODE_DATA: z.string().min(1).describe('A folder of its own: access and usage outlive a restart there.'),
  PROXY_NODE_HOST: z
    .string()
    .optional()
    .transform((text) => text ?? '127.0.0.1')
    .describe('Where entries listen: 0.0.0.0 for all addresses.'),
  PROXY_NODE_ENTRY_HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/, 'must be a host name or an address')
    .optional()
    .transform((text) => text ?? null)
    .describe('The host that customers connect to for this node’s own exits. Absent: PROXY_ENTRY_HOST of the service.'),
  PROXY_NODE_PORTS: portRange.describe(
    'Entries of static proxies. Absent: 20000-29999, or another range if that is used.',
  ),
  PROXY_NODE_HTTP_PORT: ownPort.describe('The entry of pools over HTTP. Absent: 19080, or a free one.'),
  PROXY_NODE_SOCKS_PORT: ownPort.describe('The same over SOCKS5. Absent: 19081, or a free one.'),
  PROXY_NODE_EXITS: read(readExitsFile).describe('A file of exit addresses, read again after changes. Absent: none.'),
  PROXY_NODE_ALLOW: read(readAllowed).describe('Targets that are lifted from all refusals: 127.0.0.1/32:18111-18114.'),
  PROXY_NODE_RESOLVERS: read((text): Reading<readonly string[]> => {
    const servers = text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    return servers.every((server) => SERVER.test(server))
      ? { value: servers }
      : { reason: 'must be addresses of name servers, such as 9.9.9.9,[2620:fe::fe]:53' };
  }).describe('Name servers. Absent: the machine’s.'),
  PROXY_NODE_TRUSTED: read(readBlocks).describe('Balancers that send the PROXY protocol.'),
  PROXY_NODE_IDLE_S: count(300, 86_400).describe('A connection without a byte for so long ends.'),
  PROXY_NODE_DRAIN_S: count(30, 3_600).describe('After a signal to stop, connections have so long to end.'),
  PROXY_PORTS_REFUSED: read(readPorts, PORTS_REFUSED).describe('Ports of targets that are refused.'),
  PROXY_TARGET_LOG: z
    .enum(TARGET_LOGS, `must be ${TARGET_LOGS.join(', ')}`)
    .optional()
    .transform((text) => text ?? 'domain')
    .describe('How much of a target’s name is kept with usage.'),
});

export type NodeConfig = z.output<typeof nodeSettings>;

const entriesDiffer: Contradiction<NodeConfig> = (given) => {
  const { PROXY_NODE_HTTP_PORT: http, PROXY_NODE_SOCKS_PORT: socks, PROXY_NODE_PORTS: range } = given;
  if (typeof http === 'number' && http === socks)
    return { name: 'PROXY_NODE_SOCKS_PORT', message: 'is the same as PROXY_NODE_HTTP_PORT; choose another port' };
  const inside = [http, socks].find(
    (port) => typeof port === 'number' && range && range.first <= port && port <= range.last,
  );
  return inside === undefined
    ? null
    : { name: 'PROXY_NODE_PORTS', message: `holds ${String(inside)}, which is an entry of the pools; take it out` };
};

export function readNodeConfig(env: Readonly<Record<string, string | undefined>> = process.env): NodeConfig {
  return readConfig(nodeSettings, env, [entriesDiffer]);
}

export function isIn(list: BlockList): (address: string) => boolean {
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
