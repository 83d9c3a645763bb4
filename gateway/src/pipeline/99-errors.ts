// The last stage: every refusal becomes the contract's error body, through the one translator in shared/http. Adds `errorCode` for
// the log line and the rate-limit headers that every answer carries.
import type { ErrorRequestHandler } from 'express';
import { AppError } from '@lumi/shared/contract';
import { errorStage, sendError, toAppError } from '@lumi/shared/http';
import type { Clock, Log } from '@lumi/shared/runtime';
import { MINUTE_MS, rateLimitPolicyValue, rateLimitValue, type MemoryLimitStore } from '@lumi/shared/limits';
import { addressBucket } from '../limits/address-bucket';

export function errors({ log, addressLimits, publicPerMinute }: { log: Log; clock: Clock; addressLimits: MemoryLimitStore; publicPerMinute: number }): ErrorRequestHandler {
  const translate = errorStage(log, (req) => req.lumi.id);
  const publicLimit = { tokens: publicPerMinute, periodMs: MINUTE_MS };
  return (err: unknown, req, res, next) => {
    const record = req.lumi;
    const known = toAppError(err);
    record.errorCode = known.code;
    if (!res.headersSent) {
      // Refused before any limit was asked: what is told is the limit of the address, which nothing was taken from.
      const hasLimit = record.rateLimit !== '';
      res.setHeader('RateLimit', hasLimit ? record.rateLimit : rateLimitValue('public', addressLimits.peekNow(addressBucket(record.clientIp), publicLimit)));
      res.setHeader('RateLimit-Policy', hasLimit ? record.ratePolicy : rateLimitPolicyValue('public', publicLimit));
      res.setHeader('X-Content-Type-Options', 'nosniff');
      // Expected refusals are told by the access log; only what has a cause is worth a line of its own.
      if (err instanceof AppError && err.cause === undefined) {
        sendError(res, err, record.id);
        return;
      }
    }
    translate(err, req, res, next);
  };
}
