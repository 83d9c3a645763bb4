// Blocks of IP addresses in CIDR form. A single address is a block of one. Bits behind the prefix are cleared, as
// routers do.
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { readField, type Reading } from '../contract';
import { parseIpv6, readAddress } from './ip-address';

export interface IpBlock {
  /** The network's first address, canonical. */
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
  /** As stored and shown: a single address has no prefix. */
  readonly text: string;
}

const TEXT_MAX = 64;
const SHAPE = /^([^/]+?)(?:\/(0|[1-9]\d{0,2}))?$/;
const MAPPED_BITS = 96;
const WANTED = 'must be an IPv4 or IPv6 address or a block such as 192.0.2.0/24';

export function readBlock(text: string): Reading<IpBlock> {
  const [, addressText = '', bitsText] = SHAPE.exec(text.trim()) ?? [];
  const { value: address } = readAddress(addressText);
  if (address === undefined) return { reason: WANTED };
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  const max = family === 'ipv4' ? 32 : 128;
  // In `::ffff:192.0.2.0/120` the prefix length also counts the bits before the IPv4 address.
  const isMapped = family === 'ipv4' && addressText.includes(':');
  const bits = bitsText === undefined ? max : Number(bitsText) - (isMapped ? MAPPED_BITS : 0);
  if (bits < 0 || bits > max) return { reason: WANTED };
  const network = networkOf(address, family, bits);
  return { value: { address: network, bits, family, text: bits === max ? network : `${network}/${String(bits)}` } };
}

export const blockField = readField((text) => {
  const { value, reason } = readBlock(text);
  return reason === undefined ? { value: value.text } : { reason };
}, TEXT_MAX).meta({ example: '192.0.2.0/24' });

function networkOf(address: string, family: IpBlock['family'], bits: number): string {
  if (family === 'ipv4') return ipaddr.IPv4.networkAddressFromCIDR(`${address}/${String(bits)}`).toString();
  const bytes = parseIpv6(address)
    .toByteArray()
    .map((byte, i) => byte & (0xff << Math.max(0, 8 - Math.max(0, bits - i * 8))));
  return new ipaddr.IPv6(bytes).toRFC5952String();
}
