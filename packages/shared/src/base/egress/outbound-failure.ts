// Why a request to a customer's URL got no answer, as a code that the customer sees. Messages of libraries name
// addresses, so none is shown.
import { errors } from 'undici';
import { NotJudged } from './judged-connect';

export const FAILURES = [
  'address_not_allowed',
  'name_not_found',
  'timeout',
  'connect_failed',
  'tls_failed',
  'connection_lost',
  'bad_answer',
] as const;

export type Failure = (typeof FAILURES)[number];

const NOT_CONNECTED =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/;
/** OpenSSL's names of faults in certificates, and Node's own. */
const TLS = /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|HOSTNAME_MISMATCH)/;
/** The parser's, and undici's of sizes and forms. */
const BAD_ANSWER = /^(HPE_|UND_ERR_(HEADERS_OVERFLOW|RESPONSE|REQ_CONTENT|RES_|INVALID|NOT_SUPPORTED))/;

export function failureOf(err: unknown): Failure {
  if (err instanceof NotJudged) return 'address_not_allowed';
  const code = codeOf(err);
  if (NOT_CONNECTED.test(code)) return 'connect_failed';
  if (TLS.test(code)) return 'tls_failed';
  if (err instanceof errors.HTTPParserError) return 'bad_answer';
  return BAD_ANSWER.test(code) ? 'bad_answer' : 'connection_lost';
}

function codeOf(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { code, errors: ofEach } = err as { code?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  return Array.isArray(ofEach) ? codeOf(ofEach[0]) : ''; // each address failed
}
