// The host of a request: checks its form (RFC 3986 §3.2.2), and returns its name without the port, for the comparison
// with the hosts of products.
import { isIPv6 } from 'node:net';

const HOST_SHAPE = /^(?:\[([0-9A-Fa-f:.]+)\]|(?:[\w.~-]|%[0-9A-Fa-f]{2})*)(?::(\d{0,5}))?$/;
const PORT_MAX = 65_535;

/**
 * A name or an address, optionally with a port. Stricter than the standard: no punctuation that another reader could
 * take for a separator.
 */
export function isHost(host: string): boolean {
  const parts = HOST_SHAPE.exec(host);
  if (parts === null) return false;
  const [, address, port = ''] = parts;
  return (address === undefined || isIPv6(address)) && Number.parseInt(`0${port}`, 10) <= PORT_MAX;
}

export function hostName(host = ''): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}
