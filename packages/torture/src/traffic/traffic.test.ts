// The measure itself: what the target counts, what a client says that it got, and the names that lead to loopback.
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { until } from '../waiting';
import { CountingTarget } from './counting-target';
import { Forbidden, nameOfTarget } from './forbidden';
import type { Subject } from './subjects';
import { transfer } from './transfer';

const SIZE = 300_000;
const LIMIT_MS = 10_000;

describe('a transfer', () => {
  let target: CountingTarget;
  let proxy: Server;
  let subject: Subject;
  let isRefusing = false;
  /** Both ways, without what the proxy says itself. */
  let passed = 0;

  beforeEach(async () => {
    target = await new CountingTarget().open();
    isRefusing = false;
    passed = 0;
    // Answers the first head, and is a pipe from then on.
    proxy = createServer((client) => {
      client.on('error', () => undefined);
      client.once('data', () => {
        if (isRefusing) {
          client.end('HTTP/1.1 402 Payment Required\r\nProxy-Status: lumi; error=x; details="quota"\r\n\r\n');
          return;
        }
        const server = connect(target.port, '127.0.0.1');
        server.on('error', () => undefined);
        client.on('close', () => server.destroy());
        for (const socket of [client, server]) socket.on('data', (bytes: Buffer) => (passed += bytes.length));
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        client.pipe(server).pipe(client);
      });
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    subject = { id: 's1', kind: 'proxy', username: 'u', password: 'p', httpPort: port, socksPort: port, limit: null };
  });
  afterEach(async () => {
    await target.close();
    await new Promise((resolve) => proxy.close(resolve));
  });

  const carry = (more: object) =>
    transfer({
      ...{ id: 't1', subject, by: 'connect', host: '127.0.0.1', port: target.port, size: SIZE, isUpload: false },
      ...{ limitMs: LIMIT_MS, ...more },
    });

  it.each([false, true])('is counted to the byte when it is complete (up: %s)', async (isUpload) => {
    const begunAt = performance.now();
    expect(await carry({ isUpload })).toMatchObject({ isComplete: true, got: isUpload ? 0 : SIZE, refusal: null });
    await until(() => target.openCount === 0, LIMIT_MS);
    expect(target.carriedFor('s1')).toBe(passed);
    expect(target.carriedBy('t1')).toBe(passed);
    expect(target.carriedBetween('s1', begunAt, performance.now())).toBe(passed);
    expect(passed).toBeGreaterThan(SIZE);
  });

  it('is never complete when the client breaks off, and the target carried at least what the client got', async () => {
    const { got, isComplete } = await carry({ breakAfter: SIZE / 3 });
    await until(() => target.openCount === 0, LIMIT_MS);
    expect(isComplete).toBe(false);
    expect(got).toBeGreaterThanOrEqual(SIZE / 3);
    expect(target.carriedFor('s1')).toBeGreaterThanOrEqual(got);
  });

  it('says by what word it was refused', async () => {
    isRefusing = true;
    expect(await carry({})).toMatchObject({ isComplete: false, got: 0, refusal: 'quota' });
    expect(target.carriedFor('s1')).toBe(0);
  });
});

it('has names that lead to loopback, alone and beside a public address, and no others', async () => {
  const forbidden = await new Forbidden().open();
  const resolver = new Resolver();
  resolver.setServers([forbidden.resolver]);
  expect(await resolver.resolve4(nameOfTarget(1))).toEqual(['127.0.0.1']);
  expect(await resolver.resolve4('mixed.torture.test')).toEqual(['1.1.1.1', '127.0.0.1']);
  await expect(resolver.resolve6(nameOfTarget(1))).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolver.resolve4('elsewhere.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await forbidden.close();
});
