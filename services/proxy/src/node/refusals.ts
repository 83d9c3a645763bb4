// Every refusal of the node: one word, and how each protocol says it. docs/contract.md has the same table. The error
// types are those of RFC 9209 §2.3, the codes of SOCKS those of RFC 1928 §6.
import { STATUS_CODES } from 'node:http';

interface Form {
  readonly status: number;
  readonly error: string;
  readonly socks: number;
  readonly retryAfterS?: number;
}

export const REFUSALS = {
  request: { status: 400, error: 'http_request_error', socks: 0x01 },
  quota: { status: 402, error: 'http_request_denied', socks: 0x02 },
  target: { status: 403, error: 'destination_ip_prohibited', socks: 0x02 },
  port: { status: 403, error: 'http_request_denied', socks: 0x02 },
  blocked: { status: 403, error: 'http_request_denied', socks: 0x02 },
  suspended: { status: 403, error: 'http_request_denied', socks: 0x02 },
  disabled: { status: 403, error: 'http_request_denied', socks: 0x02 },
  expired: { status: 403, error: 'http_request_denied', socks: 0x02 },
  protocol: { status: 403, error: 'http_request_denied', socks: 0x02 },
  credentials: { status: 407, error: 'http_request_denied', socks: 0x02 },
  concurrency: { status: 429, error: 'connection_limit_reached', socks: 0x02, retryAfterS: 1 },
  logins: { status: 429, error: 'http_request_denied', socks: 0x02, retryAfterS: 60 },
  name: { status: 502, error: 'dns_error', socks: 0x04 },
  family: { status: 502, error: 'destination_ip_unroutable', socks: 0x04 },
  refused: { status: 502, error: 'connection_refused', socks: 0x05 },
  unreachable: { status: 502, error: 'destination_unavailable', socks: 0x04 },
  exit: { status: 502, error: 'destination_unavailable', socks: 0x04 },
  session: { status: 502, error: 'destination_unavailable', socks: 0x04 },
  closed: { status: 502, error: 'connection_terminated', socks: 0x04 },
  answer: { status: 502, error: 'http_protocol_error', socks: 0x01 },
  timeout: { status: 504, error: 'connection_timeout', socks: 0x06 },
  silent: { status: 504, error: 'http_response_timeout', socks: 0x06 },
} as const satisfies Readonly<Record<string, Form>>;

export type RefusalWord = keyof typeof REFUSALS;

/** The whole answer. Nothing follows it in the same message: refusals have no body. */
export function httpRefusal(word: RefusalWord, isKept: boolean): Buffer {
  const form: Form = REFUSALS[word];
  const lines = [
    `HTTP/1.1 ${String(form.status)} ${STATUS_CODES[form.status] ?? ''}`,
    ...(form.status === 407 ? ['Proxy-Authenticate: Basic realm="proxy", charset="UTF-8"'] : []),
    `Proxy-Status: lumi; error=${form.error}; details="${word}"`,
    ...(form.retryAfterS === undefined ? [] : [`Retry-After: ${String(form.retryAfterS)}`]),
    'Content-Length: 0',
    `Connection: ${isKept ? 'keep-alive' : 'close'}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** A reply with an empty bound address, as RFC 1928 §6 allows for failures. */
export function socksReply(code: number): Buffer {
  return Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
}
