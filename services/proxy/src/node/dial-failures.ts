// What a client gets to see of a connection that did not open.
import type { RefusalWord } from './refusals';
import { AWAY, BUSY, DENIED, SILENT } from './upstream-handshake';

/** Another address of the target may answer. */
export const ELSEWHERE: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

const FAILURES: Readonly<Record<string, RefusalWord>> = {
  ETIMEDOUT: 'timeout',
  ECONNREFUSED: 'refused',
  EADDRNOTAVAIL: 'exit',
  EADDRINUSE: 'exit',
  [AWAY]: 'exit',
  [DENIED]: 'target',
  [BUSY]: 'concurrency',
  [SILENT]: 'timeout',
};

/** `code`: the system's, or one of a supplier's proxy. */
export function wordOf(code: string): RefusalWord {
  return FAILURES[code] ?? 'unreachable';
}
