// One suite for all stores: memory and Redis behave alike. The Redis half runs when REDIS_URL is set. The time of Redis
// cannot be set, so the suite ages the bucket instead (`Bucket.age`): memory advances its clock, Redis gets an earlier
// stored time.
import { randomUUID } from 'node:crypto';
import Redis from 'ioredis';
import { FixedClock, silentLog, type RedisClient } from '../../ground/runtime';
import { FallbackLimitStore } from './fallback-store';
import { decide } from './gcra';
import type { Limit, LimitStore } from './limit-store';
import { MemoryLimitStore } from './memory-store';
import { RedisLimitStore, connectLimitRedis } from './redis-store';

interface Bench {
  readonly store: LimitStore;
  age(key: string, ms: number): Promise<void>;
  close(): Promise<void>;
}

function memoryBench(): Promise<Bench> {
  const clock = new FixedClock(1_700_000_000_123);
  return Promise.resolve({
    store: new MemoryLimitStore(clock),
    age: (_key, ms) => {
      clock.advance(ms);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
}

async function redisBench(url: string): Promise<Bench> {
  const prefix = `test-${randomUUID()}`;
  const client = connectLimitRedis({ url, log: silentLog });
  await new Promise((resolve) => client.once('ready', resolve));
  const nameOf = (key: string): string => `${prefix}:limit:{${key}}`;
  return {
    store: new RedisLimitStore(client, prefix),
    age: async (key, ms) => {
      const fullAt = await client.get(nameOf(key));
      if (fullAt !== null)
        await client.set(nameOf(key), String(Number.parseInt(fullAt, 10) - ms * 1000), 'PX', 600_000);
    },
    close: async () => {
      const keys = await client.keys(`${prefix}:*`);
      if (keys.length > 0) await client.del(...keys);
      await client.quit();
    },
  };
}

const redisUrl = process.env['REDIS_URL'];
const benches: [string, () => Promise<Bench>][] = [['memory', memoryBench]];
if (redisUrl !== undefined) benches.push(['redis', () => redisBench(redisUrl)]);

// slow enough that real time does not matter in the Redis half
const PER_HOUR: Limit = { tokens: 20, periodMs: 3_600_000 };

describe.each(benches)('limits in %s', (_name, open) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await open();
  });
  afterAll(() => bench.close());

  const take = (key: string, cost = 1, limit = PER_HOUR) => bench.store.take(key, cost, limit);

  it('admit exactly the limit at once, then refuse', async () => {
    const key = randomUUID();
    const answers = [];
    for (let i = 0; i < 23; i += 1) answers.push(await take(key));
    expect(answers.map((answer) => answer.allowed)).toEqual([...Array<boolean>(20).fill(true), false, false, false]);
    expect(answers.slice(0, 20).map((answer) => answer.remaining)).toEqual(
      Array.from({ length: 20 }, (_, i) => 19 - i),
    );
  });

  it('admit exactly the limit when the requests arrive in parallel', async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 60 }, () => take(key)));
    expect(answers.filter((answer) => answer.allowed)).toHaveLength(20);
  });

  it('keep buckets separate', async () => {
    const key = randomUUID();
    for (let i = 0; i < 20; i += 1) await take(key);
    expect((await take(randomUUID())).allowed).toBe(true);
  });

  it('give an exact Retry-After: one second less is refused, that long is admitted', async () => {
    const key = randomUUID();
    for (let i = 0; i < 20; i += 1) await take(key);
    const refused = await take(key);
    expect(refused.retryAfterS).toBeGreaterThan(170);
    expect(refused.retryAfterS).toBeLessThanOrEqual(180);
    await bench.age(key, (refused.retryAfterS - 2) * 1000);
    expect((await take(key)).allowed).toBe(false);
    await bench.age(key, 2000);
    expect((await take(key)).allowed).toBe(true);
  });

  it('never answer Retry-After 0', async () => {
    const key = randomUUID();
    const fast: Limit = { tokens: 1, periodMs: 300 };
    await take(key, 1, fast);
    const refused = await take(key, 1, fast);
    if (!refused.allowed) expect(refused.retryAfterS).toBe(1);
  });

  it('have no window edge: after a pause only refilled tokens are admitted', async () => {
    const key = randomUUID();
    for (let i = 0; i < 20; i += 1) await take(key);
    await bench.age(key, 5 * 180_000);
    const answers = [];
    for (let i = 0; i < 7; i += 1) answers.push((await take(key)).allowed);
    expect(answers).toEqual([true, true, true, true, true, false, false]);
  });

  it('let a bulk go into debt and make the next request wait until the debt is gone', async () => {
    const key = randomUUID();
    const bulk = await take(key, 500);
    expect(bulk).toMatchObject({ allowed: true, remaining: 0 });
    const next = await take(key);
    expect(next.allowed).toBe(false);
    // 480 tokens of debt and the requested one: 481 × 180 s, less the time since then.
    expect(next.retryAfterS).toBeGreaterThan(481 * 180 - 10);
    expect(next.retryAfterS).toBeLessThanOrEqual(481 * 180);
    await bench.age(key, next.retryAfterS * 1000);
    expect((await take(key)).allowed).toBe(true);
  });

  it('admit a cost paid in two parts like one paid at once, and say when both parts pass', async () => {
    const key = randomUUID();
    await take(key);
    expect(await bench.store.take(key, 49, PER_HOUR, 1)).toMatchObject({ allowed: true, remaining: 0 });
    const other = randomUUID();
    await take(other);
    await take(other);
    const refused = await bench.store.take(other, 49, PER_HOUR, 1);
    expect(refused.allowed).toBe(false);
    await bench.age(other, refused.retryAfterS * 1000);
    expect((await take(other)).allowed).toBe(true);
    expect((await bench.store.take(other, 49, PER_HOUR, 1)).allowed).toBe(true);
  });

  it('admit a bulk only when there are as many tokens as items, up to the limit', async () => {
    const key = randomUUID();
    await take(key);
    const big = await take(key, 500);
    expect(big.allowed).toBe(false);
    expect((await take(key, 19)).allowed).toBe(true);
    await bench.age(key, 3_600_000);
    expect((await take(key, 500)).allowed).toBe(true);
  });

  it('charge nothing for a refused request and nothing for a peek', async () => {
    const key = randomUUID();
    for (let i = 0; i < 19; i += 1) await take(key);
    for (let i = 0; i < 5; i += 1) await take(key, 2);
    for (let i = 0; i < 5; i += 1) expect((await bench.store.peek(key, PER_HOUR)).remaining).toBe(1);
    expect((await take(key)).allowed).toBe(true);
  });

  it('hold for random sequences: never more than limit plus refill, and every Retry-After is exact', async () => {
    const random = seeded(20261124);
    for (let round = 0; round < 8; round += 1) {
      const key = randomUUID();
      const limit: Limit = { tokens: 1 + Math.floor(random() * 30), periodMs: 3_600_000 };
      let admitted = 0;
      let agedMs = 0;
      for (let step = 0; step < 40; step += 1) {
        const cost = 1 + Math.floor(random() * 3);
        const answer = await take(key, Math.min(cost, limit.tokens), limit);
        if (answer.allowed) {
          admitted += Math.min(cost, limit.tokens);
          expect(answer.retryAfterS).toBe(0);
        } else {
          expect(Number.isInteger(answer.retryAfterS) && answer.retryAfterS >= 1).toBe(true);
          await bench.age(key, answer.retryAfterS * 1000);
          agedMs += answer.retryAfterS * 1000;
          expect((await take(key, Math.min(cost, limit.tokens), limit)).allowed).toBe(true);
          admitted += Math.min(cost, limit.tokens);
        }
        const pauseMs = Math.floor(random() * 60_000);
        await bench.age(key, pauseMs);
        agedMs += pauseMs;
      }
      // a minute for the real time of the Redis half
      const grownBack = ((agedMs + 60_000) * limit.tokens) / limit.periodMs;
      expect(admitted).toBeLessThanOrEqual(limit.tokens + grownBack);
    }
  });
});

describe('gcra', () => {
  it('is exact at the edge of one token', () => {
    const limit: Limit = { tokens: 120, periodMs: 60_000 };
    const nowUs = 1_700_000_000_000_000;
    const spent = decide(undefined, nowUs, 120, limit);
    expect(decide(spent.fullAtUs, nowUs + 499_999, 1, limit).result.allowed).toBe(false);
    expect(decide(spent.fullAtUs, nowUs + 500_000, 1, limit).result.allowed).toBe(true);
  });
});

describe('the memory store', () => {
  it('keeps its maximum size, and drops full buckets before spent ones', () => {
    const clock = new FixedClock(1_000_000);
    const store = new MemoryLimitStore(clock, { bucketsMax: 100 });
    const limit: Limit = { tokens: 1, periodMs: 60_000 };
    for (let i = 0; i < 90; i += 1) store.takeNow(`old-${String(i)}`, 1, limit);
    clock.advance(60_001);
    store.takeNow('spent', 1, limit);
    for (let i = 0; i < 60; i += 1) store.takeNow(`new-${String(i)}`, 1, limit);
    expect(store.size).toBeLessThanOrEqual(100);
    expect(store.takeNow('spent', 1, limit).allowed).toBe(false);
    for (let i = 0; i < 500; i += 1) store.takeNow(`flood-${String(i)}`, 1, limit);
    expect(store.size).toBeLessThanOrEqual(100);
  });
});

it('a client of the limits tries again within half a second, however long Redis was away', () => {
  const client = connectLimitRedis({ url: 'redis://127.0.0.1:1', log: silentLog });
  client.disconnect();
  expect(client).toBeInstanceOf(Redis);
  expect((client as Redis).options.retryStrategy?.(1_000)).toBe(500);
});

if (redisUrl !== undefined)
  it('takes an answer of Redis that came while the process was busy', async () => {
    const bench = await redisBench(redisUrl);
    const taken = bench.store.take('busy', 1, PER_HOUR);
    await new Promise(setImmediate); // commands of one turn are sent together at its end
    const endAt = performance.now() + 1_500;
    while (performance.now() < endAt);
    await expect(taken.finally(() => bench.close())).resolves.toMatchObject({ allowed: true, remaining: 19 });
  });

it('rejects when Redis does not answer in time', async () => {
  const silent = { lumiTake: () => new Promise(() => undefined) } as unknown as RedisClient;
  await expect(new RedisLimitStore(silent, 'test', 50).take('a', 1, PER_HOUR)).rejects.toThrow('in time');
});

describe('the fallback store', () => {
  it('uses the local limit while the shared one fails, and does not call the shared one for a second', async () => {
    const clock = new FixedClock(0);
    let asked = 0;
    const broken: LimitStore = {
      take: () => {
        asked += 1;
        return Promise.reject(new Error('away'));
      },
      peek: () => Promise.reject(new Error('away')),
    };
    const store = new FallbackLimitStore(broken, new MemoryLimitStore(clock), clock);
    const limit: Limit = { tokens: 2, periodMs: 60_000 };
    const answers = [await store.take('a', 1, limit), await store.take('a', 1, limit), await store.take('a', 1, limit)];
    expect(answers.map((answer) => answer.allowed)).toEqual([true, true, false]);
    expect(asked).toBe(1);
    clock.advance(1_000);
    await store.take('a', 1, limit);
    expect(asked).toBe(2);
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
