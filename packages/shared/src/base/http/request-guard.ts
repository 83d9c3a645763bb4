// Refuses, at every port, requests that Node's HTTP parser accepts and the contract does not. Requests are smuggled
// past a proxy when two programs read one request differently, so every ambiguous request is `400 bad_request`.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AppError } from '../../ground/contract';
import { isHost } from './host-name';

const HEADER_LINES_MAX = 100;
/** Each may be on one line only: Node would silently take the first of two, or join them. */
const SINGLE = new Set([
  'host',
  'authorization',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'expect',
]);
const LENGTH_SHAPE = /^(?:0|[1-9]\d{0,14})$/;
/** Visible ASCII without `#`, which no request target contains. */
const TARGET_SHAPE = /^\/[\x21\x22\x24-\x7e]*$/;
const ALLOWED = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Throws the refusal. False: the request follows a refused one, its beginning is uncertain, and its connection is
 * closed.
 */
export type RequestGuard = (req: IncomingMessage, res: ServerResponse) => boolean;

export function requestGuard(): RequestGuard {
  // Connections on which the start of the next request is uncertain. `Connection: close` alone is not enough: Node
  // still delivers requests that were pipelined after the refused one.
  const inDoubt = new WeakSet<Socket>();
  return (req, res) => {
    if (inDoubt.has(req.socket)) {
      res.destroy();
      return false;
    }
    const fault = framingFault(req) ?? headerFault(req);
    if (fault !== null) {
      inDoubt.add(req.socket);
      res.setHeader('Connection', 'close');
      throw fault;
    }
    if (!TARGET_SHAPE.test(req.url ?? '')) throw new AppError('bad_request', 'The request target must be a path.');
    if (req.method === 'TRACE') throw new AppError('method_not_allowed', undefined, { allow: ALLOWED });
    return true;
  };
}

function framingFault(req: IncomingMessage): AppError | null {
  if (req.httpVersionMajor !== 1) return new AppError('bad_request', 'Only HTTP/1.1 and HTTP/1.0 are understood.');
  const { host, 'content-length': length, 'transfer-encoding': encoding, expect } = req.headers;
  if (host === undefined && req.httpVersionMinor === 1) return new AppError('bad_request', "'Host' is missing.");
  if (host !== undefined && !isHost(host))
    return new AppError('bad_request', "'Host' is neither a name nor an address with an optional port.");
  if (
    encoding !== undefined &&
    (encoding.toLowerCase() !== 'chunked' || length !== undefined || req.httpVersionMinor === 0)
  )
    return new AppError(
      'bad_request',
      "The only 'Transfer-Encoding' understood is 'chunked', without 'Content-Length'.",
    );
  if (length !== undefined && !LENGTH_SHAPE.test(length))
    return new AppError('bad_request', "'Content-Length' is not a plain number.");
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    return new AppError('bad_request', "The only 'Expect' understood is '100-continue'.");
  return null;
}

function headerFault(req: IncomingMessage): AppError | null {
  const lines = req.rawHeaders;
  if (lines.length > HEADER_LINES_MAX * 2)
    return new AppError('headers_too_large', `At most ${String(HEADER_LINES_MAX)} header lines are read.`);
  let seen = '';
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i]?.toLowerCase() ?? '';
    if (!SINGLE.has(name)) continue;
    if (seen.includes(`,${name},`)) return new AppError('bad_request', `'${name}' may appear only once.`);
    seen += `,${name},`;
  }
  return null;
}
