// A URL that a customer gives us to call: what can be said about it without a name server. Where it leads is judged
// when it is called (outbound.ts).
import type { Reading } from '../../ground/contract';
import { readTarget, type Target } from './target';

export const CUSTOMER_URL_MAX = 2_048;

export interface CustomerUrl {
  /** As it is sent: parsed, without what URLs of browsers may have around it. */
  readonly href: string;
  readonly isSecure: boolean;
  readonly target: Target;
}

/** Parsers drop them, or read them as something else (WHATWG URL), so two readers would see two URLs. */
const AMBIGUOUS = /[\s\p{Cc}\\]/u;
const HTTPS_PORT = 443;
const HTTP_PORT = 80;
/** Names of this machine and of networks without public names: RFC 6761, RFC 6762, ICANN's `internal`. */
const LOCAL_NAME = /(^|\.)(localhost|local|internal)$/;

/** The reason names no address: it is shown to the customer. */
export function readCustomerUrl(text: string): Reading<CustomerUrl> {
  if (text.length > CUSTOMER_URL_MAX) return { reason: `must have at most ${String(CUSTOMER_URL_MAX)} characters` };
  if (AMBIGUOUS.test(text)) return { reason: 'must have no space, control character or backslash' };
  if (!URL.canParse(text)) return { reason: 'must be a URL such as https://example.com/lumi' };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { reason: 'must begin with https://' };
  if (url.username !== '' || url.password !== '' || /^[a-z]+:\/*[^/?#]*@/i.test(text))
    return { reason: 'must have no user name and no password' };
  if (url.hash !== '' || text.includes('#')) return { reason: 'must have no fragment' };
  if (url.href.length > CUSTOMER_URL_MAX)
    return { reason: `must have at most ${String(CUSTOMER_URL_MAX)} characters when it is encoded` };
  const isSecure = url.protocol === 'https:';
  const port = url.port === '' ? (isSecure ? HTTPS_PORT : HTTP_PORT) : Number(url.port);
  const target = readTarget(url.hostname, port);
  if (target === null) return { reason: 'must have the name of a host, or an address' };
  if (LOCAL_NAME.test(target.host)) return { reason: 'must lead to the public internet' };
  return { value: { href: url.href, isSecure, target } };
}
