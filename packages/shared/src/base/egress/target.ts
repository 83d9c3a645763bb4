// Host and port of a connection that a caller asks for, read in one way only. What programs read differently (zones,
// user info, percent signs, octal numbers that are none) is no target. Numeric forms are the addresses that
// `inet_aton`, browsers and curl make of them, so that a judge sees what would be dialled.
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { toASCII } from 'tr46';
import { readAddress } from '../../ground/addresses';

export interface Target {
  /** A canonical address (RFC 5952, an IPv4-mapped one kept as such), or a name in A-labels without a final dot. */
  readonly host: string;
  readonly port: number;
  readonly isAddress: boolean;
}

/** Longer than a name can be before it is encoded. */
const TEXT_MAX = 500;
const NAME_MAX = 253;
const PORT = /^(0|[1-9]\d{0,4})$/;
const PORT_MAX = 65_535;
/** Separators of URLs, brackets, zones, spaces and controls. */
const FOREIGN = /[\s\p{Cc}"#%/<>?@[\\\]^`{|}]/u;
/** As URLs are read (UTS 46, not transitional): many hosts have names that IDNA 2008 would not register. */
const RULES = {
  checkBidi: true,
  checkHyphens: false,
  checkJoiners: true,
  useSTD3ASCIIRules: false,
  verifyDNSLength: false,
  transitionalProcessing: false,
} as const;
/** What IDNA leaves as it is, but for capital letters: most hosts, which need not be looked up in its tables. */
const PLAIN = /^[A-Za-z0-9_.-]+$/;
const ENCODED = /xn--/i;
/** Letters, digits, hyphens, and the underscore that many hosts have. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** A name that ends in it is an address in numeric form, or nothing. */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/;
const BRACKETED = /^\[([^\]]*)\]$/;
const PAIR = /^(\[[^\]]*\]|[^:[\]]*):(\d+)$/;

/** Null: it cannot be read, or not in one way only. */
export function readTarget(hostText: string, portText: string | number): Target | null {
  const port = readPort(portText);
  const host = port === null ? null : readHost(hostText);
  return port === null || host === null ? null : { ...host, port };
}

/** `host:port`, as in a CONNECT request; an IPv6 address is in brackets. */
export function readTargetPair(text: string): Target | null {
  const [, host, port] = PAIR.exec(text) ?? [];
  return host === undefined || port === undefined ? null : readTarget(host, port);
}

function readPort(text: string | number): number | null {
  const port = PORT.test(String(text)) ? Number(text) : Number.NaN;
  return port <= PORT_MAX ? port : null;
}

function readHost(text: string): Omit<Target, 'port'> | null {
  if (text.length > TEXT_MAX) return null;
  if (isIPv4(text)) return { host: text, isAddress: true };
  const inBrackets = BRACKETED.exec(text)?.[1];
  if (inBrackets !== undefined) return readIpv6(inBrackets);
  if (text.includes(':')) return readIpv6(text);
  if (FOREIGN.test(text)) return null;
  const ascii = PLAIN.test(text) && !ENCODED.test(text) ? text.toLowerCase() : toASCII(text, RULES);
  if (ascii === null) return null;
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  const labels = name.split('.');
  if (NUMBER.test(labels.at(-1) ?? '')) return readIpv4(name);
  return name.length <= NAME_MAX && labels.every((label) => LABEL.test(label))
    ? { host: name, isAddress: false }
    : null;
}

function readIpv6(text: string): Omit<Target, 'port'> | null {
  if (!isIPv6(text)) return null;
  const { value } = readAddress(text);
  if (value === undefined) return null;
  return { host: isIPv4(value) ? `::ffff:${value}` : value, isAddress: true };
}

/** One to four parts, decimal, octal or hexadecimal; the last one fills what is left. */
function readIpv4(text: string): Omit<Target, 'port'> | null {
  return ipaddr.IPv4.isValid(text) ? { host: ipaddr.IPv4.parse(text).toString(), isAddress: true } : null;
}
