// Single calls without a network: what is sent, what is repeated, what is refused before anything is sent.
import { LumiDomains, LumiError, LumiHosting, LumiProxy, type LumiOptions } from '../src';
import { delayMs } from '../src/retries';
import { fakeServer, json, refusal, type Answering } from './fake-server';

const apiKey = 'lumi_domains_0123456789';
const baseUrl = 'https://api.example.com';

function open(answer: Answering, more: Partial<LumiOptions> = {}) {
  const server = fakeServer(answer);
  return { ...server, lumi: new LumiDomains({ apiKey, baseUrl, fetch: server.fetch, ...more }) };
}
const good = () => json(200, { items: [], next_cursor: null, has_more: false });

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => jest.restoreAllMocks());

describe('what is sent', () => {
  it('has the parts of the path percent-encoded, and options in the query', async () => {
    const { lumi, asked } = open(good);
    await lumi.requests.get('orders/2026 1', { userId: 'usr_1' });
    await lumi.domains.list({ limit: 5, tag: 'a&b' });
    await lumi.call('get-host', { path: { domain: 'ü.test', host: 'ns1' } });
    expect(asked.map(({ url }) => url.pathname + url.search)).toEqual([
      '/api/v1/requests/orders%2F2026%201?user_id=usr_1',
      '/api/v1/domains?limit=5&tag=a%26b',
      '/api/v1/domains/%C3%BC.test/hosts/ns1',
    ]);
    expect(asked[0]?.headers.get('authorization')).toBe(`Bearer ${apiKey}`);
    expect(asked[0]?.init.redirect).toBe('manual');
  });

  it.each(['', '.', '..'])('is nothing when a part of the path is %j: the URL would be another', async (domain) => {
    const { lumi, asked } = open(good);
    await expect(lumi.domains.get(domain)).rejects.toThrow('domain');
    expect(asked).toEqual([]);
  });

  it('has a key for money and guarded requests, and for a change that says auto_renew', async () => {
    const { lumi, asked } = open(() => json(200, {}));
    await lumi.domains.buy({ domain: 'a.test' });
    await lumi.autoRenewSettings.update({});
    await lumi.domains.update('a.test', { auto_renew: true });
    await lumi.domains.update('a.test', { auto_renew: false });
    await lumi.domains.buy({ domain: 'a.test' }, { idempotencyKey: 'my-own-key' });
    const keys = asked.map(({ headers }) => headers.get('idempotency-key'));
    expect(keys.map((key) => (key ?? 'none').replace(/^lumi-[0-9a-f]{32}$/, 'made'))).toEqual([
      'made',
      'made',
      'made',
      'none',
      'my-own-key',
    ]);
    expect(new Set(keys).size).toBe(5);
  });

  it.each<[string, (lumi: LumiDomains) => PromiseLike<unknown>]>([
    ['an unknown operation', async (lumi) => lumi.call('no-such-thing' as 'get-me')],
    ['a dry run of what has none', async (lumi) => lumi.me.get({ dryRun: true })],
    ['a bad Idempotency-Key', async (lumi) => lumi.domains.buy({ domain: 'a.test' }, { idempotencyKey: 'short' })],
    ['too many retries', async (lumi) => lumi.me.get({ maxRetries: 99 })],
    ['a time of no number', async (lumi) => lumi.me.get({ timeoutMs: Number.NaN })],
  ])('is nothing for %s', async (_name, work) => {
    const { lumi, asked } = open(good);
    await expect(work(lumi)).rejects.toThrow(TypeError);
    expect(asked).toEqual([]);
  });

  it('goes to the product’s own base, whichever address of the installation is given', async () => {
    const server = fakeServer(() => json(200, {}));
    const made = [
      new LumiHosting({ apiKey: 'lumi_vps_01234567', baseUrl: 'https://a.example/', fetch: server.fetch }),
      new LumiProxy({ apiKey: 'lumi_proxy_01234567', baseUrl: 'https://a.example/api/v1', fetch: server.fetch }),
      new LumiDomains({ apiKey, baseUrl: 'https://a.example/x/hosting/api/v1', fetch: server.fetch }),
    ];
    for (const lumi of made) await lumi.me.get();
    expect(server.asked.map(({ url }) => url.href)).toEqual([
      'https://a.example/hosting/api/v1/me',
      'https://a.example/proxy/api/v1/me',
      'https://a.example/x/api/v1/me',
    ]);
  });

  it.each<[string, LumiOptions]>([
    ['a key of another product', { apiKey: 'lumi_vps_0123456789', baseUrl }],
    ['a key with a line end', { apiKey: `${apiKey}\n`, baseUrl }],
    ['an address with a password', { apiKey, baseUrl: 'https://me:secret@api.example.com' }],
    ['an address of no server', { apiKey, baseUrl: 'api.example.com' }],
    ['a version of signatures that is none', { apiKey, baseUrl, signingSecret: 's', signing: 'v3' as 'v2' }],
  ])('a client is not made with %s, and the message has no secret', (_name, options) => {
    const make = (): unknown => new LumiDomains(options);
    expect(make).toThrow(TypeError);
    expect(make).not.toThrow(/0123456789|secret@/);
  });
});

describe('what is repeated', () => {
  it.each([
    ['408', 408, 'request_timeout', 3],
    ['429', 429, 'rate_limited', 3],
    ['502', 502, 'supplier_error', 3],
    ['503', 503, 'service_unavailable', 3],
    ['504', 504, 'service_unavailable', 3],
    ['409 in_progress', 409, 'in_progress', 3],
    ['409 busy', 409, 'busy', 1],
    ['500', 500, 'internal_error', 1],
    ['422', 422, 'validation_error', 1],
  ])('a purchase after %s', async (_name, status, code, times) => {
    const { lumi, asked } = open(() => refusal(status, code));
    await expect(lumi.domains.buy({ domain: 'a.test' })).rejects.toMatchObject({ status, code });
    expect(asked).toHaveLength(times);
    expect(new Set(asked.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(1);
  });

  it.each([
    [408, 1],
    [429, 3],
    [502, 1],
    [503, 3],
    [504, 1],
  ])('a POST without a key after %i', async (status, times) => {
    const { lumi, asked } = open(() => refusal(status, 'x'));
    await expect(lumi.domains.checkDomains({ domains: ['a.test'] })).rejects.toMatchObject({ status });
    expect(asked).toHaveLength(times);
  });

  it('not the stored answer of an earlier try: it is final', async () => {
    const { lumi, asked } = open(() => refusal(502, 'supplier_error', { 'idempotent-replayed': 'true' }));
    await expect(lumi.domains.buy({ domain: 'a.test' })).rejects.toMatchObject({ status: 502 });
    expect(asked).toHaveLength(1);
  });

  it('not when the server asks for more than a minute; the error says how long', async () => {
    const { lumi, asked } = open(() => refusal(429, 'rate_limited', { 'retry-after': '61' }));
    await expect(lumi.me.get()).rejects.toMatchObject({ retryAfter: 61, isRetrySafe: true });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://elsewhere.example' } }), 302],
    ['a page of a portal', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), 200],
    ['an error page', () => new Response('<html>', { status: 404 }), 404],
  ])('not %s, which is none of Lumi’s answers', async (_name, answer, status) => {
    const { lumi, asked } = open(answer);
    const err: unknown = await lumi.me.get().catch((reason: unknown) => reason);
    expect(err).toBeInstanceOf(LumiError);
    expect(err).toMatchObject({ status, code: 'unexpected_answer' });
    expect(asked).toHaveLength(1);
  });
});

it('the delay is a random part of 0.5 s, doubled to 8 s; Retry-After wins up to 60 s', () => {
  expect([0, 1, 2, 3, 4, 9].map((attempt) => delayMs(attempt, null, 1))).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  expect(delayMs(3, null, 0.25)).toBe(1000);
  expect([0, 60, 61].map((s) => delayMs(0, s, 0.5))).toEqual([0, 60_000, null]);
});
