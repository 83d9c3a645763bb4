// Proxies whose exit is a supplier's: the node dials the target through the supplier's proxy, and everything else is as
// for exits of its own.
import { connect, type Socket } from 'node:net';
import { createUpstreamDouble, type UpstreamDouble } from '@lumi/upstream-proxy-double';
import { elapsedMs } from '@lumi/shared/runtime';
import { until } from '@lumi/shared/testing';
import { wordOf } from '../src/node/dial-failures';
import type { Right } from '../src/node/rights';
import { UpstreamHandshake, type UpstreamEndpoint } from '../src/node/upstream-handshake';
import { basic, NodeFixture, socksConnect, socksHello, type RawClient } from './node-fixture';

const ALLOW = '127.0.0.1/32:1024-65535';
const LOGIN = ['buyer', 'its-password'] as const;
const BYTES = 300_000;

const node = new NodeFixture(
  { mayPassTo: (address) => /^127\.(0\.0\.1|80\.\d+\.\d+)$/.test(address) },
  {
    allow: ALLOW,
    resolver: {
      addresses: (name) =>
        Promise.resolve(name === 'shop.example' ? { addresses: ['127.0.0.1'] } : { failure: 'dns' as const }),
    },
  },
);
/** A proxy of other code than the double's: SOCKS5 and CONNECT with a login. */
const other = new NodeFixture();
let double: UpstreamDouble;
let port: number;
const seen: { from: string; up: number; down: number }[] = [];

/** Answers `n` bytes for a line `n`, over HTTP for a path `/n`, and counts. */
function serve(socket: Socket): void {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    const isHttp = text.startsWith('GET');
    if (!text.endsWith(isHttp ? '\r\n\r\n' : '\n')) return;
    const size = Number(/\d+/.exec(text)?.[0]);
    if (isHttp) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(size)}\r\nConnection: close\r\n\r\n`);
    socket.end(Buffer.alloc(size, 'x'));
  });
  const from = socket.remoteAddress ?? '';
  socket.on('close', () => seen.push({ from, up: socket.bytesRead, down: socket.bytesWritten }));
}

beforeAll(async () => {
  double = await createUpstreamDouble({ token: 'token-of-the-double', countries: { US: 9 } });
  await Promise.all([node.open(), other.open()]);
  port = await node.target(serve);
});
afterEach(() => seen.splice(0));
afterAll(async () => {
  await node.close();
  await other.close();
  await double.stop();
});

async function bought(): Promise<UpstreamEndpoint> {
  const { proxies } = await double.stock.purchase('ord_one', { US: 1 }, 0, 0);
  const [proxy] = proxies;
  if (proxy === undefined) throw new Error('the double has sold nothing');
  const { address, port: at, username, password } = proxy;
  return { address, port: at, protocol: 'http', username, password };
}

/** The only right of the node. */
function admit(upstream: UpstreamEndpoint, change: Parameters<NodeFixture['right']>[0] = {}): Right {
  const right = node.right({ exits: { kind: 'fixed', address: upstream.address, country: 'US' }, upstream, ...change });
  node.rights.apply({ isWhole: true, rights: [right] });
  return right;
}

const WAYS = {
  http: (to: string, size: number) =>
    node
      .client()
      .send(
        `GET http://${to}:${String(port)}/${String(size)} HTTP/1.1\r\nConnection: close\r\nHost: a\r\n${basic()}\r\n`,
      ),
  connect: (to: string, size: number) =>
    node.client().send(`CONNECT ${to}:${String(port)} HTTP/1.1\r\n${basic()}\r\n${String(size)}\n`),
  socks: (to: string, size: number) =>
    node
      .client(node.plane.ports.socks)
      .send(Buffer.concat([socksHello(), socksConnect(to, port), Buffer.from(`${String(size)}\n`)])),
} as const satisfies Record<string, (to: string, size: number) => RawClient>;
const NAMES = ['http', 'connect', 'socks'] as const;

describe.each(NAMES)('traffic that comes as %s', (way) => {
  it('leaves by the supplier’s address, and is metered as the target’s connection carried it', async () => {
    const upstream = await bought();
    admit(upstream, { subject: `prx_${way}` });
    const client = WAYS[way]('shop.example', BYTES);
    await until(() => client.isClosed && seen.length === 1);
    const [{ from, up, down } = { from: '', up: 0, down: 0 }] = seen;
    expect([from, client.text.endsWith('x'.repeat(BYTES))]).toEqual([upstream.address, true]);
    expect(down).toBeGreaterThanOrEqual(BYTES);
    expect(node.meter.total(`prx_${way}`)).toBe(up + down);
    const ended = await until(() => node.events.connections.find(({ exit }) => exit === upstream.address));
    expect(ended.refusal).toBe(null);
  });

  it('leaves by a supplier that speaks SOCKS5', async () => {
    await other.admit({
      pair: LOGIN,
      subject: 'prx_supplier',
      exits: { kind: 'fixed', address: '127.64.9.9', country: 'XA' },
    });
    const [username, password] = LOGIN;
    const at = other.plane.ports.socks;
    admit({ address: '127.0.0.1', port: at, protocol: 'socks5', username, password }, { subject: `prx_s_${way}` });
    const client = WAYS[way]('127.0.0.1', BYTES);
    await until(() => client.isClosed && seen.length === 1);
    expect(client.text.endsWith('x'.repeat(BYTES))).toBe(true);
    expect(seen[0]?.from).toBe('127.64.9.9');
    expect(node.meter.total(`prx_s_${way}`)).toBe((seen[0]?.up ?? 0) + (seen[0]?.down ?? 0));
  });

  it('is judged before the supplier hears of it, which gets addresses and no names', async () => {
    const heard: string[] = [];
    const at = await node.target((socket) =>
      socket.on('data', (bytes) => {
        heard.push(bytes.toString('latin1'));
        socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      }),
    );
    admit(scripted(at));
    for (const to of ['10.0.0.1', 'nobody.example', 'echo.lumi.test']) await WAYS[way](to, 1).closed();
    expect(heard).toEqual([]);
    await WAYS[way]('shop.example', 1).closed();
    expect(heard.map((text) => text.split('\r\n')[0])).toEqual([`CONNECT 127.0.0.1:${String(port)} HTTP/1.1`]);
  });

  it('is reset at the supplier when its right ends', async () => {
    const upstream = await bought();
    const right = admit(upstream, { subject: `prx_r_${way}` });
    const client = WAYS[way]('shop.example', 50_000_000);
    await until(() => client.count > 1_000_000);
    client.socket.pause(); // its kernel, and the node's, fill with what it does not read
    const full = { at: -1 };
    await until(() => full.at === (full.at = node.meter.total(right.subject)), { everyMs: 50 });
    node.rights.apply({ rights: [{ ...right, suspendedFor: 'abuse' }] });
    await until(() => node.plane.state.connections === 0 && seen.length === 1);
    client.socket.resume();
    await client.closed();
    // What the node and its kernel held was dropped.
    expect(node.meter.total(right.subject) - client.count).toBeGreaterThan(500_000);
    expect(node.events.connections.at(-1)).toMatchObject({ refusal: 'suspended' });
  });
});

const scripted = (at: number, protocol: 'http' | 'socks5' = 'http'): UpstreamEndpoint => ({
  address: '127.0.0.1',
  port: at,
  protocol,
  username: LOGIN[0],
  password: LOGIN[1],
});

describe('what the supplier refuses', () => {
  const SECRET = 'SupplierCorp says: pay your bill';
  const head = (status: string) => `HTTP/1.1 ${status}\r\nX-Supplier: ${SECRET}\r\nContent-Length: 5\r\n\r\nhello`;
  it.each([
    ['its 407', head('407 Proxy Authentication Required'), 502, 'exit'],
    ['its 402', head('402 Payment Required'), 502, 'exit'],
    ['its 403', head('403 SupplierCorp'), 403, 'target'],
    ['its 429', head('429 Too Many'), 429, 'concurrency'],
    ['its 502', head('502 Bad Gateway'), 502, 'unreachable'],
    ['its 504', head('504 Gateway Timeout'), 504, 'timeout'],
    ['an end without an answer', '', 502, 'exit'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', 502, 'exit'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(20_000)}`, 502, 'exit'],
  ])('becomes a word of ours, without its text: %s', async (_, answer, status, word) => {
    const at = await node.target((socket) => socket.once('data', () => socket.end(answer)));
    const right = admit(scripted(at), { subject: `prx_w_${String(at)}` });
    const client = WAYS.connect('shop.example', 1);
    await client.closed();
    expect(client.text).toMatch(new RegExp(`^HTTP/1.1 ${String(status)} [^]*details="${word}"\r\n`));
    expect(client.text).not.toMatch(/supplier|hello|SSH/i);
    expect(node.meter.total(right.subject)).toBe(0);
  });

  it.each([
    ['no login that we know', [[5, 255]], 'exit'],
    ['a wrong login', [[5, 2], [1, 1]], 'exit'], // prettier-ignore
    ['a rule of its own', [[5, 2], [1, 0], [5, 2, 0, 1, 0, 0, 0, 0, 0, 0]], 'target'], // prettier-ignore
    ['a target that refuses', [[5, 2], [1, 0], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], 'refused'], // prettier-ignore
    ['a target that is silent', [[5, 2], [1, 0], [5, 6]], 'timeout'], // prettier-ignore
  ])('over SOCKS5: %s', async (_, answers, word) => {
    const at = await node.target((socket) => {
      const left = [...answers];
      socket.on('data', () => socket.write(Buffer.from(left.shift() ?? [])));
    });
    admit(scripted(at, 'socks5'));
    const client = WAYS.connect('127.0.0.1', 1);
    await client.closed();
    expect(client.text).toContain(`details="${word}"`);
  });

  it('is a time-out when it says nothing', async () => {
    const socket = connect(await node.target(() => undefined), '127.0.0.1');
    const codes: string[] = [];
    const hop = new UpstreamHandshake(scripted(1), { address: '127.0.0.1', port }, elapsedMs(), 30);
    hop.whenLate(socket, (code) => codes.push(hop.codeOf(code)));
    await until(() => codes.length === 1);
    expect(codes.map(wordOf)).toEqual(['timeout']);
    socket.destroy();
  });

  it('is an exit that cannot be used when nothing listens there', async () => {
    admit(scripted(await node.freePort()));
    const client = WAYS.connect('127.0.0.1', 1);
    await client.closed();
    expect(client.text).toContain('details="exit"');
  });

  it.each([1, 1_000])('opens however its answer is cut, with the target’s first bytes behind it: %i', async (size) => {
    const answer = Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nVia: x\r\n\r\nSSH-2.0-first\n');
    const at = await node.target((socket) =>
      socket.once('data', () => {
        socket.setNoDelay(true);
        for (let from = 0; from < answer.length; from += size) socket.write(answer.subarray(from, from + size));
        socket.on('data', (bytes) => socket.end(bytes));
      }),
    );
    const right = admit(scripted(at), { subject: `prx_cut_${String(size)}` });
    const client = node.client().send(`CONNECT 127.0.0.1:22222 HTTP/1.1\r\n${basic()}\r\n`);
    await client.take('\r\n\r\n');
    expect(await client.take('first\n')).toBe('SSH-2.0-first\n');
    client.send('back');
    await client.closed();
    expect(client.text).toBe('back');
    expect(node.meter.total(right.subject)).toBe('SSH-2.0-first\n'.length + 8);
  });
});

it('an endpoint at an address that is not of the public internet is not dialled', async () => {
  let dialled = 0;
  const guarded = new NodeFixture({}, { allow: ALLOW });
  await guarded.open();
  const at = await node.target(() => (dialled += 1), '127.64.3.3');
  const upstream = { ...scripted(at), address: '127.64.3.3' };
  await guarded.admit({ upstream, exits: { kind: 'fixed', address: '192.0.2.1', country: 'US' } });
  const client = guarded.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
  await client.closed();
  expect(client.text).toContain('details="exit"');
  expect(dialled).toBe(0);
  await guarded.close();
});
