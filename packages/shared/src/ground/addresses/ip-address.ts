// IP addresses, read in every form and written in one (RFC 5952). Zones are refused, because they mean something on one
// machine only. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is read as the IPv4 address. Node decides what an
// address is; ipaddr.js, which would also accept `1.2.3` and `0x7f.1`, only writes it and classifies its range.
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { readField, type Reading } from '../contract';

const TEXT_MAX = 60;
const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
/**
 * The dotted end that IPv6 allows. ipaddr.js reads `::1.2.3.4` as another address than PostgreSQL does, so it never
 * gets this form.
 */
const DOTTED_TAIL = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/;
const WANTED = 'must be an IPv4 or IPv6 address';

export function readAddress(text: string): Reading<string> {
  const trimmed = text.trim();
  if (isIPv4(trimmed)) return { value: trimmed };
  if (!isIPv6(trimmed)) return { reason: WANTED };
  if (trimmed.includes('%')) return { reason: 'must be an address without a zone' };
  const address = parseIpv6(trimmed);
  return { value: address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String() };
}

export const addressField = readField(readAddress, TEXT_MAX).meta({ example: '192.0.2.7' });

/** For addresses from the kernel: they are valid, and only IPv4-mapped ones need to be converted. */
export function plainAddress(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address;
}

/**
 * Whether the canonical address is publicly reachable. An address that is not known to be public is not: IPv6 beyond
 * 2000::/3 has no such addresses yet.
 */
export function isPublicAddress(canonical: string): boolean {
  if (isIPv4(canonical)) return ipaddr.IPv4.parse(canonical).range() === 'unicast';
  const address = parseIpv6(canonical);
  return address.range() === 'unicast' && ((address.parts[0] ?? 0) & 0xe000) === 0x2000;
}

const DOCUMENTATION = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'].map((text) =>
  ipaddr.parseCIDR(text),
);

/** Whether the canonical address is in the documentation ranges of RFC 5737, RFC 3849 and RFC 9637. */
export function isDocumentationAddress(canonical: string): boolean {
  const address = isIPv4(canonical) ? ipaddr.IPv4.parse(canonical) : parseIpv6(canonical);
  return DOCUMENTATION.some(
    ([network, bits]) => network.kind() === address.kind() && address.match([network, bits] as never),
  );
}

export function parseIpv6(text: string): ipaddr.IPv6 {
  const hex = (high = '0', low = '0'): string => (Number(high) * 256 + Number(low)).toString(16);
  return ipaddr.IPv6.parse(
    text.replace(DOTTED_TAIL, (_, a?: string, b?: string, c?: string, d?: string) => `${hex(a, b)}:${hex(c, d)}`),
  );
}
