// One token per request from the key's lineage (public routes: from the caller's address); 429. Sets `rateLimit` and
// `ratePolicy`.
import rateLimit, { type RateLimitInfo } from 'express-rate-limit';
import type { NextFunction, Request, RequestHandler } from 'express';
import { addressBucket } from '@lumi/shared/addresses';
import { AppError } from '@lumi/shared/contract';
import { MINUTE_MS, countDecisions, rateLimitPolicyValue, rateLimitValue, type LimitStore } from '@lumi/shared/limits';
import type { Clock } from '@lumi/shared/runtime';
import { GcraStore, bucketName } from '../limits/gcra-store';

export interface RegularLimitDeps {
  readonly clock: Clock;
  /** Shared by all gateways when Redis is configured. */
  readonly keyLimits: LimitStore;
  /** Local to this process: there are many addresses, and their limits need not be exact across gateways. */
  readonly addressLimits: LimitStore;
  readonly publicPerMinute: number;
}

export function regularLimit({ clock, keyLimits, addressLimits, publicPerMinute }: RegularLimitDeps): RequestHandler {
  const byKey = limiter({
    name: 'regular',
    clock,
    store: keyLimits,
    tokensOf: (req) => req.lumi.key?.regularLimit.tokens ?? 0,
    bucketOf: (req) => req.lumi.key?.limitBucket ?? '',
  });
  const byAddress = limiter({
    name: 'public',
    clock,
    store: addressLimits,
    tokensOf: () => publicPerMinute,
    bucketOf: (req) => bucketName(addressBucket(req.lumi.clientIp), publicPerMinute),
  });
  return (req, res, next) => (req.lumi.key === null ? byAddress : byKey)(req, res, next);
}

/** The property that express-rate-limit sets on the request; its own types do not declare it. */
type CountedRequest = Request & { readonly rateLimit?: Partial<RateLimitInfo> };

interface LimiterOptions {
  readonly name: 'regular' | 'public';
  readonly clock: Clock;
  readonly store: LimitStore;
  readonly tokensOf: (req: Request) => number;
  readonly bucketOf: (req: Request) => string;
}

function limiter({ name, clock, store, tokensOf, bucketOf }: LimiterOptions): RequestHandler {
  const decisions = countDecisions(name);
  const secondsUntil = (time: Date | undefined): number =>
    time === undefined ? 0 : Math.max(0, Math.ceil((time.getTime() - clock.nowMs()) / 1000));
  const note = (req: Request): number => {
    const { limit = 0, remaining = 0, resetTime } = (req as CountedRequest).rateLimit ?? {};
    const resetS = secondsUntil(resetTime);
    req.lumi.rateLimit = rateLimitValue(name, { allowed: true, remaining, retryAfterS: 0, resetS });
    req.lumi.ratePolicy = rateLimitPolicyValue(name, { tokens: limit, periodMs: MINUTE_MS });
    return resetS;
  };
  const middleware = rateLimit({
    windowMs: MINUTE_MS,
    limit: tokensOf,
    keyGenerator: bucketOf,
    store: new GcraStore(store, clock, decisions),
    // The headers are written with the rest of the answer and joined with the service's own.
    standardHeaders: false,
    legacyHeaders: false,
    validate: false,
    handler: (req, _res, next) => next(new AppError('rate_limited', undefined, { retryAfterS: note(req) })),
  });
  return (req, res, next) => {
    const pass: NextFunction = (err?: unknown) => {
      if (err !== undefined) {
        next(err);
        return;
      }
      note(req);
      next();
    };
    void middleware(req, res, pass);
  };
}
