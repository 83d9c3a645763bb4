// The caller's address. X-Forwarded-For is trusted only as far as our trusted proxies wrote it: read from the right,
// the first address that is not a trusted proxy is the client. Any other rule would let a client choose its own
// address.
import type { IncomingMessage } from 'node:http';
import { addressBucket, plainAddress, readAddress } from '@lumi/shared/addresses';
import { ipTest } from '@lumi/shared/keys';

export type ClientIp = (req: IncomingMessage) => string;

/**
 * The name under which connections from an address are counted. Null for our trusted proxies, because all clients come
 * through them.
 */
export function peerReader(trustedProxies: readonly string[]): (address: string) => string | null {
  const isTrusted = ipTest(trustedProxies);
  return (address) =>
    trustedProxies.length > 0 && isTrusted(plainAddress(address)) ? null : addressBucket(plainAddress(address));
}

export function clientIpReader(trustedProxies: readonly string[]): ClientIp {
  const peerOf = (req: IncomingMessage): string => plainAddress(req.socket.remoteAddress ?? '');
  if (trustedProxies.length === 0) return peerOf;
  const isTrusted = ipTest(trustedProxies);
  return (req) => {
    let client = peerOf(req);
    const forwarded = req.headers['x-forwarded-for'];
    const hops = forwarded === undefined ? [] : (Array.isArray(forwarded) ? forwarded.join(',') : forwarded).split(',');
    while (isTrusted(client)) {
      const next = readAddress(hops.pop() ?? '').value;
      if (next === undefined) return client;
      client = next;
    }
    return client;
  };
}
