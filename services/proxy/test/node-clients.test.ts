// Clients of the node: wrong logins, connections without a login, balancers, sessions and rotation.
import { until } from '@lumi/shared/testing';
import { FixedClock } from '@lumi/shared/runtime';
import { Exits } from '../src/node/exits';
import { UNKNOWN_CONNECTIONS_MAX, WRONG_LOGINS_MAX } from '../src/node/login-guard';
import { Rights, type PoolExit } from '../src/node/rights';
import { readUserName } from '../src/node/user-name';
import { basic, NodeFixture, PAIR, Recorded, socksHello, type RawClient } from './node-fixture';

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

describe('exits', () => {
  const clock = new FixedClock(1_800_000_000_000);
  const rights = new Rights(clock);
  const events = new Recorded();
  const right = {
    ...new NodeFixture().right({ subject: 'tpl_one', exits: { kind: 'pool', pool: 'p' } }),
    rotationS: null as number | null,
  };
  const chosen = (exits: Exits, options = '', own = right): string => {
    const wish = readUserName(`customer${options}`)?.wish;
    if (wish === undefined) throw new Error(`cannot read ${options}`);
    const exit = exits.choose(own, wish);
    return typeof exit === 'string' ? exit : exit.address;
  };
  beforeEach(() => rights.apply({ isWhole: true, rights: [right], pools: { p: POOL } }));

  it('are chosen by place, however it is written', () => {
    const exits = new Exits(rights, events);
    const of = (options: string): Set<string> => new Set(Array.from({ length: 50 }, () => chosen(exits, options)));
    expect(of('-country-XB-region-south')).toEqual(new Set([POOL[5]?.address, POOL[7]?.address]));
    expect(of('-asn-64503')).toEqual(new Set([POOL[3]?.address]));
    expect(of('-city-new-town-asn-AS64502')).toEqual(new Set([POOL[2]?.address]));
    expect(of('-city-new_town-country-xa').size).toBe(4);
    expect(of('-country-de')).toEqual(new Set(['exit']));
    expect(of('-zip-12345')).toEqual(new Set(['exit']));
  });

  it('change when a session’s time is over, and when the session’s exit is lost', () => {
    const exits = new Exits(rights, events);
    const first = chosen(exits, '-session-a-ttl-60');
    clock.advance(59_000);
    expect(chosen(exits, '-session-a-ttl-60')).toBe(first);
    clock.advance(1_000);
    const second = chosen(exits, '-session-a-ttl-60');
    expect(second).not.toBe(first);
    const strict = chosen(exits, '-session-b-strict-1');
    rights.apply({ rights: [], pools: { p: POOL.filter(({ address }) => address !== second && address !== strict) } });
    expect(chosen(exits, '-session-b-strict-1')).toBe('session');
    const third = chosen(exits, '-session-a-ttl-60');
    expect([second, 'exit', 'session']).not.toContain(third);
    clock.advance(600_000);
    expect(POOL.map(({ address }) => address)).toContain(chosen(exits, '-session-b-strict-1'));
  });

  it('that cannot be used are left alone for a minute', () => {
    const exits = new Exits(rights, events);
    for (const { address } of POOL.slice(1)) exits.markLost(address);
    expect(chosen(exits)).toBe(POOL[0]?.address);
    exits.markLost(POOL[0]?.address ?? '');
    expect(chosen(exits)).toBe('exit');
    clock.advance(60_000);
    expect(chosen(exits)).toMatch(/^127/);
  });

  it('change by an interval, the same on every node, and each change is reported once', () => {
    const turning = { ...right, rotationS: 300 };
    rights.apply({ rights: [turning] });
    const [one, other] = [new Exits(rights, events), new Exits(rights, new Recorded())];
    events.all.length = 0;
    const addresses: string[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      one.rotate();
      addresses.push(chosen(one, '', turning));
      expect(chosen(other, '', turning)).toBe(addresses.at(-1));
      clock.advance(60_000);
    }
    const changes = addresses.filter((address, i) => address !== addresses[i - 1]);
    expect(events.of('exitChanged').map(([, , address]) => address)).toEqual(changes);
    expect(changes.length).toBeGreaterThan(3);
    expect(changes.length).toBeLessThan(14);
  });

  it('of a /64 are fresh addresses, and one address for a session', () => {
    rights.apply({
      rights: [],
      pools: { p: [{ address: '2a00:1:2:3::/64', country: 'XA', region: null, city: null, asn: null }] },
    });
    const exits = new Exits(rights, events);
    const fresh = Array.from({ length: 20 }, () => chosen(exits));
    expect(new Set(fresh).size).toBe(20);
    expect(fresh.every((address) => address.startsWith('2a00:1:2:3:'))).toBe(true);
    expect(chosen(exits, '-session-a')).toBe(chosen(exits, '-session-a'));
  });

  it('refuse in the country that refuses', () => {
    const exits = new Exits(rights, events);
    expect(chosen(exits, '', { ...right, exits: { kind: 'fixed', address: '127.64.0.1', country: 'XU' } })).toBe(
      'exit',
    );
  });
});

describe('a user name', () => {
  it.each([
    '',
    'ab',
    '1abc',
    'customer-',
    'customer-country',
    'customer-country-',
    'customer-country-deu',
    'customer-ttl-60',
    'customer-strict-1',
    'customer-session-a-ttl-0',
    'customer-session-a-ttl-86401',
    'customer-session-a-strict-0',
    'customer-session-a-session-b',
    'customer-session-a.b',
    'customer-constructor-a',
    'customer-__proto__-a',
    `customer-session-${'a'.repeat(65)}`,
    'customer-asn-0',
    'customer-Country-de',
  ])('%j is refused', (name) => {
    expect(readUserName(name)).toBeNull();
  });

  it('carries every option, in any order', () => {
    expect(
      readUserName(
        'customer-strict-1-session-a_B-city-san-jose-region-north-ttl-600-asn-as64500-zip-sw1a-1aa-country-gb',
      ),
    ).toEqual({
      base: 'customer',
      wish: {
        country: 'GB',
        region: 'north',
        city: 'san-jose',
        asn: '64500',
        zip: 'sw1a-1aa',
        session: 'a_B',
        ttlS: 600,
        isStrict: true,
      },
    });
  });
});
