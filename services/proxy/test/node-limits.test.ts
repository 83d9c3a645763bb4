// Limits and ends: what the node holds while connections are open.
import type { Socket } from 'node:net';
import { elapsedMs } from '@lumi/shared/runtime';
import { until } from '@lumi/shared/testing';
import { resetNow } from '../src/node/sockets';
import { basic, NodeFixture, PAIR, type RawClient } from './node-fixture';

const NEW_PAIR = [PAIR[0], 'another-word'] as const;

/** Writes as long as the other side takes it. */
function pour(socket: Socket): void {
  const part = Buffer.alloc(65_536, 1);
  const more = (): void => {
    while (!socket.destroyed && socket.write(part));
  };
  socket.on('drain', more);
  more();
}

describe('an open connection', () => {
  let node: NodeFixture;
  let port: number;
  let targets: Socket[];
  beforeEach(async () => {
    targets = [];
    node = new NodeFixture({ idleMs: 60_000 });
    await node.open();
    port = await node.target((socket) => {
      targets.push(socket);
      pour(socket);
      socket.resume();
    });
  });
  afterEach(() => node.close());

  async function download(pair: readonly [string, string] = PAIR): Promise<RawClient> {
    const client = node.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic(pair)}\r\n`);
    await client.take('established\r\n\r\n');
    client.count -= client.bytes.length === 0 ? client.count : client.count - client.bytes.length;
    client.keeps = false;
    client.bytes = Buffer.alloc(0);
    return client;
  }

  it('ends after exactly the bytes of the lease, with four downloads at once', async () => {
    await node.admit();
    node.meter.fill('prx_one', 7_000_001);
    const clients = await Promise.all(Array.from({ length: 4 }, () => download()));
    await until(() => clients.every((client) => client.hasEnded));
    expect(clients.map((client) => client.error)).toEqual([null, null, null, null]);
    expect(clients.reduce((sum, { count }) => sum + count, 0)).toBe(7_000_001);
    expect(node.meter.total('prx_one')).toBe(7_000_001);
    const late = node.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
    expect(await late.take('\r\n\r\n')).toContain(
      'HTTP/1.1 402 Payment Required\r\nProxy-Status: lumi; error=http_request_denied; details="quota"',
    );
  });

  it('goes on where it stood when an empty lease is filled in time', async () => {
    await node.admit();
    node.meter.fill('prx_one', 100_000);
    const client = await download();
    await until(() => client.count === 100_000);
    node.meter.fill('prx_one', 250_000);
    await until(() => client.count === 350_000);
    node.meter.fill('prx_one', 1);
    await until(() => client.hasEnded);
    expect(client.count).toBe(350_001);
  });

  it('sends no byte up beyond the lease', async () => {
    await node.admit();
    let received = 0;
    const sink = await node.target((socket) => socket.on('data', (bytes) => (received += bytes.length)));
    node.meter.fill('prx_one', 123_456);
    const client = node.client().send(`CONNECT 127.0.0.1:${String(sink)} HTTP/1.1\r\n${basic()}\r\n`);
    await client.take('established\r\n\r\n');
    client.send(Buffer.alloc(1_000_000));
    await client.closed();
    expect(received).toBe(123_456);
    expect(node.meter.total('prx_one')).toBe(123_456);
  });

  it('sends what waited for a lease also when the client has ended meanwhile', async () => {
    await node.admit();
    let received = '';
    const sink = await node.target((socket) => {
      socket.on('data', (bytes) => (received += bytes.length.toString().padStart(8)));
      socket.on('end', () => socket.end('all'));
    });
    node.meter.fill('prx_one', 1_000);
    const client = node.client().send(`CONNECT 127.0.0.1:${String(sink)} HTTP/1.1\r\n${basic()}\r\n`);
    await client.take('established\r\n\r\n');
    client.socket.end(Buffer.alloc(50_000));
    await until(() => node.meter.total('prx_one') === 1_000);
    node.meter.fill('prx_one', 1_000_000);
    await client.closed();
    expect(client.text).toBe('all');
    const sizes = received.match(/.{8}/g) ?? [];
    expect(sizes.reduce((sum, size) => sum + Number(size), 0)).toBe(50_000);
  });

  it.each([
    ['it is suspended', { suspendedFor: 'abuse' }],
    ['it is disabled', { isEnabled: false }],
    ['its password changes without grace', { pair: NEW_PAIR }],
    ['its exit is replaced', { exits: { kind: 'fixed', address: '127.64.0.9', country: 'XA' } }],
    ['its target is blocked', { blockedDomains: ['127.0.0.1'] }],
    ['it expires by the clock', { validUntilMs: 500 }],
    ['its grace ends by the clock', { graceMs: 500 }],
  ] as const)('is reset within 2 s when %s, and others go on', async (_, change) => {
    const other = ['other_one', 'other-word'] as const;
    const both = node.right({ subject: 'prx_two', pair: other });
    node.rights.apply({ rights: [node.right(), both] });
    const reading = await download();
    const stuck = await download();
    stuck.socket.pause(); // its kernel, and the node's, are full of what it does not read
    const kept = await download(other);
    await until(() => reading.count > 5_000_000 && kept.count > 5_000_000);
    const after = { ...change } as Record<string, unknown>;
    if (typeof after['validUntilMs'] === 'number') after['validUntilMs'] = Date.now() + after['validUntilMs'];
    const right = node.right(after);
    const logins = right.logins.map((login) => ({ ...login, untilMs: Date.now() + 500 }));
    const startedMs = elapsedMs();
    node.rights.apply({ rights: ['graceMs' in after ? { ...right, logins } : right, both] });
    await until(
      () =>
        reading.isClosed &&
        node.plane.state.connections === 1 &&
        targets.filter(({ destroyed }) => destroyed).length === 2,
    );
    expect(elapsedMs() - startedMs).toBeLessThan(2_000);
    stuck.socket.resume();
    await stuck.closed();
    // What the node and its kernel held was dropped.
    expect((node.meter.uses[1]?.down ?? 0) - stuck.count).toBeGreaterThan(500_000);
    const before = kept.count;
    await until(() => kept.count > before + 5_000_000);
    expect(node.meter.uses.filter(({ subject }) => subject === 'prx_one').map(({ isError }) => isError)).toEqual([
      true,
      true,
    ]);
  });

  it('ends when the right is taken away, and its port refuses connections', async () => {
    const own = await node.freePort();
    await node.admit({ port: own });
    const client = node.client(own).send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
    await client.take('established\r\n\r\n');
    node.rights.apply({ rights: [], removed: ['prx_one'] });
    await client.closed();
    await until(async () => {
      const again = node.client(own);
      await again.closed();
      return again.error === 'ECONNREFUSED';
    });
  });

  it('counts against the limit of its right, which holds for open ones when it becomes lower', async () => {
    await node.admit({ concurrency: 2 });
    const [first, second] = [await download(), await download()];
    const third = node.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
    const answer = await third.take('\r\n\r\n');
    expect(answer).toContain(
      'HTTP/1.1 429 Too Many Requests\r\nProxy-Status: lumi; error=connection_limit_reached; details="concurrency"',
    );
    expect(answer).toContain('Retry-After: 1\r\n');
    await node.admit({ concurrency: 1 });
    await second.closed();
    expect(first.isClosed).toBe(false);
  });

  it('shares the bandwidth of its right with the others, in each direction', async () => {
    await node.admit({ bandwidthBps: 16_000_000 }); // 2 MB/s
    const startedMs = elapsedMs();
    const clients = [await download(), await download(), await download()];
    await until(() => clients.reduce((sum, { count }) => sum + count, 0) > 3_000_000);
    const seconds = (elapsedMs() - startedMs) / 1_000;
    expect(seconds).toBeGreaterThan(1.2);
    expect(Math.min(...clients.map(({ count }) => count))).toBeGreaterThan(500_000);
    await node.admit({ bandwidthBps: null });
    const before = clients.map(({ count }) => count);
    await until(() => clients.every(({ count }, i) => count > (before[i] ?? 0) + 5_000_000), { timeoutMs: 5_000 });
  });

  it('delivers to a slow client every byte unchanged', async () => {
    await node.admit();
    const size = 30_000_000;
    const source = await node.target((socket) => {
      const bytes = Buffer.alloc(size);
      for (let i = 0; i < size; i += 4) bytes.writeUInt32BE(i, i);
      socket.end(bytes);
    });
    const client = node.client().send(`CONNECT 127.0.0.1:${String(source)} HTTP/1.1\r\n${basic()}\r\n`);
    await client.take('established\r\n\r\n');
    let at = client.bytes.length;
    let isSame = true;
    const head = client.bytes;
    client.keeps = false;
    const check = (bytes: Buffer, from: number): void => {
      for (let i = (4 - (from % 4)) % 4; i + 4 <= bytes.length; i += 4) isSame &&= bytes.readUInt32BE(i) === from + i;
    };
    check(head, 0);
    client.socket.on('data', (bytes) => {
      check(bytes as Buffer, at);
      at += bytes.length;
      if (Math.random() < 0.1) {
        client.socket.pause();
        setTimeout(() => client.socket.resume(), 2);
      }
    });
    await until(() => client.hasEnded, { timeoutMs: 25_000 });
    expect([at, isSame]).toEqual([size, true]);
    expect(node.meter.total('prx_one')).toBe(size);
  });
});

describe('a silent connection', () => {
  it('ends when nothing passes, sooner when one side has ended', async () => {
    const node = new NodeFixture({ idleMs: 1_500, halfClosedMs: 100 });
    await node.open();
    await node.admit();
    const port = await node.target(() => undefined);
    const open = async (): Promise<RawClient> => {
      const client = node.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
      await client.take('established\r\n\r\n');
      return client;
    };
    const [idle, half] = [await open(), await open()];
    const startedMs = elapsedMs();
    half.socket.end();
    await half.closed();
    expect(idle.isClosed).toBe(false);
    await idle.closed();
    expect(elapsedMs() - startedMs).toBeGreaterThan(1_400);
    const silent = node.client().send(`GET http://127.0.0.1:${String(port)}/ HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    expect(await silent.take('\r\n\r\n')).toContain(
      '504 Gateway Timeout\r\nProxy-Status: lumi; error=http_response_timeout; details="silent"',
    );
    await node.close();
  });

  it('is broken off at the target too when the client breaks off, and ends there when the client ends', async () => {
    const node = new NodeFixture();
    await node.open();
    await node.admit();
    const ends: string[] = [];
    const port = await node.target((socket) => {
      socket.resume();
      socket.on('end', () => ends.push('end'));
      socket.on('error', (err: NodeJS.ErrnoException) => ends.push(err.code ?? ''));
    });
    const open = async (head: string): Promise<RawClient> => {
      const client = node.client().send(`${head} HTTP/1.1\r\n${basic()}`);
      if (head.startsWith('POST')) client.send('Host: a\r\nContent-Length: 100\r\n\r\nhalf');
      else await client.send('\r\n').take('established\r\n\r\n');
      await until(() => node.plane.state.passages === 1);
      return client;
    };
    const half = (await open(`CONNECT 127.0.0.1:${String(port)}`)).send('half');
    await until(() => (node.meter.uses[0]?.up ?? 0) > 0);
    resetNow(half.socket);
    await until(() => ends.length === 1);
    (await open(`CONNECT 127.0.0.1:${String(port)}`)).socket.end('whole');
    await until(() => ends.length === 2);
    const post = await open(`POST http://127.0.0.1:${String(port)}/`);
    await until(() => (node.meter.uses[2]?.up ?? 0) > 0);
    resetNow(post.socket);
    await until(() => ends.length === 3);
    expect(ends).toEqual(['ECONNRESET', 'end', 'ECONNRESET']);
    await node.close();
  });

  it('passes on that one side has ended, and the rest of the other', async () => {
    const node = new NodeFixture();
    await node.open();
    await node.admit();
    const port = await node.target((socket) => {
      let got = '';
      socket.on('data', (bytes) => (got += bytes.toString()));
      socket.on('end', () => socket.end(`got ${got}`));
    });
    const client = node.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
    await client.take('established\r\n\r\n');
    client.socket.end('question');
    await client.closed();
    expect([client.text, client.error]).toEqual(['got question', null]);
    await node.close();
  });
});
