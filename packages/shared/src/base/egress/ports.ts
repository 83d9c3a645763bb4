// Settings that name ports: which are refused to every caller, and which address and port are lifted from all refusals.
import { BlockList, isIPv4 } from 'node:net';
import { readBlock } from '../../ground/addresses';
import type { Reading } from '../../ground/contract';
import { remembered } from './remembered';

/** Mail, file sharing, amplification and the like: of no use to customers, and of much to abuse. */
export const PORTS_REFUSED = '0,19,25,135,137-139,445,465,587,2525,6667,11211';

export interface Ports {
  has(port: number): boolean;
}

export interface Allowed {
  /** As given; empty: nothing is lifted. */
  readonly text: string;
  has(address: string, port: number): boolean;
}

const RANGE = /^(\d{1,5})(?:-(\d{1,5}))?$/;
const PORT_MAX = 65_535;
const RULE = /^(.+):(\d{1,5}(?:-\d{1,5})?)$/;

interface Range {
  readonly first: number;
  readonly last: number;
}

/** `25,137-139`. */
export function readPorts(text: string): Reading<Ports> {
  const ranges = parts(text).map(readRange);
  if (!ranges.every((range) => range !== null)) return { reason: 'must look like 25,137-139 (ports from 0 to 65535)' };
  const ports = new Set(
    ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
  );
  return { value: ports };
}

/** `127.0.0.1/32:18111-18114,[::1]/128:80`. */
export function readAllowed(text: string): Reading<Allowed> {
  const rules = parts(text).map(readRule);
  if (!rules.every((rule) => rule !== null))
    return { reason: 'must look like 127.0.0.1/32:18111-18114,::1/128:80 (a block with its prefix, a colon, ports)' };
  const rulesOf = remembered((address) => {
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    return rules.filter(({ block }) => block.check(address, family));
  });
  return {
    value: {
      text: parts(text).join(','),
      has: (address, port) =>
        rules.length > 0 && rulesOf(address).some(({ first, last }) => first <= port && port <= last),
    },
  };
}

function parts(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function readRange(text: string): Range | null {
  const [, from, to = from] = RANGE.exec(text) ?? [];
  const [first, last] = [Number(from ?? Number.NaN), Number(to ?? Number.NaN)];
  return first <= last && last <= PORT_MAX ? { first, last } : null;
}

function readRule(text: string): (Range & { readonly block: BlockList }) | null {
  const [, blockText = '', portsText = ''] = RULE.exec(text) ?? [];
  const range = readRange(portsText);
  // Without a prefix the end of an IPv6 address and a port look alike.
  const { value } = blockText.includes('/') ? readBlock(blockText.replace(/[[\]]/g, '')) : {};
  if (range === null || value === undefined) return null;
  const block = new BlockList();
  block.addSubnet(value.address, value.bits, value.family);
  return { ...range, block };
}
