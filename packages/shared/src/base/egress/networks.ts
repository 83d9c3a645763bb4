// The setting that names networks of the operator's own, which a customer's URL may lead to.
import { BlockList, isIPv4 } from 'node:net';
import { readBlock } from '../../ground/addresses';
import type { Reading } from '../../ground/contract';

export interface Networks {
  readonly isEmpty: boolean;
  has(address: string): boolean;
}

/** `10.1.0.0/16,fd00:1::/48`. */
export function readNetworks(text: string): Reading<Networks> {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const list = new BlockList();
  for (const part of parts) {
    const { value } = readBlock(part);
    if (value === undefined) return { reason: 'must look like 10.1.0.0/16,fd00:1::/48 (blocks with commas between)' };
    list.addSubnet(value.address, value.bits, value.family);
  }
  return {
    value: {
      isEmpty: parts.length === 0,
      has: (address) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6'),
    },
  };
}
