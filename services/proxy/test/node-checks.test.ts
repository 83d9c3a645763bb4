// The service's own checks at a node: they take the way of a customer's connection, are counted apart, and their login
// opens nothing else.
import { readTargetPair } from '@lumi/shared/egress';
import { until } from '@lumi/shared/testing';
import { CHECK_BYTES_MAX } from '../src/node/checks';
import { checkKey, CheckKeys, makeCheckLogin, publicHalf } from '../src/node/check-login';
import { basic, NodeFixture, PAIR, socksConnect, socksHello, type RawClient } from './node-fixture';

const ECHO = 'echo.lumi.test:80';
const KEY = checkKey(Buffer.alloc(32, 1));
const GET = 'GET / HTTP/1.1\r\nHost: echo.lumi.test\r\nConnection: close\r\n\r\n';

describe('a check', () => {
  let node: NodeFixture;
  let own: number;

  beforeEach(async () => {
    const checkKeys = new CheckKeys();
    checkKeys.use([publicHalf(KEY)]);
    node = new NodeFixture({ checkKeys });
    await node.open();
    own = await node.freePort();
    // Addresses alone open this proxy, and the client's is one of them.
    await node.admit({ port: own, logins: [], blocks: [{ block: '127.0.0.1', untilMs: null }], concurrency: 1 });
  });
  afterEach(() => node.close());

  const login = (change: { subject?: string; place?: string; ms?: number; key?: typeof KEY } = {}) => {
    const { subject = 'prx_one', place = ECHO, ms = 20_000, key = KEY } = change;
    const target = readTargetPair(place);
    if (target === null) throw new Error('the target can be read');
    return makeCheckLogin(key, { subject, target, untilMs: Date.now() + ms });
  };
  const connect = (pair: readonly [string, string], place = ECHO, port = own): RawClient =>
    node.client(port).send(`CONNECT ${place} HTTP/1.1\r\n${basic(pair)}\r\n`);
  const wordOf = async (client: RawClient): Promise<string> => {
    const head = await client.take('\r\n\r\n');
    return /details="(\w+)"/.exec(head)?.[1] ?? head.slice(0, 12);
  };

  it('goes through by all three ways, and nothing of it is the customer’s', async () => {
    const customer = connect(PAIR);
    await customer.take('established\r\n\r\n');
    const counted = node.meter.uses.length;
    const seen = node.events.all.length;
    const plain = node.client(own).send(`GET http://echo.lumi.test/ HTTP/1.1\r\nHost: x\r\n${basic(login())}\r\n`);
    const tunnel = connect(login());
    await tunnel.take('established\r\n\r\n');
    const socks = node.client(own).send(socksHello(login()));
    await socks.take(4);
    socks.send(socksConnect('echo.lumi.test', 80));
    await socks.take(10);
    for (const client of [tunnel.send(GET), socks.send(GET), plain])
      expect(await client.take('}\n')).toContain('"ip": "127.64.0.5"');
    tunnel.socket.end();
    socks.socket.end();
    plain.socket.end();
    await until(() => node.plane.state.passages === 1);
    expect(node.meter.uses).toHaveLength(counted);
    expect(node.events.all).toHaveLength(seen);
    expect(node.events.connections).toEqual([]);
  });

  it('is let in once, at its proxy’s entry, for its target, until its end, and by the service’s signature', async () => {
    const other = await node.freePort();
    node.rights.apply({ rights: [node.right({ subject: 'prx_two', port: other, pair: ['another', 'word-of-it'] })] });
    await node.plane.ready();
    const used = login();
    const [name, password] = login();
    expect(await wordOf(connect(used))).toBe('HTTP/1.1 200');
    expect(await wordOf(connect(used))).toBe('credentials');
    expect(await wordOf(connect(login(), 'echo.lumi.test:443'))).toBe('target');
    expect(await wordOf(connect(login(), ECHO, other))).toBe('credentials');
    expect(await wordOf(connect(login({ subject: 'prx_nobody' })))).toBe('credentials');
    expect(await wordOf(connect(login({ ms: -1 })))).toBe('credentials');
    expect(await wordOf(connect(login({ ms: 90_000 })))).toBe('credentials');
    expect(await wordOf(connect(login({ key: checkKey(Buffer.alloc(32, 2)) })))).toBe('credentials');
    expect(await wordOf(connect([name.replace('prx_one', 'prx_two'), password], ECHO, other))).toBe('credentials');
    expect(await wordOf(connect([name, password], ECHO, node.plane.ports.http))).toBe('credentials');
    expect(await wordOf(connect([name, password]))).toBe('HTTP/1.1 200');
  });

  it('is refused with the words of a customer’s connection', async () => {
    node.rights.apply({ rights: [node.right({ port: own, suspendedFor: 'abuse' })] });
    expect(await wordOf(connect(login()))).toBe('suspended');
    node.rights.apply({
      rights: [node.right({ port: own, exits: { kind: 'fixed', address: '127.64.0.6', country: 'XU' } })],
    });
    expect(await wordOf(connect(login()))).toBe('exit');
    expect(await wordOf(connect(login({ place: '10.0.0.1:80' }), '10.0.0.1:80'))).toBe('exit');
    node.rights.apply({ rights: [node.right({ port: own })] });
    expect(await wordOf(connect(login({ place: '10.0.0.1:80' }), '10.0.0.1:80'))).toBe('target');
    expect(await wordOf(connect(login({ place: '8.8.8.8:25' }), '8.8.8.8:25'))).toBe('port');
  });

  it('ends with its bytes and with its time, whatever passes', async () => {
    const large = connect(login());
    await large.take('established\r\n\r\n');
    large.send(`GET /bytes/1000000 HTTP/1.1\r\nHost: x\r\n\r\n`);
    await large.closed();
    expect(large.bytes.length).toBeGreaterThan(CHECK_BYTES_MAX / 2);
    expect(large.bytes.length).toBeLessThanOrEqual(CHECK_BYTES_MAX);
    const silent = connect(login({ ms: 400 }));
    await silent.take('established\r\n\r\n');
    await silent.closed();
    expect(node.plane.state.passages).toBe(0);
  });

  it('ends within the time of its login when the right of its proxy has ended', async () => {
    const client = connect(login());
    await client.take('established\r\n\r\n');
    node.rights.apply({ rights: [node.right({ port: own, suspendedFor: 'abuse' })] });
    await client.closed();
    expect(node.meter.uses).toEqual([]);
  });
});
