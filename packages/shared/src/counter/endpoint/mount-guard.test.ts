// A service protects itself: its port applies the same HTTP rules as the gateway's, and no body is read before the
// caller is known.
import net from 'node:net';
import { Writable } from 'node:stream';
import request from 'supertest';
import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { createHttpServer, type HttpServer } from '../../base/http';
import { createLog, systemClock } from '../../ground/runtime';
import { testService, until } from '../../testing';
import { endpoint, json } from './context';

const common = {
  summary: '-',
  description: '-',
  tag: 'Test',
  method: 'POST',
  scope: 'write',
  class: 'regular',
  reach: 'account',
  responses: { 200: { description: '-', schema: z.unknown() } },
} as const;
const text = z.object({ text: z.string() });
const written: string[] = [];
const log = createLog({
  level: 'debug',
  process: 'test',
  stream: new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk.toString('utf8'));
      done();
    },
  }),
});
const { app, account, as, asMoney } = testService({
  log,
  endpoints: () => [
    endpoint(defineRoute({ ...common, id: 'say', path: '/say', body: text }), ({ rawBody }) =>
      json(200, { bytes: rawBody.length }),
    ),
    endpoint(
      defineRoute({
        ...common,
        id: 'pay',
        path: '/pay',
        scope: 'buy',
        class: 'money',
        bulk: 'items',
        body: z.object({ items: z.array(z.string()) }),
      }),
      () => json(200, {}),
    ),
    endpoint(
      defineRoute({ ...common, id: 'say-much', path: '/say-much', bodyBytesMax: 128 * 1024, body: text }),
      ({ rawBody }) => json(200, { bytes: rawBody.length }),
    ),
    endpoint(
      defineRoute({
        ...common,
        id: 'say-many',
        path: '/say-many',
        bulk: 'items',
        body: z.object({ items: z.array(z.string()) }),
      }),
      ({ rawBody }) => json(200, { bytes: rawBody.length }),
    ),
  ],
});

let server: HttpServer;
let port: number;
beforeAll(async () => {
  server = createHttpServer(app, { clock: systemClock });
  port = await server.listen('127.0.0.1', 0);
});
afterAll(() => server.drain(1_000));

function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket
      .on('data', (chunk) => (said += chunk.toString('latin1')))
      .on('close', () => resolve(said))
      .on('error', reject);
  });
}

const get = (...headers: string[]): string =>
  ['GET /healthz HTTP/1.1', ...headers, 'Connection: close', '', ''].join('\r\n');

describe('the port of a service', () => {
  it.each(['user@a', 'a/b', 'a b', 'a, b', '[::1', 'a:b', '%zz', 'http://a'])('refuses the Host %s', async (host) => {
    expect(await raw(get(`Host: ${host}`))).toMatch(/^HTTP\/1\.1 400 .*bad_request/s);
  });

  it.each([
    ['no Host', get()],
    ['two Hosts', get('Host: a', 'Host: b')],
    [
      'an encoding it does not understand',
      'POST /say HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n',
    ],
    ['another expectation', get('Host: a', 'Expect: miracles')],
    ['a fragment', 'GET /healthz#x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
  ])('refuses %s', async (_what, bytes) => {
    expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 400 .*bad_request/s);
  });

  it('refuses more than 100 header lines', async () => {
    expect(await raw(get('Host: a', ...Array.from({ length: 101 }, (_, i) => `X-${String(i)}: 1`)))).toMatch(
      /^HTTP\/1\.1 431 .*headers_too_large/s,
    );
  });

  it('takes an absolute target and a plain Host', async () => {
    expect(await raw(get('Host: a:9001'))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await raw('GET http://a/healthz HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200 /,
    );
  });
});

describe('the body of a request to a service', () => {
  const padded = (bytes: number): string => JSON.stringify({ text: 'x'.repeat(bytes - '{"text":""}'.length) });
  const sent = async (path: string, body: string): Promise<string> => {
    const { status, body: answer } = await request(app)
      .post(path)
      .set(as(await account()))
      .set('content-type', 'application/json')
      .send(body);
    return `${String(status)} ${(answer as { error?: { code: string } }).error?.code ?? ''}`.trim();
  };

  it("is limited to 64 KiB, or to its route's limit, and to one MiB in a bulk", async () => {
    expect(await sent('/say', padded(65_536))).toBe('200');
    expect(await sent('/say', padded(65_537))).toBe('413 payload_too_large');
    expect(await sent('/say-much', padded(131_072))).toBe('200');
    expect(await sent('/say-much', padded(131_073))).toBe('413 payload_too_large');
    expect(await sent('/say-many', `{"items":["${'x'.repeat(1_048_576 - 14)}"]}`)).toBe('200');
    expect(await sent('/say-many', `{"items":["${'x'.repeat(1_048_576 - 13)}"]}`)).toBe('413 payload_too_large');
  });

  it('is not awaited without an identity', async () => {
    expect(await raw('POST /say HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{')).toMatch(
      /^HTTP\/1\.1 (?:401|403) /,
    );
  });
});

describe('an aborted upload', () => {
  it('is not an error of the service: the log has none', async () => {
    const headers = Object.entries(as(await account()))
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    for (let i = 0; i < 5; i += 1) {
      const socket = net.connect(port, '127.0.0.1', () =>
        socket.write(
          `POST /say HTTP/1.1\r\nHost: a\r\n${headers}Content-Type: application/json\r\nContent-Length: ` +
            `50000\r\n\r\n{"text":"`,
          () => setImmediate(() => socket.destroy()),
        ),
      );
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await until(
      () => new Promise<boolean>((resolve) => server.server.getConnections((_err, count) => resolve(count === 0))),
    );
    expect(written.filter((line) => /"level":"error"|internal_error/.test(line))).toEqual([]);
  });
});

describe('a refusal of the money limit', () => {
  it('gives one time to wait, in `RateLimit` and in Retry-After, debt included', async () => {
    const who = await account({ moneyPerMinute: 20 });
    const pay = (items: number) =>
      request(app)
        .post('/pay')
        .set(asMoney(who))
        .send({ items: Array.from({ length: items }, String) });
    expect((await pay(100)).status).toBe(200);
    const { status, headers } = await pay(1);
    expect(status).toBe(429);
    const waitS = Number.parseInt(String(headers['retry-after']), 10);
    expect(waitS).toBeGreaterThan(200);
    expect(headers['ratelimit']).toBe(`"money";r=0;t=${String(waitS)}`);
    expect(headers['ratelimit-policy']).toBe('"money";q=20;w=60');
  });
});
