// The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): a balancer says who its client is.
import { isIPv4, isIPv6 } from 'node:net';
import { plainAddress } from '@lumi/shared/addresses';

const V1_MAX = 107;
const V1 = /^PROXY (?:UNKNOWN(?: [ -~]*)?|(TCP[46]) (\S+) (\S+) \d{1,5} \d{1,5})$/;
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_HEAD = 16;
const V2_MAX = 1_024;

export type ProxyHeader =
  /** `address` null: the balancer itself, for example its health check. */
  { readonly size: number; readonly address: string | null } | 'more' | 'bad';

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const isV2 = bytes.subarray(0, V2_SIGNATURE.length).equals(V2_SIGNATURE.subarray(0, bytes.length));
  return isV2 ? readV2(bytes) : readV1(bytes);
}

function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MAX).indexOf('\r\n');
  if (end < 0) return bytes.length < V1_MAX && isStartOfV1(bytes) ? 'more' : 'bad';
  const match = V1.exec(bytes.toString('latin1', 0, end));
  if (match === null) return 'bad';
  const [, family, source = ''] = match;
  if (family === undefined) return { size: end + 2, address: null };
  const isAddress = family === 'TCP4' ? isIPv4(source) : isIPv6(source);
  return isAddress ? { size: end + 2, address: plainAddress(source) } : 'bad';
}

function isStartOfV1(bytes: Buffer): boolean {
  return 'PROXY '.startsWith(bytes.toString('latin1', 0, 6));
}

function readV2(bytes: Buffer): ProxyHeader {
  if (bytes.length < V2_HEAD) return 'more';
  const [command, family, length] = [bytes.readUInt8(12), bytes.readUInt8(13), bytes.readUInt16BE(14)];
  if (length > V2_MAX || (command !== 0x20 && command !== 0x21)) return 'bad';
  const size = V2_HEAD + length;
  if (bytes.length < size) return 'more';
  if (command === 0x20 || family === 0) return { size, address: null };
  if (family === 0x11 && length >= 12) return { size, address: bytes.subarray(16, 20).join('.') };
  if (family !== 0x21 || length < 36) return 'bad';
  const text = bytes.subarray(16, 32).toString('hex').match(/.{4}/g)?.join(':') ?? '';
  return { size, address: plainAddress(new URL(`http://[${text}]`).hostname.slice(1, -1)) };
}
