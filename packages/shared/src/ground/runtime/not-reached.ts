// Whether a request that failed was certainly not sent. What is certain may be sent again, or given up without a trace;
// everything else may have been carried out.

/** Making a connection, not using it: EHOSTUNREACH, for one, can also end a connection that carried the request. */
const CONNECTING: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo']);
const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';
/** The peer is not who it should be, seen in the handshake: nothing is written before that. */
const WRONG_PEER: ReadonlySet<unknown> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** True only when no connection was made, at any address of the name; `err` is what undici or `node:net` threw. */
export function wasNotReached(err: unknown): boolean {
  if (typeof err !== 'object' || err === null) return false;
  // One error for each address of the name. One that names none of them proves nothing.
  if ('errors' in err) return Array.isArray(err.errors) && err.errors.length > 0 && err.errors.every(wasNotReached);
  if ('syscall' in err && CONNECTING.has(err.syscall)) return true;
  return 'code' in err && (err.code === CONNECT_TIMEOUT || WRONG_PEER.has(err.code));
}
