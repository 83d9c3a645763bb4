// Rate limits shared by all processes: one atomic script per request, on Redis's own clock, so that gateways with
// different clocks agree. It fails fast instead of queueing; the caller decides which requests continue without Redis
// (reads) and which do not (money), see fallback-store.ts. The hash tag keeps a bucket on one node of a cluster.
import type { Result } from 'ioredis';
import { inFairTime, openRedis, type Log, type RedisClient } from '../../ground/runtime';
import { tokenUs } from './gcra';
import type { Limit, LimitResult, LimitStore } from './limit-store';

/**
 * The same steps as `decide` in gcra.ts. Numbers are whole microseconds below 2^53; `%.0f` keeps them out of exponent
 * form.
 */
const SCRIPT = `
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local cost = tonumber(ARGV[1])
local tokens = tonumber(ARGV[2])
local per_token = tonumber(ARGV[3])
local paid = tonumber(ARGV[4])
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0')
local capacity = tokens * per_token
local used = math.max(0, full_at - now)
local lacking = math.min(cost + paid, tokens) * per_token - (capacity - used)
if lacking > paid * per_token then
  local left = math.max(0, math.floor((capacity - used) / per_token))
  return {0, left, math.max(1, math.ceil(lacking / 1000000)), math.ceil(used / 1000000)}
end
if cost > 0 then
  used = used + cost * per_token
  redis.call('SET', KEYS[1], string.format('%.0f', now + used), 'PX', math.ceil(used / 1000))
end
return {1, math.max(0, math.floor((capacity - used) / per_token)), 0, math.ceil(used / 1000000)}
`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    lumiTake(
      key: string,
      cost: number,
      tokens: number,
      tokenUs: number,
      paid: number,
    ): Result<[number, number, number, number], Context>;
  }
}

export interface LimitRedisOptions {
  readonly url: string;
  readonly log: Log;
}

/** Longer than callers wait: a command without an answer is forgotten then. */
const COMMAND_LIMIT_MS = 10_000;
/** Requests that go on without Redis wait no longer for it. */
const ANSWER_LIMIT_MS = 500;

/** A client that never queues while Redis is down: every command fails at once and the caller decides. */
export function connectLimitRedis(options: LimitRedisOptions): RedisClient {
  const client = openRedis(options.url, {
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    // Purchases are refused until it is there again, perhaps at another address.
    retryMaxMs: 500,
    commandTimeout: COMMAND_LIMIT_MS,
  });
  let isAway = false;
  client.on('error', (err: unknown) => {
    if (!isAway) options.log.warn('redis is away', { err });
    isAway = true;
  });
  client.on('ready', () => {
    if (isAway) options.log.info('redis is back');
    isAway = false;
  });
  return client;
}

const READY_LIMIT_MS = 3_000;

/**
 * Resolves when it can be used, or after a while without it: until then every money request would be refused, also by a
 * process that has only just started.
 */
export function untilUsable(client: RedisClient): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, READY_LIMIT_MS);
    client.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export class RedisLimitStore implements LimitStore {
  constructor(
    private readonly client: RedisClient,
    private readonly prefix: string,
    private readonly answerLimitMs = ANSWER_LIMIT_MS,
  ) {
    if (typeof (client as { lumiTake?: unknown }).lumiTake !== 'function')
      client.defineCommand('lumiTake', { numberOfKeys: 1, lua: SCRIPT });
  }

  /** Rejects when Redis does not answer in time. */
  async take(key: string, cost: number, limit: Limit, paid = 0): Promise<LimitResult> {
    const [allowed, remaining, retryAfterS, resetS] = await inFairTime(
      this.answerLimitMs,
      this.client.lumiTake(`${this.prefix}:limit:{${key}}`, cost, limit.tokens, tokenUs(limit), paid),
    );
    return { allowed: allowed === 1, remaining, retryAfterS, resetS };
  }

  peek(key: string, limit: Limit): Promise<LimitResult> {
    return this.take(key, 0, limit);
  }
}
