// Regular limits as a client sees them: per lineage, exact Retry-After, headers on every answer, shared by gateways
// through Redis.
import { rollKey } from '@lumi/shared/keys';
import { FixedClock } from '@lumi/shared/runtime';
import { testDatabase, testRedis } from '@lumi/shared/testing';
import { ask, openFixture, type Ask, type Fixture, type Reply, type TestGateway } from './fixture';

const database = testDatabase();
const redis = testRedis();
const clock = new FixedClock(Date.now());
let fixture: Fixture;
let embedded: TestGateway;

beforeAll(async () => {
  fixture = await openFixture(database, redis, clock);
  embedded = await fixture.gateway({ REDIS_URL: undefined });
});
afterAll(() => fixture.close());

const me = (gateway: TestGateway, key: string): Promise<Reply> => ask(gateway, { path: '/api/v1/me', key });

describe('the regular limit', () => {
  it('is 120 a minute, and the headers count it down', async () => {
    const { key } = await fixture.newKey();
    const replies: Reply[] = [];
    for (let i = 0; i < 121; i += 1) replies.push(await me(embedded, key));
    expect(replies.slice(0, 120).every((reply) => reply.status === 200)).toBe(true);
    expect(replies[0]?.headers).toMatchObject({
      ratelimit: '"regular";r=119;t=1',
      'ratelimit-policy': '"regular";q=120;w=60',
    });
    expect(replies[119]?.headers['ratelimit']).toBe('"regular";r=0;t=60');
    expect(replies[120]).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(replies[120]?.headers).toMatchObject({
      'retry-after': '1',
      ratelimit: '"regular";r=0;t=1',
      'ratelimit-policy': '"regular";q=120;w=60',
    });
  });

  it('has an exact Retry-After', async () => {
    const { key } = await fixture.newKey({ limits: { regularPerMinute: 7 } });
    for (let i = 0; i < 7; i += 1) await me(embedded, key);
    const waitS = Number.parseInt((await me(embedded, key)).headers['retry-after'] ?? '', 10);
    expect(waitS).toBe(9);
    clock.advance((waitS - 1) * 1000);
    expect((await me(embedded, key)).status).toBe(429);
    clock.advance(1000);
    expect((await me(embedded, key)).status).toBe(200);
  });

  it('belongs to the lineage: a rolled key gets no new allowance', async () => {
    const { key, id } = await fixture.newKey({ limits: { regularPerMinute: 3 } });
    for (let i = 0; i < 3; i += 1) await me(embedded, key);
    const rolled = await rollKey(fixture.owner, fixture.rings, { keyId: id, overlapSeconds: 60 });
    expect((await me(embedded, rolled.key)).status).toBe(429);
  });

  it('counts every authenticated request, also one that is refused later', async () => {
    const { key } = await fixture.newKey({ scopes: ['domains:write'], limits: { regularPerMinute: 2 } });
    expect((await ask(embedded, { path: '/api/v1/things', key })).code).toBe('forbidden_scope');
    expect((await ask(embedded, { path: '/api/v1/things', key })).code).toBe('forbidden_scope');
    expect((await ask(embedded, { path: '/api/v1/things', key })).code).toBe('rate_limited');
  });

  it('does not count a request that is refused before the key is known', async () => {
    const { key } = await fixture.newKey({ limits: { regularPerMinute: 1 } });
    for (let i = 0; i < 3; i += 1) expect((await ask(embedded, { path: '/api/v1/nothing', key })).status).toBe(404);
    expect((await me(embedded, key)).status).toBe(200);
  });
});

describe('a request without money about many items', () => {
  const items = (count: number): string =>
    JSON.stringify({ items: Array.from({ length: count }, (_, i) => ({ thing: `t${String(i)}` })) });
  const quote = (key: string, count: number): Promise<Reply> =>
    ask(embedded, { path: '/api/v1/quotes', method: 'POST', key, body: items(count) });

  it('pays one regular token per ten items, rounded up; the purchase itself pays one', async () => {
    const { key } = await fixture.newKey();
    const left = (reply: Reply): string => String(reply.headers['ratelimit']).replace(/;t=.*/, '');
    expect(left(await quote(key, 10))).toBe('"regular";r=119');
    expect(left(await quote(key, 11))).toBe('"regular";r=117');
    expect(
      left(await ask(embedded, { path: '/api/v1/things/bulk?dry_run=true', method: 'POST', key, body: items(500) })),
    ).toBe('"regular";r=67');
    expect(
      left(
        await ask(embedded, {
          path: '/api/v1/things/bulk',
          method: 'POST',
          key,
          body: items(500),
          headers: { 'idempotency-key': 'items-are-money' },
        }),
      ),
    ).toBe('"regular";r=66');
  });

  it('pays for the list that its document names, at any depth', async () => {
    const { key } = await fixture.newKey();
    const things = Array.from({ length: 31 }, (_, i) => `t${String(i)}`);
    const look = (body: object): Promise<Reply> =>
      ask(embedded, { path: '/api/v1/things/look', method: 'POST', key, body: JSON.stringify(body) });
    expect((await look({ select: { things } })).headers['ratelimit']).toMatch(/^"regular";r=116;/);
    expect((await look({ select: { of: [things] }, things })).headers['ratelimit']).toMatch(/^"regular";r=115;/);
  });

  it('is refused before the service works on it, with an exact Retry-After', async () => {
    const { key } = await fixture.newKey();
    expect((await quote(key, 500)).status).toBe(200);
    expect((await quote(key, 500)).status).toBe(200);
    const received = fixture.services.domains.received.length;
    const refused = await quote(key, 500);
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited' });
    const waitS = Number.parseInt(String(refused.headers['retry-after']), 10);
    expect(refused.headers['ratelimit']).toBe(`"regular";r=19;t=${String(waitS)}`);
    expect(fixture.services.domains.received.length).toBe(received);
    clock.advance((waitS - 1) * 1000);
    expect((await quote(key, 500)).status).toBe(429);
    clock.advance(2_000); // the tokens of the refused request have to refill as well
    expect((await quote(key, 500)).status).toBe(200);
  });

  it('passes when the whole bucket of its key is smaller, and the rest is paid by waiting', async () => {
    const { key } = await fixture.newKey({ limits: { regularPerMinute: 6 } });
    expect((await quote(key, 500)).status).toBe(200);
    expect((await me(embedded, key)).headers['retry-after']).toBe('450'); // 45 tokens at ten seconds each
  });
});

describe('rate-limit headers', () => {
  it('are on every answer, also without a key', async () => {
    for (const path of [
      '/nothing',
      '/api/v1/things',
      '/api/v1/openapi.json',
      '/healthz',
      '/hosting/api/v1/healthz',
      '/docs',
    ]) {
      const { headers } = await ask(embedded, { path });
      expect(headers['ratelimit']).toMatch(/^"public";r=\d+;t=\d+$/);
      expect(headers['ratelimit-policy']).toBe('"public";q=300;w=60');
    }
  });
});

describe('rate-limit headers of refusals', () => {
  it.each<[number, Ask]>([
    [404, { path: '/api/v1/nothing' }],
    [405, { path: '/api/v1/things', method: 'DELETE' }],
    [405, { path: '/healthz', method: 'POST' }],
    [413, { path: '/api/v1/things/check', method: 'POST', body: Buffer.alloc(1_048_577) }],
    [422, { path: '/api/v1/things/check', method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } }],
    [401, { path: '/api/v1/me', key: 'nobody' }],
    [400, { path: '/api/v1/things', method: 'POST', body: '{}' }],
  ])('are there on %i of %o', async (status, asked) => {
    const reply = await ask(embedded, { key: (await fixture.newKey()).key, ...asked });
    expect(reply.status).toBe(status);
    expect(reply.headers['ratelimit']).toMatch(/^"(?:public|regular)";r=\d+;t=\d+$/);
    expect(reply.headers['ratelimit-policy']).toBe(
      String(reply.headers['ratelimit'])
        .replace(/;.*/, '')
        .replace('"public"', '"public";q=300;w=60')
        .replace('"regular"', '"regular";q=120;w=60'),
    );
  });

  it('are there while the API is off, and when a service is away, broken or silent', async () => {
    const { key } = await fixture.newKey();
    const off = await fixture.gateway({ REDIS_URL: undefined, API_ENABLED: 'false' });
    expect(await ask(off, { path: '/api/v1/me', key })).toMatchObject({
      status: 503,
      headers: { ratelimit: '"public";r=300;t=0' },
    });
    expect(await ask(off, { path: '/healthz' })).toMatchObject({
      status: 200,
      headers: { ratelimit: '"public";r=300;t=0' },
    });
    const { domains } = fixture.services;
    const answered = domains.answer;
    domains.answer = () => 'reset';
    expect(await me(embedded, key)).toMatchObject({
      status: 503,
      headers: { ratelimit: '"regular";r=119;t=1', 'ratelimit-policy': '"regular";q=120;w=60' },
    });
    domains.answer = () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad Gateway</h1>' });
    expect(await me(embedded, key)).toMatchObject({ status: 503, headers: { ratelimit: '"regular";r=118;t=1' } });
    domains.answer = answered;
    const silent = await fixture.gateway({ REDIS_URL: undefined, UPSTREAM_TIMEOUT_MS: '50' });
    domains.answer = () => new Promise(() => undefined);
    expect(await me(silent, key)).toMatchObject({ status: 503, headers: { ratelimit: '"regular";r=119;t=1' } });
    domains.answer = answered;
  });
});

describe('a refusal before a key is known', () => {
  it('spends the bucket of its address or /64, not that of a key; then 429 on a connection that ends', async () => {
    const gateway = await fixture.gateway({ REDIS_URL: undefined, PUBLIC_PER_MINUTE: '4', TRUST_PROXY: 'loopback' });
    const { key } = await fixture.newKey();
    const from = (address: string, asked: Ask): Promise<Reply> =>
      ask(gateway, { ...asked, headers: { 'x-forwarded-for': address, ...asked.headers } });
    expect((await from('203.0.113.1', { path: '/api/v1/me', key })).status).toBe(200);
    const stranger: Ask[] = [
      { path: '/api/v1/me' },
      { path: '/nothing' },
      { path: '/api/v1/me', key: 'nobody' },
      { path: '/healthz', method: 'POST' },
    ];
    for (const [i, asked] of stranger.entries())
      expect(await from('203.0.113.1', asked)).toMatchObject({
        headers: { ratelimit: expect.stringContaining(`"public";r=${String(3 - i)};`) as string },
      });
    for (const asked of stranger) {
      const reply = await from('203.0.113.1', asked);
      expect(reply).toMatchObject({
        status: 429,
        code: 'rate_limited',
        headers: { 'retry-after': '15', ratelimit: '"public";r=0;t=15', connection: 'close' },
      });
    }
    // Invalid HTTP comes first in the order of refusals.
    expect(await from('203.0.113.1', { path: '/api/v1/me', headers: { expect: 'miracles' } })).toMatchObject({
      status: 400,
      code: 'bad_request',
    });
    expect((await from('203.0.113.1', { path: '/api/v1/me', key })).status).toBe(200);
    expect((await from('203.0.113.2', { path: '/api/v1/me' })).status).toBe(401);
    for (let i = 1; i <= 4; i += 1)
      expect((await from(`2001:db8::${String(i)}`, { path: '/api/v1/me' })).status).toBe(401);
    expect((await from('2001:db8::ffff:5', { path: '/api/v1/me' })).status).toBe(429);
  });
});

describe('public routes', () => {
  it('have a limit per address, which is separate from keys', async () => {
    const gateway = await fixture.gateway({ REDIS_URL: undefined, PUBLIC_PER_MINUTE: '2', TRUST_PROXY: 'loopback' });
    const from = (address: string): Promise<Reply> =>
      ask(gateway, { path: '/api/v1/openapi.json', headers: { 'x-forwarded-for': address } });
    expect([
      (await from('203.0.113.1')).status,
      (await from('203.0.113.1')).status,
      (await from('203.0.113.1')).status,
    ]).toEqual([200, 200, 429]);
    expect((await from('203.0.113.2')).status).toBe(200);
    expect([
      (await from('2001:db8::1')).status,
      (await from('2001:db8::2')).status,
      (await from('2001:db8:0:0:ffff::3')).status,
    ]).toEqual([200, 200, 429]);
    expect((await me(gateway, (await fixture.newKey()).key)).status).toBe(200);
  });
});

describe('the client’s address', () => {
  it('is the one that trusted proxies say, never the one that the client says', async () => {
    const trusting = await fixture.gateway({ REDIS_URL: undefined, TRUST_PROXY: 'loopback,10.0.0.0/8' });
    const { key } = await fixture.newKey();
    const seen = async (gateway: TestGateway, forwarded: string | string[]): Promise<unknown> => {
      await ask(gateway, { path: '/api/v1/me', key, headers: { 'x-forwarded-for': forwarded } });
      return fixture.services.domains.received.at(-1)?.headers['x-lumi-client-ip'];
    };
    expect(await seen(embedded, '203.0.113.9')).toBe('127.0.0.1');
    expect(await seen(trusting, '203.0.113.9')).toBe('203.0.113.9');
    expect(await seen(trusting, '1.1.1.1, 203.0.113.9, 10.1.2.3')).toBe('203.0.113.9');
    expect(await seen(trusting, ['1.1.1.1', '203.0.113.9'])).toBe('203.0.113.9');
    expect(await seen(trusting, 'nonsense, 10.1.2.3')).toBe('10.1.2.3');
  });

  it('is checked against allow-lists', async () => {
    const trusting = await fixture.gateway({ REDIS_URL: undefined, TRUST_PROXY: 'loopback' });
    const { key } = await fixture.newKey({ ipAllowlist: ['203.0.113.0/24'] });
    const from = (address: string): Promise<Reply> =>
      ask(trusting, { path: '/api/v1/me', key, headers: { 'x-forwarded-for': address } });
    expect((await from('203.0.113.77')).status).toBe(200);
    expect(await from('203.0.114.1')).toMatchObject({ status: 401, code: 'invalid_key' });
  });
});

(redis === null ? describe.skip : describe)('with Redis', () => {
  it('counts together for all gateways', async () => {
    const [one, two] = [await fixture.gateway(), await fixture.gateway()];
    const { key } = await fixture.newKey({ limits: { regularPerMinute: 20 } });
    const replies = await Promise.all(Array.from({ length: 60 }, (_, i) => me(i % 2 === 0 ? one : two, key)));
    // While the 60 are under way a token may grow back every 3 s.
    const admitted = replies.filter((reply) => reply.status === 200).length;
    expect(admitted).toBeGreaterThanOrEqual(20);
    expect(admitted).toBeLessThanOrEqual(22);
  });

  it('leaves a local limit when it is away, and reads go on', async () => {
    const away = await fixture.gateway({ REDIS_URL: 'redis://127.0.0.1:1' });
    const { key } = await fixture.newKey({ limits: { regularPerMinute: 3 } });
    const replies = [];
    for (let i = 0; i < 4; i += 1) replies.push((await me(away, key)).status);
    expect(replies).toEqual([200, 200, 200, 429]);
  });
});
