// The money limit of a key: a request takes one token for each object it buys.
import type { Response } from 'express';
import { AppError } from '../../ground/contract';
import {
  MINUTE_MS,
  countDecisions,
  noteStoreFailure,
  rateLimitPolicyValue,
  rateLimitValue,
  type Limit,
  type LimitResult,
} from '../../base/limits';
import type { Principal } from '../../base/principal';
import type { Asked, Endpoint, MoneyTokens } from './context';
import type { MountDeps } from './mount-deps';

const money = countDecisions('money');

export async function moneyTokensOf(
  { route, moneyTokens }: Endpoint,
  asked: Asked<unknown, unknown>,
  items: readonly unknown[] | null,
): Promise<number> {
  const cost =
    moneyTokens === undefined
      ? route.bulk === undefined
        ? 1
        : (items?.length ?? 1)
      : await (moneyTokens as MoneyTokens<unknown, unknown>)(asked); // by the same schemas
  return Math.max(1, cost);
}

export async function payMoneyTokens(
  cost: number,
  principal: Principal,
  res: Response,
  deps: MountDeps,
): Promise<void> {
  const limit = { tokens: principal.moneyPerMinute, periodMs: MINUTE_MS };
  const result = await takeOrFailClosed(deps, `money:${principal.lineageId}`, cost, limit);
  res.setHeader('RateLimit-Policy', rateLimitPolicyValue('money', limit));
  res.setHeader('RateLimit', rateLimitValue('money', result));
  if (!result.allowed) throw new AppError('rate_limited', undefined, { retryAfterS: result.retryAfterS });
}

/** Money never continues without its limit: when the shared counters are down, the request is refused. */
async function takeOrFailClosed(deps: MountDeps, key: string, cost: number, limit: Limit): Promise<LimitResult> {
  try {
    return money.decided(await deps.moneyLimits.take(key, cost, limit));
  } catch (cause) {
    noteStoreFailure('money');
    throw new AppError('service_unavailable', undefined, { retryAfterS: 2, cause });
  }
}
