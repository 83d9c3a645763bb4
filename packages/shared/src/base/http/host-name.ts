// The host a request names: whether its form is one (RFC 3986 §3.2.2), and its name without the port, which bindings of
// products to hosts are compared with.
import { isIPv6 } from 'node:net';

const HOST_SHAPE = /^(?:\[([0-9A-Fa-f:.]+)\]|(?:[\w.~-]|%[0-9A-Fa-f]{2})*)(?::(\d{0,5}))?$/;
const PORT_MAX = 65_535;

/**
 * A name or an address, perhaps with a port. Less than the standard allows: no punctuation that another reader could
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
