// The last stage: every refusal becomes the contract's error body, through the one translator in shared/http. Adds `errorCode` for
// the log line and the rate-limit headers that every answer carries.
import type { ErrorRequestHandler } from 'express';
import { AppError } from '@lumi/shared/contract';
import { errorStage, sendError, toAppError } from '@lumi/shared/http';
import type { Log } from '@lumi/shared/runtime';
import { addressStanding, type AddressLimits } from '../limits/address-standing';

export function errors({ log, ...limits }: { log: Log } & AddressLimits): ErrorRequestHandler {
  const translate = errorStage(log, (req) => req.lumi.id);
  return (err: unknown, req, res, next) => {
    const record = req.lumi;
    const known = toAppError(err);
    record.errorCode = known.code;
    if (!res.headersSent) {
      // Refused before any limit was asked: what is told is the limit of the address, which nothing was taken from.
      const { rateLimit, ratePolicy } = record.rateLimit === '' ? addressStanding(limits, record.clientIp) : record;
      res.setHeader('RateLimit', rateLimit);
      res.setHeader('RateLimit-Policy', ratePolicy);
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
