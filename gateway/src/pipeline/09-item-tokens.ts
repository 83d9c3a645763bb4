// A request with many items (a check, a quote, a change of many, a dry run) costs us as much as several requests. It
// pays one regular token per group of items; stage 07 has taken the first; 429.
import type { RequestHandler } from 'express';
import { AppError } from '@lumi/shared/contract';
import { countItems } from '@lumi/shared/http';
import { countDecisions, rateLimitValue, type LimitStore } from '@lumi/shared/limits';

/** A request with more items is refused because of their number. */
const ITEMS_MAX = 500;
const decisions = countDecisions('items');

export function itemTokens({ keyLimits }: { readonly keyLimits: LimitStore }): RequestHandler {
  return (req, _res, next) => {
    const { key, operation, isMoney, body } = req.lumi;
    const list = operation?.paidList ?? null;
    const tokens =
      key === null || list === null || isMoney
        ? 1
        : Math.ceil(Math.min(countItems(body, list.depth), ITEMS_MAX) / list.itemsPerToken);
    if (key === null || tokens <= 1) {
      next();
      return;
    }
    void keyLimits
      .take(key.regularBucket, tokens - 1, key.regularLimit, 1)
      .then((taken) => {
        req.lumi.rateLimit = rateLimitValue('regular', decisions.decided(taken));
        if (!taken.allowed) throw new AppError('rate_limited', undefined, { retryAfterS: taken.retryAfterS });
        next();
      })
      .catch(next);
  };
}
