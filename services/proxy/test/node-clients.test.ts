// Clients of the node: wrong logins, connections without a login, balancers, sessions.
import { until } from '@lumi/shared/testing';
import { UNKNOWN_CONNECTIONS_MAX, WRONG_LOGINS_MAX } from '../src/node/login-guard';
import type { PoolExit } from '../src/node/rights';
import { basic, NodeFixture, PAIR, socksHello, type RawClient } from './node-fixture';

const POOL: PoolExit[] = Array.from({ length: 8 }, (_, i) => ({
  address: `127.64.1.${String(i + 1)}`,
  country: i < 4 ? 'XA' : 'XB',
  region: i % 2 === 0 ? 'North' : 'South',
  city: 'New Town',
  asn: 64_500 + i,
}));

describe('a client of the node', () => {
  let node: NodeFixture;
  const opened = async (options: ConstructorParameters<typeof NodeFixture>[0] = {}): Promise<void> => {
    node = new NodeFixture(options);
    await node.open();
  };
  afterEach(() => node.close());

  const connect = (pair: readonly [string, string] = PAIR): string =>
    `CONNECT echo.lumi.test:80 HTTP/1.1\r\n${basic(pair)}\r\n`;

  it('is refused with 429 for a minute after 20 wrong logins at an entry, and its right pair too', async () => {
    await opened();
    const own = await node.freePort();
    node.rights.apply({ rights: [node.right(), node.right({ subject: 'prx_two', port: own })] });
    await node.plane.ready();
    for (let i = 0; i < WRONG_LOGINS_MAX; i += 1)
      expect(
        await node
          .client()
          .send(connect([PAIR[0], `wrong${String(i)}`]))
          .take('\r\n\r\n'),
      ).toContain('HTTP/1.1 407 ');
    const refused = await node.client().send(connect()).take('\r\n\r\n');
    expect(refused).toContain('HTTP/1.1 429 ');
    expect(refused).toContain('details="logins"');
    expect(refused).toContain('Retry-After: 60\r\n');
    expect(await node.client().send(socksHello()).take(4)).toBe('\x05\x02\x01\x01');
    expect(await node.client(own).send(connect()).take('\r\n')).toContain('200');
    expect(node.events.of('abuse')).toEqual([['abuse', 'login-guessing', '127.0.0.1']]);
  });

  it('is counted by its /64 over IPv6, because one customer has all of it', async () => {
    await opened({ isTrusted: (address) => address === '127.0.0.1' });
    await node.admit();
    const ask = (address: string, pair: readonly [string, string]): Promise<string> =>
      node
        .client()
        .send(`PROXY TCP6 ${address} 2001:db8::1 1111 80\r\n${connect(pair)}`)
        .take('\r\n\r\n');
    for (let i = 1; i <= WRONG_LOGINS_MAX; i += 1)
      expect(await ask(`2001:db8:1:2::${String(i)}`, [PAIR[0], 'wrong'])).toContain('HTTP/1.1 407 ');
    expect(await ask('2001:db8:1:2:ffff::1', PAIR)).toContain('details="logins"');
    expect(await ask('2001:db8:1:3::1', PAIR)).toContain('HTTP/1.1 200 ');
    expect(node.events.of('abuse')).toEqual([['abuse', 'login-guessing', '2001:db8:1:2::/64']]);
  });

  it('may not hold more than 200 connections that have not logged in', async () => {
    await opened();
    await node.admit();
    const clients = Array.from({ length: UNKNOWN_CONNECTIONS_MAX }, () => node.client());
    await until(() => node.plane.state.unknown === UNKNOWN_CONNECTIONS_MAX);
    const late = node.client();
    await late.closed();
    expect(clients.filter(({ isClosed }) => isClosed)).toEqual([]);
    expect(await clients[0]?.send(connect()).take('\r\n')).toContain('200');
    const now = node.client().send(connect());
    expect(await now.take('\r\n')).toContain('200');
  });

  it('is known by the address that a trusted balancer names, in both versions of the PROXY protocol', async () => {
    await opened({ isTrusted: (address) => address === '127.0.0.1' });
    const own = await node.freePort();
    await node.admit({ port: own, logins: [], blocks: [{ block: '203.0.113.0/24', untilMs: null }] });
    const get = 'GET http://echo.lumi.test/ HTTP/1.1\r\nHost: x\r\n\r\n';
    const v1 = (address: string): string => `PROXY TCP4 ${address} 192.0.2.1 1111 80\r\n`;
    const v2 = Buffer.concat([
      Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'),
      Buffer.from([203, 0, 113, 7, 192, 0, 2, 1, 4, 87, 0, 80]),
    ]);
    expect(
      await node
        .client(own)
        .send(v1('203.0.113.7') + get)
        .take('\r\n'),
    ).toContain('200');
    expect(
      await node
        .client(own)
        .send(v1('203.0.114.7') + get)
        .take('\r\n'),
    ).toContain('407');
    const inParts = node.client(own).send(v2.subarray(0, 5));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await inParts.send(Buffer.concat([v2.subarray(5), Buffer.from(get)])).take('\r\n')).toContain('200');
    for (const bad of [get, 'PROXY TCP4 1.2.3 4 5 6\r\n', 'PROXX', '\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c']) {
      const client = node.client(own).send(bad);
      await client.closed();
      expect(client.bytes.length).toBe(0);
    }
  });

  it.each([
    ['nothing', ''],
    ['half a head, byte after byte', 'GET http://echo.lumi.test/ HTTP/1.1\r\nX: '],
    ['half a SOCKS5 handshake', '\x05\x01\x02\x01'],
    ['half a request after a whole one', `${'GET http://echo.lumi.test/ HTTP/1.1\r\nHost: x\r\n'}${basic()}\r\nGET `],
  ])('is closed when its time for a handshake is over and it has sent %s', async (_, bytes) => {
    await opened({ stageMs: 700 });
    await node.admit();
    const client = node.client().send(bytes);
    const drip = setInterval(() => client.socket.write('a'), 100);
    await client.closed();
    clearInterval(drip);
    await until(() => node.plane.state.connections === 0);
  });

  it('may end its request while the node drains, and no other one begins', async () => {
    await opened();
    await node.admit();
    let answer: () => void = () => undefined;
    const port = await node.target((socket) => {
      socket.once('data', () => (answer = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')));
    });
    const get = `GET http://127.0.0.1:${String(port)}/ HTTP/1.1\r\nHost: x\r\n${basic()}\r\n`;
    const client = node.client().send(get + get);
    await until(() => node.plane.state.passages === 1);
    const { http } = node.plane.ports;
    const drained = node.plane.drain(5_000);
    const late = node.client(http);
    await late.closed();
    expect(late.error).toBe('ECONNREFUSED');
    await until(() => {
      answer();
      return client.bytes.includes('ok');
    });
    await drained;
    await client.closed();
    expect(client.text.match(/200 OK/g)).toHaveLength(1);
  });

  it('keeps its exit in a session and gets another one for each request without', async () => {
    await opened();
    await node.admit(
      { kind: 'plan', subject: 'tpl_one', exits: { kind: 'pool', pool: 'residential' } },
      { residential: POOL },
    );
    const seen = async (client: RawClient, name: string): Promise<string> => {
      client.send(`GET http://echo.lumi.test/ HTTP/1.1\r\nHost: x\r\n${basic([name, PAIR[1]])}\r\n`);
      await client.take('\r\n\r\n');
      return (JSON.parse(await client.take('}\n')) as { ip: string }).ip;
    };
    const client = node.client();
    const rotating: string[] = [];
    for (let i = 0; i < 10; i += 1) rotating.push(await seen(client, PAIR[0]));
    expect(rotating.filter((ip, i) => ip === rotating[i - 1])).toEqual([]);
    expect(new Set(rotating).size).toBeGreaterThan(2);
    const sticky: string[] = [];
    for (let i = 0; i < 5; i += 1) sticky.push(await seen(node.client(), `${PAIR[0]}-country-xb-session-ab12`));
    expect(new Set(sticky).size).toBe(1);
    expect(POOL.slice(4).map(({ address }) => address)).toContain(sticky[0]);
  });
});
