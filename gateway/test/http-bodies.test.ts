// Bodies and headers that are too large, bodies that wait for 100 Continue, and many requests on one connection.
import net from 'node:net';
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

describe('413 payload_too_large', () => {
  it('for an announced length, before the body is read', async () => {
    expectRefusal(
      await send(
        lines('POST /api/v1/things/check HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 1048577'),
      ),
      413,
      'payload_too_large',
    );
  });

  it('for chunks that together exceed the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    expectRefusal(
      await send(
        lines('POST /api/v1/things/check HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked') +
          chunk.repeat(17),
      ),
      413,
      'payload_too_large',
    );
  });

  it('for chunk extensions, which only the parser counts', async () => {
    const text =
      lines('POST /api/v1/things/check HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked') +
      `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`;
    expectRefusal(await send(text), 413, 'payload_too_large');
  });

  it('not for exactly one MiB', async () => {
    const reply = await send(
      lines('POST /api/v1/things/check HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 1048576') +
        'x'.repeat(1_048_576),
    );
    expect(reply.status).toBe(200);
  });
});

describe('431 headers_too_large', () => {
  it('for more than 100 header lines', async () => {
    expectRefusal(
      await send(lines('GET /api/v1/things HTTP/1.1', ...Array.from({ length: 99 }, (_, i) => `X-${String(i)}: x`))),
      431,
      'headers_too_large',
    );
    expect(
      (await send(lines('GET /api/v1/things HTTP/1.1', ...Array.from({ length: 98 }, (_, i) => `X-${String(i)}: x`))))
        .status,
    ).toBe(200);
  });

  it('for more than 1,000 header lines, which Node would drop in silence', async () => {
    expectRefusal(
      await send(lines('GET /api/v1/things HTTP/1.1', ...Array.from({ length: 1_500 }, () => 'X: x'))),
      431,
      'headers_too_large',
    );
  });

  it('for more than 16 KB of headers', async () => {
    expectRefusal(
      await send(lines('GET /api/v1/things HTTP/1.1', `X-Long: ${'x'.repeat(20_000)}`)),
      431,
      'headers_too_large',
    );
  });
});

describe('Expect: 100-continue', () => {
  it('is answered only after the request has passed every cheaper refusal', async () => {
    const asked = lines(
      'POST /api/v1/things/check HTTP/1.1',
      'Content-Type: application/json',
      'Content-Length: 2',
      'Expect: 100-continue',
    );
    const good = await new Promise<string>((resolve, reject) => {
      let all = '';
      const socket = net.connect(gateway.port, '127.0.0.1', () => socket.write(asked));
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        all += chunk.toString('latin1');
        if (all === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write('{}');
        if (all.includes('HTTP/1.1 200')) {
          socket.destroy();
          resolve(all);
        }
      });
    });
    expect(good).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/);
    const refused = await send(asked.replace(key, 'nobody'));
    expect(refused.all.startsWith('HTTP/1.1 401')).toBe(true);
  });
});

describe('one connection', () => {
  it('is closed after a refused body, and later bytes on it are not served', async () => {
    const smuggled = `GET /api/v1/me HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer ${key}\r\n\r\n`;
    const before = fixture.services.domains.received.length;
    const reply = await new Promise<string>((resolve) => {
      let all = '';
      const socket = net.connect(gateway.port, '127.0.0.1', () =>
        socket.write(
          lines(
            'POST /api/v1/things/check HTTP/1.1',
            'Content-Type: application/json',
            'Transfer-Encoding: identity, chunked',
          ) + `0\r\n\r\n${smuggled}`,
        ),
      );
      socket.on('data', (chunk) => (all += chunk.toString('latin1')));
      socket.on('close', () => resolve(all));
      socket.on('error', () => undefined);
    });
    expect(reply.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 400']);
    expect(fixture.services.domains.received.length).toBe(before);
  });

  it("answers each request once, also when a refused request's body turns out broken", async () => {
    const reply = await new Promise<string>((resolve, reject) => {
      let all = '';
      const socket = net.connect(gateway.port, '127.0.0.1', () =>
        socket.write('POST /api/v1/things/check HTTP/1.1\r\nHost: api\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
      );
      socket.on('data', (chunk) => (all += chunk.toString('latin1')));
      socket.on('close', () => resolve(all));
      socket.on('error', reject);
    });
    expect(reply.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 401']);
  });

  it('carries several requests in order, also after a refused one', async () => {
    const one = lines('GET /api/v1/things HTTP/1.1');
    const reply = await new Promise<string>((resolve) => {
      let all = '';
      const socket = net.connect(gateway.port, '127.0.0.1', () =>
        socket.write(
          one + lines('GET /api/v1/nothing HTTP/1.1') + lines('GET /api/v1/me HTTP/1.1', 'Connection: close'),
        ),
      );
      socket.on('data', (chunk) => (all += chunk.toString('latin1')));
      socket.on('close', () => resolve(all));
    });
    expect(reply.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
  });
});
