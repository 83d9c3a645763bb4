// IP allow-lists of keys: parsed once per key, asked once per request. An IPv4 address that arrives in its IPv6-mapped form is
// the IPv4 address.
import { BlockList, isIPv4, isIPv6 } from 'node:net';

export type IpTest = (address: string) => boolean;

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

export function plainAddress(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address;
}

/** `10.0.0.0/8`, `2001:db8::/32` or a single address → its canonical block, or null when it is neither. */
export function parseBlock(text: string): { readonly address: string; readonly bits: number; readonly family: 'ipv4' | 'ipv6' } | null {
  const match = /^([0-9a-fA-F:.]{2,45})(?:\/(\d{1,3}))?$/.exec(text);
  const address = match?.[1] ?? '';
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : null;
  if (family === null) return null;
  const max = family === 'ipv4' ? 32 : 128;
  const bits = match?.[2] === undefined ? max : Number.parseInt(match[2], 10);
  return bits > max ? null : { address, bits, family };
}

/** An empty list admits everybody. Unreadable blocks admit nobody. */
export function ipTest(blocks: readonly string[]): IpTest {
  if (blocks.length === 0) return () => true;
  const list = new BlockList();
  for (const text of blocks) {
    const block = parseBlock(text);
    if (block !== null) list.addSubnet(block.address, block.bits, block.family);
  }
  return (address) => {
    const plain = plainAddress(address);
    if (isIPv4(plain)) return list.check(plain, 'ipv4');
    return isIPv6(plain) && list.check(plain, 'ipv6');
  };
}
