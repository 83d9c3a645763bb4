// What would happen to a connection now, check by check, from what the service knows: the same rules as the node's,
// asked before anything is sent. It resolves no name and dials nothing.
import { BlockList, isIPv4 } from 'node:net';
import { z } from 'zod';
import { judgeOf, PORTS_REFUSED, readAllowed, readPorts, readTargetPair } from '@lumi/shared/egress';
import type { ProxyDeps } from '../deps';
import { whyNot } from '../node/permission';
import { reachableNodes } from '../store/nodes';
import type { Access } from '../supplier/proxy-network';

export const diagnosisSchema = z
  .object({
    works: z.boolean().describe('Whether a connection with the right credentials would be carried.'),
    from: z.string().nullable().describe('The address you called from.'),
    checks: z
      .array(
        z.object({
          check: z
            .enum(['access', 'applied', 'nodes', 'address', 'quota', 'target', 'health'])
            .describe('What was looked at.'),
          is_ok: z.boolean().describe('Whether it would let the connection pass.'),
          refusal: z.string().nullable().describe('The word with which the connection would be refused.'),
          message: z.string(),
          advice: z.string().nullable().describe('What to do.'),
        }),
      )
      .describe('In the order in which they are made.'),
  })
  .meta({ id: 'ProxyDiagnosis' });

type Diagnosis = z.output<typeof diagnosisSchema>;
type Check = Diagnosis['checks'][number];

export const targetQuery = z
  .string()
  .min(3)
  .max(300)
  .optional()
  .describe('A target to judge too: `host:port`. Names are not looked up.')
  .meta({ example: 'example.com:443' });

export interface Diagnosed {
  readonly access: Access;
  readonly isApplied: boolean;
  /** Null: not metered. */
  readonly bytesFree: bigint | null;
  /** Of the last check; null: none, or the network does not check it. */
  readonly isHealthy: boolean | null;
}

export async function diagnose(
  deps: ProxyDeps,
  diagnosed: Diagnosed,
  { clientIp, target }: { readonly clientIp: string | null; readonly target: string | undefined },
): Promise<Diagnosis> {
  const { access, isApplied, bytesFree, isHealthy } = diagnosed;
  const now = deps.service.clock.now();
  const nodes = await reachableNodes(deps.db, now);
  const checks = [
    checkAccess(access, now),
    isApplied
      ? ok('applied', 'The last change is in force.')
      : bad('applied', null, 'The last change is not in force yet.', 'Try again in two seconds.'),
    nodes > 0
      ? ok('nodes', 'Nodes that carry traffic are reached.')
      : bad('nodes', null, 'No node that carries traffic is reached.', 'Try again in a minute; tell the operator.'),
    checkAddress(access, clientIp, now),
    ...(bytesFree === null ? [] : [checkQuota(bytesFree)]),
    ...(target === undefined ? [] : [checkTarget(access, target, now)]),
    ...(isHealthy === null ? [] : [checkHealth(isHealthy)]),
  ];
  // Without the address a pair does; an address that is unhealthy may still work.
  const isNeeded = ({ check }: Check): boolean => check !== 'health' && (check !== 'address' || !hasPair(access));
  return { works: checks.every((check) => check.is_ok || !isNeeded(check)), from: clientIp, checks };
}

function checkAccess(access: Access, now: Date): Check {
  const why = whyNot(rightOf(access), now.getTime(), '');
  switch (access.isOver ? 'disabled' : why) {
    case 'suspended':
      return bad('access', 'suspended', `It is suspended: ${access.suspendedFor ?? ''}`, 'Ask the operator.');
    case 'disabled':
      return bad('access', 'disabled', 'It is switched off or has ended.', 'Switch it on, or buy another one.');
    case 'expired':
      return bad('access', 'expired', 'Its time is over.', 'Renew it or top it up.');
    default:
      return ok('access', 'It is switched on and its time is not over.');
  }
}

function checkAddress(access: Access, clientIp: string | null, now: Date): Check {
  const isAllowed = clientIp !== null && access.allowedBlocks.some((entry) => isWithin(clientIp, entry, now));
  if (isAllowed) return ok('address', 'Your address is allowed without a password.');
  const message = `Your address${clientIp === null ? '' : ` ${clientIp}`} is not on the allow-list.`;
  return hasPair(access)
    ? bad('address', 'credentials', message, 'Send the user name and the password, or add the address.')
    : bad('address', 'credentials', message, 'Add it: POST /allowlist {"ip_or_cidr": "current"}.');
}

function checkQuota(bytesFree: bigint): Check {
  return bytesFree > 0n
    ? ok('quota', `${String(bytesFree)} bytes are left.`)
    : bad(
        'quota',
        'quota',
        'All its traffic is used.',
        'Top it up, raise its hard stop, or take gigabytes back from sub-users.',
      );
}

const NO_EXCEPTION = readAllowed('').value;
const PORTS = readPorts(PORTS_REFUSED).value;

function checkTarget(access: Access, text: string, now: Date): Check {
  const target = readTargetPair(text);
  if (target === null || PORTS === undefined || NO_EXCEPTION === undefined)
    return bad('target', 'request', 'The target cannot be read.', 'Give it as host:port, IPv6 in brackets.');
  if (PORTS.has(target.port))
    return bad('target', 'port', `Port ${String(target.port)} is refused.`, 'Use another port.');
  if (whyNot(rightOf(access), now.getTime(), target.host) === 'blocked')
    return bad('target', 'blocked', 'The name is blocked for this sub-user.', 'Change domains_block or domains_allow.');
  const judge = judgeOf({ refused: PORTS, allowed: NO_EXCEPTION, isOwn: () => false });
  if (target.isAddress && judge(target.host, target.port) !== null)
    return bad('target', 'target', 'The address is not one of the public internet.', 'Use a public address.');
  return ok('target', 'The target is not refused by what it is called.');
}

function checkHealth(isHealthy: boolean): Check {
  return isHealthy
    ? ok('health', 'It passed its last check.')
    : bad('health', 'unreachable', 'It failed its last check.', 'Replace it if it goes on: POST /proxies/replace.');
}

function hasPair(access: Access): boolean {
  return access.credentials.length > 0;
}

function rightOf(access: Access): Parameters<typeof whyNot>[0] {
  return { ...access, validUntilMs: access.validUntil.getTime() };
}

function isWithin(address: string, { block, until }: Access['allowedBlocks'][number], now: Date): boolean {
  if (until !== null && until <= now) return false;
  const [network = '', bits] = block.split('/');
  const family = (text: string) => (isIPv4(text) ? 'ipv4' : 'ipv6');
  const list = new BlockList();
  list.addSubnet(network, Number(bits ?? (isIPv4(network) ? 32 : 128)), family(network));
  return list.check(address, family(address));
}

function ok(check: Check['check'], message: string): Check {
  return { check, is_ok: true, refusal: null, message, advice: null };
}

function bad(check: Check['check'], refusal: string | null, message: string, advice: string): Check {
  return { check, is_ok: false, refusal, message, advice };
}
