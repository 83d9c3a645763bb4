// The last stage: every refusal becomes the contract's error body, through the one translator in shared/http. Sets
// `errorCode` for the log line, and the rate-limit headers that every answer has.
import type { ErrorRequestHandler, Request, Response } from 'express';
import { AppError } from '@lumi/shared/contract';
import { errorStage, sendError, toAppError } from '@lumi/shared/http';
import type { Log } from '@lumi/shared/runtime';
import { refusals } from '../meters';
import { addressLimitHeaders, payByAddress, type AddressLimits } from '../limits/address-limit';

const HTTP_FAULTS: ReadonlySet<string> = new Set(['bad_request', 'headers_too_large', 'request_timeout']);

export function errors({ log, ...limits }: { log: Log } & AddressLimits): ErrorRequestHandler {
  const translate = errorStage(log, (req) => req.lumi.id);
  return (err: unknown, req, res, next) => {
    const record = req.lumi;
    const known = toAppError(err);
    const refusal =
      record.key === null && record.rateLimit === '' && known.status < 500 ? chargeAddress(known, req, res) : known;
    record.errorCode = refusal.code;
    refusals.of({ stage: record.refusedBy === '' ? 'none' : record.refusedBy, code: refusal.code }).add();
    if (!res.headersSent) {
      // Our own faults cost the caller no token; the headers show the address's limit.
      const { rateLimit, ratePolicy } = record.rateLimit === '' ? addressLimitHeaders(limits, record.clientIp) : record;
      res.setHeader('RateLimit', rateLimit);
      res.setHeader('RateLimit-Policy', ratePolicy);
      res.setHeader('X-Content-Type-Options', 'nosniff');
      // The access log records expected refusals; only errors with a cause get a log line here.
      if (refusal !== known || (err instanceof AppError && err.cause === undefined)) {
        sendError(res, refusal, record.id);
        return;
      }
    }
    translate(err, req, res, next);
  };

  /**
   * A refusal before the key is known spends a token of the address. When the address has none left, the connection is
   * closed too.
   */
  function chargeAddress(known: AppError, { lumi: record }: Request, res: Response): AppError {
    const paid = payByAddress(limits, record.clientIp);
    record.rateLimit = paid.rateLimit;
    record.ratePolicy = paid.ratePolicy;
    if (paid.allowed) return known;
    if (!res.headersSent) res.setHeader('Connection', 'close');
    // Invalid HTTP keeps its code, because it comes first in the order of refusals.
    return HTTP_FAULTS.has(known.code)
      ? known
      : new AppError('rate_limited', undefined, { retryAfterS: paid.retryAfterS });
  }
}
