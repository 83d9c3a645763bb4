// E-mail addresses: the local part as RFC 5322 writes it without quotes (dot-atom) and as long as SMTP carries it (RFC
// 5321, section 4.5.3.1.1), the domain as every host name.
import { readField, type Reading } from '../contract';
import { readHostName } from './host-name';

const LOCAL_MAX = 64;
/** RFC 3696, erratum 1690: the limit of an SMTP path. */
const ADDRESS_MAX = 254;
const TEXT_MAX = 600;
const DOT_ATOM = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const WANTED = 'must be an e-mail address such as ada@example.com';

/** The local part is kept as written: only its own server knows whether case matters. */
export function readEmail(text: string): Reading<string> {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf('@');
  const [local, domain] = [trimmed.slice(0, Math.max(at, 0)), trimmed.slice(at + 1)];
  if (at < 1 || domain === '') return { reason: WANTED };
  if (local.length > LOCAL_MAX) return { reason: `must have at most ${String(LOCAL_MAX)} characters before the @` };
  if (!DOT_ATOM.test(local))
    return { reason: `${WANTED}: what stands before the @ has a character that it cannot have` };
  const host = /\s/u.test(domain) ? undefined : readHostName(domain).value;
  if (host === undefined) return { reason: `${WANTED}: what stands behind the @ is not the name of a host` };
  const address = `${local}@${host}`;
  return address.length > ADDRESS_MAX
    ? { reason: `must be at most ${String(ADDRESS_MAX)} characters long` }
    : { value: address };
}

export const emailField = readField(readEmail, TEXT_MAX).meta({ example: 'ada@example.com' });
