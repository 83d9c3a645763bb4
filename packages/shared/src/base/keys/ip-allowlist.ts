// IP allow-lists of keys, parsed once per key and checked once per request. An IPv4-mapped IPv6 address counts as the
// IPv4 address.
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { plainAddress, readBlock } from '../../ground/addresses';

export type IpTest = (address: string) => boolean;

/** An empty list admits every address. Unreadable blocks admit none. */
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
