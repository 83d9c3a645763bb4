// IP allow-lists of keys: parsed once per key, asked once per request. An IPv4 address that arrives in its IPv6-mapped
// form is the IPv4 address.
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { plainAddress, readBlock } from '../../ground/addresses';

export type IpTest = (address: string) => boolean;

/** An empty list admits everybody. Unreadable blocks admit nobody. */
export function ipTest(blocks: readonly string[]): IpTest {
  if (blocks.length === 0) return () => true;
  const list = new BlockList();
  for (const text of blocks) {
    const block = readBlock(text).value;
    if (block !== undefined) list.addSubnet(block.address, block.bits, block.family);
  }
  return (address) => {
    const plain = plainAddress(address);
    if (isIPv4(plain)) return list.check(plain, 'ipv4');
    return isIPv6(plain) && list.check(plain, 'ipv6');
  };
}
