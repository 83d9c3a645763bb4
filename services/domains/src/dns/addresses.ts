// IPv4 and IPv6 addresses as bytes, and in the one form in which they are written (RFC 5952).
import { isIPv4, isIPv6 } from 'node:net';
import { RecordFault } from './fault';
import type { Word } from './word';

export function bytesOfIpv4(text: string, word?: Word): Buffer {
  if (!isIPv4(text)) throw new RecordFault('must be an IPv4 address such as 192.0.2.1', word);
  return Buffer.from(text.split('.').map(Number));
}

export function writeIpv4(bytes: Buffer): string {
  return [...bytes].join('.');
}

export function bytesOfIpv6(text: string, word?: Word): Buffer {
  if (!isIPv6(text) || text.includes('%')) throw new RecordFault('must be an IPv6 address such as 2001:db8::1', word);
  const [head = '', tail] = text.split('::');
  const [before, after] = [groupsOf(head), tail === undefined ? [] : groupsOf(tail)];
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  const bytes = Buffer.alloc(16);
  groups.forEach((group, at) => bytes.writeUInt16BE(group, at * 2));
  return bytes;
}

function groupsOf(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

export function writeIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return `::ffff:${writeIpv4(bytes.subarray(12))}`;
  const gap = longestGap(groups);
  const hex = groups.map((group) => group.toString(16));
  if (gap.length < 2) return hex.join(':');
  return `${hex.slice(0, gap.start).join(':')}::${hex.slice(gap.start + gap.length).join(':')}`;
}

/** The first of the longest runs of zeros. */
function longestGap(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, at) => {
    if (group !== 0) start = at + 1;
    else if (at + 1 - start > best.length) best = { start, length: at + 1 - start };
  });
  return best;
}
