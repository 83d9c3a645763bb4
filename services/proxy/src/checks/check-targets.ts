// What a check asks for. The operator's targets are taken as they are given; a caller's own one is judged as a
// customer's target is. The service connects to neither: it connects to the proxy's entry, and the node that serves it
// looks the name up and judges every address.
import { judgeOf, PORTS_REFUSED, readAllowed, readPorts, readTarget, type Target } from '@lumi/shared/egress';
import type { Reading } from '@lumi/shared/contract';
import { ECHO_HOST } from '../node/echo';

export interface CheckTarget {
  readonly url: string;
  readonly isTls: boolean;
  readonly target: Target;
  /** For `Host`. */
  readonly authority: string;
  readonly path: string;
  /** The target inside every node: it answers the address it sees, and its certificate is of its own making. */
  readonly isEcho: boolean;
}

export const URL_MAX = 500;
const TARGETS_MAX = 20;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
const { value: REFUSED } = readPorts(PORTS_REFUSED);
const { value: NO_EXCEPTION } = readAllowed('');

export function readCheckTarget(text: string): Reading<CheckTarget> {
  const url = text.length <= URL_MAX && URL.canParse(text) ? new URL(text) : null;
  const port = url === null ? undefined : DEFAULT_PORTS[url.protocol];
  if (url === null || port === undefined || url.username !== '' || url.password !== '')
    return {
      reason: `must be a URL with http:// or https://, without a login, of at most ${String(URL_MAX)} characters`,
    };
  const target = readTarget(url.hostname, url.port === '' ? port : url.port);
  if (target === null) return { reason: 'has a host that cannot be read in one way only' };
  const isTls = url.protocol === 'https:';
  const { host: authority, pathname, search } = url;
  const path = `${pathname}${search}`;
  return { value: { url: url.href, isTls, target, authority, path, isEcho: target.host === ECHO_HOST } };
}

/** Absent setting: the target inside the node. */
export const BUILT_IN: readonly CheckTarget[] = [`http://${ECHO_HOST}/`].flatMap((url) => {
  const { value } = readCheckTarget(url);
  return value === undefined ? [] : [value];
});

/** `http://a.example/,https://b.example/`. */
export function readCheckTargets(text: string): Reading<readonly CheckTarget[]> {
  const read = text.split(',').map((one) => readCheckTarget(one.trim()));
  const reason = read.find((one) => one.reason !== undefined)?.reason;
  if (reason !== undefined) return { reason: `must be URLs with commas between them, and one ${reason}` };
  if (read.length > TARGETS_MAX) return { reason: `has more than ${String(TARGETS_MAX)} targets` };
  return { value: read.flatMap(({ value }) => (value === undefined ? [] : [value])) };
}

/** A caller's target: one of the operator's, or one that is not refused by its port or address. */
export function judgedTarget(text: string, given: readonly CheckTarget[]): Reading<CheckTarget> {
  const reading = readCheckTarget(text);
  if (reading.value === undefined) return reading;
  const { url, target, isEcho } = reading.value;
  const known = given.find((one) => one.url === url);
  if (known !== undefined) return { value: known };
  if (isEcho) return reading;
  if (REFUSED === undefined || NO_EXCEPTION === undefined) return { reason: 'cannot be judged' };
  const judge = judgeOf({ refused: REFUSED, allowed: NO_EXCEPTION, isOwn: () => false });
  if (REFUSED.has(target.port))
    return { reason: `has the port ${String(target.port)}, which is refused for all targets` };
  if (target.isAddress && judge(target.host, target.port) !== null)
    return { reason: 'is not an address of the public internet' };
  return reading;
}
