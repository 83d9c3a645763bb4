// The one translator of errors: AppError → status + the contract's body. Only this file writes error bodies: in the
// gateway, in services and for items of a bulk. Unknown errors become a 500 without details; their cause goes to the
// log only.
import type { ErrorRequestHandler, Request, Response } from 'express';
import { AppError, ERROR_CODES, type ErrorDetail } from '../../ground/contract';
import { rateLimitPolicyValue, rateLimitValue } from '../limits';
import type { Log } from '../../ground/runtime';
import { leavesMuch } from './lingering';

export const JSON_TYPE = 'application/json; charset=utf-8';

export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly request_id: string;
    readonly details?: readonly ErrorDetail[];
  };
}

export function errorBody(err: AppError, requestId: string): ErrorBody {
  return {
    error: {
      code: err.code,
      message: err.message,
      request_id: requestId,
      ...(err.details === undefined ? {} : { details: err.details }),
    },
  };
}

const CODE_SHAPE = /^\{"error":\{"code":"([a-z_]{1,40})"/;

/** The code in the bytes of an error body that `errorBody` made; empty: none of ours. */
export function errorCodeIn(body: Uint8Array): string {
  const code = CODE_SHAPE.exec(Buffer.from(body.subarray(0, 64)).toString('latin1'))?.[1] ?? '';
  return Object.hasOwn(ERROR_CODES, code) ? code : '';
}

/** The error of one item of a bulk: the same code and message, without a request id. */
export function itemError(err: unknown): { code: string; message: string; details?: readonly ErrorDetail[] } {
  const known = toAppError(err);
  return {
    code: known.code,
    message: known.message,
    ...(known.details === undefined ? {} : { details: known.details }),
  };
}

export function errorHeaders(err: AppError): Record<string, string> {
  return {
    ...(err.retryAfterS === undefined ? {} : { 'Retry-After': String(err.retryAfterS) }),
    ...limitHeaders(err),
    ...(err.allow === undefined ? {} : { Allow: err.allow.join(', ') }),
    ...(err.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  };
}

function limitHeaders({ limit, retryAfterS = 1 }: AppError): Record<string, string> {
  if (limit === undefined) return {};
  return {
    RateLimit: rateLimitValue(limit.name, { allowed: false, remaining: 0, retryAfterS, resetS: retryAfterS }),
    'RateLimit-Policy': rateLimitPolicyValue(limit.name, limit),
  };
}

export function toAppError(err: unknown): AppError {
  if (err instanceof AppError) return err;
  const unread = readFault(err);
  if (unread !== null) return unread;
  if (isDatabaseAway(err)) return new AppError('service_unavailable', undefined, { retryAfterS: 5, cause: err });
  return new AppError('internal_error', undefined, { cause: err });
}

export function sendError(res: Response, err: AppError, requestId: string): void {
  for (const [name, value] of Object.entries(errorHeaders(err))) res.setHeader(name, value);
  const bytes = Buffer.from(JSON.stringify(errorBody(err, requestId)), 'utf8');
  res.statusCode = err.status;
  res.setHeader('Content-Type', JSON_TYPE);
  res.setHeader('Content-Length', bytes.length);
  res.setHeader('X-Request-Id', requestId);
  res.setHeader('Cache-Control', 'no-store');
  if (leavesMuch(res.req)) res.shouldKeepAlive = false;
  res.end(bytes);
}

/** The last stage of every app. `requestIdOf` reads the id that the first stage gave the request. */
export function errorStage(log: Log, requestIdOf: (req: Request, res: Response) => string): ErrorRequestHandler {
  return (err: unknown, req, res, _next) => {
    const known = toAppError(err);
    if (known.status >= 500)
      log.error('request failed', { request_id: requestIdOf(req, res), code: known.code, err: known.cause ?? known });
    if (res.headersSent) {
      res.destroy();
      return;
    }
    sendError(res, known, requestIdOf(req, res));
  };
}

/** The whole answer as text, for errors of the HTTP parser, when no response object exists yet. */
export function rawErrorResponse(
  code: keyof typeof ERROR_CODES,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): string {
  const err = new AppError(code);
  const body = JSON.stringify(errorBody(err, requestId));
  return [
    `HTTP/1.1 ${String(err.status)} ${STATUS_TEXT[err.status] ?? 'Error'}`,
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    `X-Request-Id: ${requestId}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Cache-Control: no-store',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
};

/**
 * Errors of Express and its body reader about a request: an aborted upload, a body too large, a path that is no text.
 * Only the sender causes them.
 */
function readFault(err: unknown): AppError | null {
  if (!(err instanceof Error)) return null;
  const { type, status } = err as { type?: unknown; status?: unknown };
  if (type === 'request.aborted') return new AppError('request_timeout');
  if (type === 'entity.too.large') return new AppError('payload_too_large');
  if (typeof type === 'string' && typeof status === 'number' && status < 500) return new AppError('bad_request');
  return err instanceof URIError ? new AppError('bad_request') : null;
}

const AWAY_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  // Its name or its address is gone, as while a container of it is replaced.
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  '57P01',
  '57P02',
  '57P03',
  '08006',
  '08001',
  '08003',
  // What PgBouncer says for whatever keeps it from PostgreSQL.
  '08P01',
  '53300',
]);

const UNREACHABLE = new RegExp(
  [
    'Connection terminated',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    "Can't reach database server",
    'Server has closed the connection',
  ].join('|'),
  'i',
);

/** However deep a driver or Prisma has wrapped what PostgreSQL or the pooler before it said. */
function isDatabaseAway(err: unknown, depth = 0): boolean {
  if (typeof err !== 'object' || err === null || depth > 5) return false;
  const { code, originalCode, message, cause, meta, driverAdapterError } = err as Readonly<Record<string, unknown>>;
  if ([code, originalCode].some((known) => typeof known === 'string' && AWAY_CODES.has(known))) return true;
  if (typeof message === 'string' && UNREACHABLE.test(message)) return true;
  return [cause, meta, driverAdapterError].some((inner) => isDatabaseAway(inner, depth + 1));
}
