// The one error type for expected refusals. Only `http/errors.ts` turns it into a status and a body. Callers read its
// message, so it names no other account, no table and no supplier.
import { ERROR_CODES, type ErrorCode } from './error-codes';

export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
}

export interface AppErrorOptions {
  /**
   * Where the input is wrong (422), or the one fact that the caller needs to continue (409: new price, running
   * operation).
   */
  readonly details?: readonly ErrorDetail[];
  /** Whole seconds, at least 1; becomes the `Retry-After` header. */
  readonly retryAfterS?: number;
  /** The limit that refused, when it is not the key's regular one; shown in the `RateLimit` headers. */
  readonly limit?: { readonly name: string; readonly tokens: number; readonly periodMs: number };
  /** Methods for the `Allow` header of a 405. */
  readonly allow?: readonly string[];
  readonly cause?: unknown;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: readonly ErrorDetail[] | undefined;
  readonly retryAfterS: number | undefined;
  readonly limit: AppErrorOptions['limit'];
  readonly allow: readonly string[] | undefined;

  constructor(code: ErrorCode, publicText?: string, options: AppErrorOptions = {}) {
    super(publicText ?? ERROR_CODES[code].sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = ERROR_CODES[code].status;
    this.details = options.details;
    this.retryAfterS = options.retryAfterS === undefined ? undefined : Math.max(1, Math.ceil(options.retryAfterS));
    this.limit = options.limit;
    this.allow = options.allow;
  }
}

/** Hidden objects and missing objects get the same answer: always this error, never a variant of it. */
export function notFound(): AppError {
  return new AppError('not_found');
}

export function invalid(path: string, message: string): AppError {
  return new AppError('validation_error', undefined, { details: [{ path, message }] });
}
