// What the gateway forwards, and how.
import { testDatabase, testRedis } from '@lumi/shared/testing';
import { ask, openFixture, type Fixture, type TestGateway } from './fixture';

const database = testDatabase();
const redis = testRedis();
let fixture: Fixture;
let gateway: TestGateway;
let key: string;
let accountId: string;

beforeAll(async () => {
  fixture = await openFixture(database, redis);
  gateway = await fixture.gateway();
  accountId = await fixture.newAccount();
  key = (await fixture.newKey({ accountId })).key;
});
afterAll(() => fixture.close());
afterEach(() => {
  fixture.services.domains.answer = () => ({ status: 200, body: '{"ok":true}' });
  fixture.services.domains.received.length = 0;
});

const last = () => fixture.services.domains.received.at(-1);

describe('a read', () => {
  it('reaches the service under the path relative to the base, with the identity of the key', async () => {
    const reply = await ask(gateway, { path: '/api/v1/things?limit=2&x=%C3%A4', key });
    expect(reply).toMatchObject({ status: 200, text: '{"ok":true}' });
    expect(last()).toMatchObject({
      method: 'GET',
      path: '/things?limit=2&x=%C3%A4',
      principal: { type: 'reseller', accountId, product: 'domains' },
    });
    expect(last()?.headers['x-request-id']).toBe(reply.headers['x-request-id']);
    expect(last()?.headers['x-lumi-operation']).toBe('list-things');
  });

  it('has the rate-limit headers, joined with those of the service', async () => {
    fixture.services.domains.answer = () => ({
      status: 200,
      headers: { ratelimit: '"money";r=19;t=3', 'ratelimit-policy': '"money";q=20;w=60' },
      body: '{}',
    });
    const reply = await ask(gateway, { path: '/api/v1/things', key });
    expect(reply.headers['ratelimit']).toMatch(/^"regular";r=\d+;t=\d+, "money";r=19;t=3$/);
    expect(reply.headers['ratelimit-policy']).toBe('"regular";q=120;w=60, "money";q=20;w=60');
  });

  it('takes the scheme `Bearer` in any case', async () => {
    expect((await ask(gateway, { path: '/api/v1/me', headers: { authorization: `BEARER ${key}` } })).status).toBe(200);
  });
});

describe('identity', () => {
  it('cannot come from the client: neither the key nor any x-lumi header is passed on', async () => {
    await ask(gateway, {
      path: '/api/v1/things',
      key,
      headers: {
        'x-lumi-identity': 'forged',
        'x-lumi-client-ip': '9.9.9.9',
        'x-lumi-anything': 'x',
        'x-request-id': 'req_mine',
        cookie: 'a=b',
        'x-forwarded-for': '9.9.9.9',
        'user-agent': 'test/1',
      },
    });
    const headers = last()?.headers ?? {};
    expect(headers['authorization']).toBeUndefined();
    expect(headers['x-lumi-anything']).toBeUndefined();
    expect(headers['cookie']).toBeUndefined();
    expect(headers['x-lumi-identity']).toMatch(/^eyJ/);
    expect(headers['x-lumi-client-ip']).toBe('127.0.0.1');
    expect(headers['x-request-id']).toMatch(/^req_[0-9a-z]{24}$/);
    expect(headers['user-agent']).toBe('test/1');
  });

  it('of an operator holds all scopes and no account', async () => {
    const operator = await fixture.newKey({ type: 'operator' });
    expect((await ask(gateway, { path: '/api/v1/admin/users', key: operator.key })).status).toBe(200);
    expect(last()?.principal).toMatchObject({
      type: 'operator',
      accountId: null,
      scopes: ['domains:read', 'domains:write', 'domains:buy', 'deposits:write', 'admin:*'],
    });
  });

  it('of a public route is empty, also when a key is sent', async () => {
    expect((await ask(gateway, { path: '/api/v1/page', key })).status).toBe(200);
    expect(last()?.principal).toMatchObject({ type: 'public', accountId: null });
  });
});

describe('a body', () => {
  it('arrives as the exact bytes, with its length', async () => {
    const bytes = Buffer.from('{ "b":1,"a" : 5.0,  "ü":"\\u00e4" }\n', 'utf8');
    await ask(gateway, { method: 'POST', path: '/api/v1/things/check', key, body: bytes });
    expect(last()?.body.equals(bytes)).toBe(true);
    expect(last()?.headers['content-length']).toBe(String(bytes.length));
    expect(last()?.headers['transfer-encoding']).toBeUndefined();
  });

  it('sent in chunks arrives with a length', async () => {
    await ask(gateway, {
      method: 'POST',
      path: '/api/v1/things/check',
      key,
      headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/json' },
      body: '{"a":1}',
    }).catch(() => undefined);
    const reply = await ask(gateway, { method: 'POST', path: '/api/v1/things/check', key, body: '{"a":1}' });
    expect(reply.status).toBe(200);
    expect(last()?.body.toString()).toBe('{"a":1}');
  });

  it('of any type is accepted when the route reads the bytes itself', async () => {
    const reply = await ask(gateway, {
      method: 'POST',
      path: '/api/v1/hooks/pay',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'crypto-pay-api-signature': 'abc' },
      body: 'a=1',
    });
    expect(reply.status).toBe(200);
    expect(last()?.headers['crypto-pay-api-signature']).toBe('abc');
  });
});

describe('an answer', () => {
  it('comes back unchanged, with the headers for clients and no others', async () => {
    fixture.services.domains.answer = () => ({
      status: 202,
      body: '{"batch_id":"bat_1"}',
      headers: {
        location: '/api/v1/batches/bat_1',
        'idempotent-replayed': 'true',
        'retry-after': '3',
        'x-powered-by': 'secret',
        server: 'inside',
        'set-cookie': 'a=b',
        'x-lumi-note': 'x',
      },
    });
    const reply = await ask(gateway, { path: '/api/v1/things', key });
    expect(reply).toMatchObject({ status: 202, text: '{"batch_id":"bat_1"}' });
    expect(reply.headers).toMatchObject({
      location: '/api/v1/batches/bat_1',
      'idempotent-replayed': 'true',
      'retry-after': '3',
    });
    for (const name of ['x-powered-by', 'server', 'set-cookie', 'x-lumi-note'])
      expect(reply.headers[name]).toBeUndefined();
  });

  it('keeps the first request id when it is a stored error', async () => {
    const first = 'req_000000000000000000000001';
    fixture.services.domains.answer = () => ({
      status: 409,
      headers: { 'x-request-id': first },
      body: `{"error":{"code":"not_available","message":"x","request_id":"${first}"}}`,
    });
    expect((await ask(gateway, { path: '/api/v1/things', key })).headers['x-request-id']).toBe(first);
  });

  it('of 2 MB streams through complete', async () => {
    const body = Buffer.from(JSON.stringify({ text: 'x'.repeat(2_000_000) }));
    fixture.services.domains.answer = () => ({ status: 200, body });
    expect((await ask(gateway, { path: '/api/v1/things', key })).text.length).toBe(body.length);
  });

  it('may be HTML when the operation declares it, and only then', async () => {
    fixture.services.domains.answer = () => ({
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<p>hi</p>',
    });
    expect(await ask(gateway, { path: '/api/v1/page' })).toMatchObject({ status: 200, text: '<p>hi</p>' });
    expect(await ask(gateway, { path: '/api/v1/things', key })).toMatchObject({
      status: 503,
      code: 'service_unavailable',
    });
  });

  it.each([500, 404, 502])('of %d in HTML becomes our own 503', async (status) => {
    fixture.services.domains.answer = () => ({
      status,
      headers: { 'content-type': 'text/html' },
      body: '<html>stack trace at /srv/app.js</html>',
    });
    const reply = await ask(gateway, { path: '/api/v1/page' });
    expect(reply).toMatchObject({ status: 503, code: 'service_unavailable' });
    expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(reply.text).not.toContain('stack');
  });
});

describe('the access log', () => {
  it('has one line per request with key, operation and duration, and no secret', async () => {
    const { key: loggedKey, id } = await fixture.newKey({ accountId });
    const reply = await ask(gateway, {
      method: 'POST',
      path: '/api/v1/things?note=sensitive',
      key: loggedKey,
      headers: { 'idempotency-key': 'order-0002', 'x-signature': 'a'.repeat(64) },
      body: '{"card":"sensitive"}',
    });
    const line = gateway.lines().find((one) => one['request_id'] === reply.headers['x-request-id']);
    expect(line).toMatchObject({
      message: 'request',
      method: 'POST',
      product: 'domains',
      route: 'buy-thing',
      status: 200,
      key_id: id,
      account_id: accountId,
      client_ip: '127.0.0.1',
      bytes_in: 20,
      bytes_out: 11,
    });
    expect(gateway.accessLines.join('')).not.toMatch(/sensitive|aaaaaaaa|lumi_domains_/);
  });
});
