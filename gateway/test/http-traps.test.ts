// Requests that Node's HTTP parser accepts, or answers without a body, over raw sockets. Each gets a refusal in the
// contract's shape, and none reaches a service.
import { testDatabase } from '@lumi/shared/testing';
import { openFixture, type Fixture, type TestGateway } from './fixture';
import { sendRaw, expectRefusal, type RawReply } from './raw-request';

const database = testDatabase();
let fixture: Fixture;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  fixture = await openFixture(database, null);
  gateway = await fixture.gateway();
  key = (await fixture.newKey({ limits: { regularPerMinute: 10_000 } })).key;
});
afterAll(() => fixture.close());

const send = (text: string | Buffer, target: { port: number } = gateway): Promise<RawReply> => sendRaw(text, target);
const lines = (first: string, ...headers: string[]): string =>
  [first, 'Host: api', `Authorization: Bearer ${key}`, ...headers, '', ''].join('\r\n');

describe('a valid request', () => {
  it('passes over a raw socket, so that the refusals below prove something', async () => {
    const reply = await send(lines('GET /api/v1/things HTTP/1.1'));
    expect(reply.status).toBe(200);
  });

  it('of HTTP/1.0 without Host passes too', async () => {
    const reply = await send(`GET /api/v1/things HTTP/1.0\r\nAuthorization: Bearer ${key}\r\n\r\n`);
    expect(reply.status).toBe(200);
  });

  it('with an upgrade offer is answered as one without', async () => {
    const reply = await send(
      lines(
        'POST /api/v1/things/check HTTP/1.1',
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
        'Content-Type: application/json',
        'Content-Length: 2',
      ) + '{}',
    );
    expect(reply.status).toBe(200);
    expect(fixture.services.domains.received.at(-1)?.headers['upgrade']).toBeUndefined();
  });
});

describe('400 bad_request', () => {
  it.each<[string, () => string]>([
    ['two Host lines', () => lines('GET /api/v1/things HTTP/1.1', 'Host: other')],
    ['no Host', () => `GET /api/v1/things HTTP/1.1\r\nAuthorization: Bearer ${key}\r\n\r\n`],
    ['two Authorization lines', () => lines('GET /api/v1/things HTTP/1.1', 'Authorization: Bearer other')],
    [
      'two Authorization lines in different case',
      () => lines('GET /api/v1/things HTTP/1.1', `AUTHORIZATION: Bearer ${key}`),
    ],
    [
      'two Content-Type lines',
      () =>
        lines(
          'POST /api/v1/things/check HTTP/1.1',
          'Content-Type: application/json',
          'Content-Type: text/plain',
          'Content-Length: 2',
        ) + '{}',
    ],
    [
      'Content-Length: 04',
      () =>
        lines('POST /api/v1/things/check HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 04') + '{  }',
    ],
    [
      'Content-Length: +4',
      () =>
        lines('POST /api/v1/things/check HTTP/1.1', 'Content-Type: application/json', 'Content-Length: +4') + '{  }',
    ],
    [
      'two Content-Length lines',
      () =>
        lines(
          'POST /api/v1/things/check HTTP/1.1',
          'Content-Type: application/json',
          'Content-Length: 2',
          'Content-Length: 2',
        ) + '{}',
    ],
    [
      'Transfer-Encoding: identity, chunked',
      () =>
        lines(
          'POST /api/v1/things/check HTTP/1.1',
          'Content-Type: application/json',
          'Transfer-Encoding: identity, chunked',
        ) + '2\r\n{}\r\n0\r\n\r\n',
    ],
    [
      'Transfer-Encoding: gzip, chunked',
      () =>
        lines(
          'POST /api/v1/things/check HTTP/1.1',
          'Content-Type: application/json',
          'Transfer-Encoding: gzip, chunked',
        ) + '2\r\n{}\r\n0\r\n\r\n',
    ],
    [
      'Transfer-Encoding on two lines',
      () =>
        lines(
          'POST /api/v1/things/check HTTP/1.1',
          'Content-Type: application/json',
          'Transfer-Encoding: chunked',
          'Transfer-Encoding: chunked',
        ) + '2\r\n{}\r\n0\r\n\r\n',
    ],
    [
      'Transfer-Encoding and Content-Length',
      () =>
        lines(
          'POST /api/v1/things/check HTTP/1.1',
          'Content-Type: application/json',
          'Transfer-Encoding: chunked',
          'Content-Length: 2',
        ) + '2\r\n{}\r\n0\r\n\r\n',
    ],
    [
      'Transfer-Encoding in HTTP/1.0',
      () =>
        lines('POST /api/v1/things/check HTTP/1.0', 'Content-Type: application/json', 'Transfer-Encoding: chunked') +
        '2\r\n{}\r\n0\r\n\r\n',
    ],
    ['an asterisk target', () => lines('OPTIONS * HTTP/1.1')],
    ['a fragment in the target', () => lines('GET /api/v1/things#x HTTP/1.1')],
    ['a byte beyond ASCII in the target', () => lines('GET /api/v1/th\u00ffngs HTTP/1.1')],
    ['HTTP/0.9', () => 'GET /api/v1/things\r\n\r\n'],
    ['HTTP/2.0 in the request line', () => lines('GET /api/v1/things HTTP/2.0')],
    ['CONNECT', () => 'CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n'],
    [
      'an expectation nobody knows',
      () =>
        lines(
          'POST /api/v1/things/check HTTP/1.1',
          'Content-Type: application/json',
          'Expect: miracles',
          'Content-Length: 2',
        ) + '{}',
    ],
    ['no HTTP at all', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['a header line without a name', () => lines('GET /api/v1/things HTTP/1.1', ': x')],
    ['a space before the colon', () => lines('GET /api/v1/things HTTP/1.1', 'X-A : x')],
    ['a folded header line', () => lines('GET /api/v1/things HTTP/1.1', 'X-A: x', ' continued')],
    ['a bare line feed as line end', () => `GET /api/v1/things HTTP/1.1\nHost: api\nAuthorization: Bearer ${key}\n\n`],
    [
      'a broken chunk size',
      () =>
        lines('POST /api/v1/things/check HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked') +
        'zz\r\n{}\r\n0\r\n\r\n',
    ],
  ])('for %s', async (_what, text) => {
    const before = fixture.services.domains.received.length;
    const reply = await send(Buffer.from(text(), 'latin1'));
    expectRefusal(reply, 400, 'bad_request');
    expect(fixture.services.domains.received.length).toBe(before);
  });
});

describe('404 not_found, after the key was checked', () => {
  it.each([
    '/api/v1/things/',
    '/api/v1//things',
    '/api/v1/./things',
    '/api/v1/things/../me',
    '/api/v1/%2e%2e/admin',
    '/api/v1/Things',
    '/api/v1/things/a%2fb',
    '/api/v1/things/a%5Cb',
    '/api/v1/things/a\\b',
    '/api/v1/things/a%00',
    '/api/v1/things/%2e%2e',
    '/api/v1/things/..',
    '/api/v1/things/.',
    '/api/v1/things/%ff',
    '/api/v1/things/%',
    '/api/v1/things/%0a',
    '/api/v1',
    '/api/v1/',
    '/api/v1/th%69ngs',
    '/api/v1/internal/openapi.json',
    '/api/v1/../internal/openapi.json',
    '/api/v1/internal/metrics',
  ])('for %s', async (path) => {
    expectRefusal(await send(lines(`GET ${path} HTTP/1.1`)), 404, 'not_found');
    expectRefusal(await send(`GET ${path} HTTP/1.1\r\nHost: api\r\n\r\n`), 401, 'missing_bearer');
  });

  it.each([
    '/',
    '/api',
    '/api/v2/things',
    '/api/v1x',
    '/API/v1/things',
    '//api/v1/things',
    '/hosting/api/v2',
    '/internal/openapi.json',
    '/internal/metrics',
    '/metrics',
    '/%61pi/v1/things',
  ])('for %s, which is no product, without any key', async (path) => {
    expectRefusal(await send(`GET ${path} HTTP/1.1\r\nHost: api\r\n\r\n`), 404, 'not_found');
  });
});

describe('405 method_not_allowed', () => {
  it.each(['TRACE', 'OPTIONS', 'DELETE', 'PROPFIND'])('for %s, with Allow', async (method) => {
    const reply = await send(lines(`${method} /api/v1/things HTTP/1.1`, 'Connection: close'));
    expect(reply.status).toBe(405);
    expect(reply.head).toMatch(/\r\nallow: [A-Z, ]*GET, [A-Z, ]*POST/i);
    expect(reply.head).not.toContain(key);
    expect(reply.body).not.toContain(key);
  });
});

describe('408 request_timeout', () => {
  let slow: TestGateway;
  beforeAll(async () => {
    slow = await fixture.gateway({}, { headersTimeoutMs: 300, requestTimeoutMs: 600 });
  });

  it('for headers that do not end, with the limit of the address, because the key may be missing', async () => {
    const reply = await send('GET /api/v1/things HTTP/1.1\r\nHost: a', slow);
    expectRefusal(reply, 408, 'request_timeout');
    expect(reply.head).toMatch(/RateLimit: "public";r=2\d\d;t=\d+\r\nRateLimit-Policy: "public";q=300;w=60/);
  });

  it('for a body that does not end, with the limit of its key', async () => {
    const reply = await send(
      lines('POST /api/v1/things/check HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 100') + '{',
      slow,
    );
    expectRefusal(reply, 408, 'request_timeout');
    expect(reply.head).toMatch(/\r\nRateLimit: "regular";r=9999;t=1\r\nRateLimit-Policy: "regular";q=10000;w=60/);
  });
});

describe('the log', () => {
  it('has a line for a request that the parser refused, with the id in its answer', async () => {
    const reply = await send('nonsense\r\n\r\n');
    const id = /x-request-id: (req_[0-9a-z]{24})/i.exec(reply.head)?.[1];
    expect(gateway.lines().find((line) => line['request_id'] === id)).toMatchObject({
      code: 'bad_request',
      client_ip: '127.0.0.1',
    });
  });
});
