// The ways into the node, with real sockets and with curl: HTTP, CONNECT and SOCKS5 on one set of credentials.
import { basic, curl, hasCurl, NodeFixture, PAIR, socksConnect, socksHello } from './node-fixture';

describe('the node', () => {
  let node: NodeFixture;
  beforeEach(async () => {
    node = new NodeFixture();
    await node.open();
  });
  afterEach(() => node.close());

  const withCurl = hasCurl ? it : it.skip;
  withCurl.each([
    ['HTTP', ['-x', 'http://HOST'], 'http://echo.lumi.test/seen?a=1'],
    ['CONNECT', ['-p', '-x', 'http://HOST'], 'http://echo.lumi.test/seen?a=1'],
    ['CONNECT and TLS', ['-k', '-x', 'http://HOST'], 'https://echo.lumi.test/seen?a=1'],
    ['SOCKS5 with the address looked up by the proxy', ['-x', 'socks5h://HOST'], 'http://echo.lumi.test/seen?a=1'],
  ])('carries a request of curl by %s, from the exit that was sold', async (_, args, url) => {
    await node.admit();
    const host = `${PAIR.join(':')}@127.0.0.1:${String(node.plane.ports.http)}`;
    const { out } = await curl([...args.map((arg) => arg.replace('HOST', host)), url]);
    expect(JSON.parse(out)).toMatchObject({ ip: '127.64.0.5', method: 'GET', path: '/seen?a=1' });
  });

  withCurl('carries a megabyte down and up by each way, and counts what the target saw', async () => {
    await node.admit();
    const host = `${PAIR.join(':')}@127.0.0.1:${String(node.plane.ports.http)}`;
    for (const proxy of [
      ['-x', `http://${host}`],
      ['-p', '-x', `http://${host}`],
      ['-x', `socks5h://${host}`],
    ]) {
      const before = node.meter.total('prx_one');
      const { out } = await curl([
        ...proxy,
        '-o',
        '/dev/null',
        '-w',
        '%{size_download}',
        'http://echo.lumi.test/bytes/1000000',
      ]);
      expect(out).toBe('1000000');
      expect(node.meter.total('prx_one') - before).toBeGreaterThan(1_000_000);
      expect(node.meter.total('prx_one') - before).toBeLessThan(1_001_000);
      const sent = await curl([
        ...proxy,
        '--data-binary',
        '@/proc/self/exe',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        'http://echo.lumi.test/',
      ]);
      expect(sent.out).toBe('200');
    }
  });

  it('serves a static proxy on its own port, with all protocols on one port', async () => {
    const own = await node.freePort();
    await node.admit({ port: own });
    const http = node.client(own).send(`GET http://echo.lumi.test/ HTTP/1.1\r\nHost: x\r\n${basic()}\r\n`);
    expect(await http.take('\r\n')).toBe('HTTP/1.1 200 OK\r\n');
    const socks = node.client(own).send(Buffer.concat([socksHello(), socksConnect('echo.lumi.test', 80)]));
    expect(await socks.take(14)).toBe('\x05\x02\x01\x00\x05\x00\x00\x01\0\0\0\0\0\0');
    // The pair belongs to this entry only.
    const pools = node.client().send(`GET http://echo.lumi.test/ HTTP/1.1\r\nHost: x\r\n${basic()}\r\n`);
    expect(await pools.take('\r\n\r\n')).toContain('details="credentials"');
  });

  it('lets an allowed address in without a pair at a static port only, until its end', async () => {
    const target = await node.target((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nhello'));
    const own = await node.freePort();
    await node.admit({ port: own, logins: [], blocks: [{ block: '127.0.0.0/8', untilMs: Date.now() + 3_600_000 }] });
    const get = `GET http://127.0.0.1:${String(target)}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
    expect(await node.client(own).send(get).take('hello')).toContain('200 OK');
    expect(await node.client().send(get).take('\r\n\r\n')).toContain('HTTP/1.1 407');
    expect(node.events.of('seen')).toEqual([['seen', 'prx_one', '127.0.0.0/8']]);
    const socks = node.client(own).send(Buffer.from([5, 1, 0]));
    expect(await socks.take(2)).toBe('\x05\x00');
    await node.admit({ port: own, logins: [], blocks: [{ block: '127.0.0.0/8', untilMs: Date.now() - 1 }] });
    expect(await node.client(own).send(get).take('\r\n\r\n')).toContain('details="credentials"');
    expect(
      await node
        .client(own)
        .send(Buffer.from([5, 1, 0]))
        .take(2),
    ).toBe('\x05\xff');
  });

  it.each([
    ['a wrong password', [PAIR[0], 'wrong'] as const, 407, 'credentials'],
    ['an unknown option', [`${PAIR[0]}-planet-mars`, PAIR[1]] as const, 407, 'credentials'],
    ['an option twice', [`${PAIR[0]}-country-xa-country-xa`, PAIR[1]] as const, 407, 'credentials'],
    ['a place that the exit is not at', [`${PAIR[0]}-country-de`, PAIR[1]] as const, 502, 'exit'],
  ])('refuses %s over HTTP and SOCKS5', async (_, pair, status, word) => {
    await node.admit();
    const http = node.client().send(`CONNECT echo.lumi.test:80 HTTP/1.1\r\n${basic(pair)}\r\n`);
    const answer = await http.take('\r\n\r\n');
    expect(answer).toContain(`HTTP/1.1 ${String(status)} `);
    expect(answer).toContain(`details="${word}"`);
    expect(answer).toContain('Content-Length: 0');
    const socks = node.client().send(Buffer.concat([socksHello(pair), socksConnect('echo.lumi.test', 80)]));
    const expected = word === 'credentials' ? '\x05\x02\x01\x01' : '\x05\x02\x01\x00\x05\x04';
    expect(await socks.take(expected.length)).toBe(expected);
  });

  it.each([
    ['a private address', '10.0.0.1:80', 403, 'target', 2],
    ['the metadata address in numeric form', '0xa9fea9fe:80', 403, 'target', 2],
    ['a mail port', '127.0.0.1:25', 403, 'port', 2],
    ['another port of the echo', 'echo.lumi.test:81', 403, 'target', 2],
    ['a name that is none', 'a..b:80', 400, 'request', 1],
  ])('refuses %s and dials nothing', async (_, target, status, word, code) => {
    await node.admit();
    const answer = await node.client().send(`CONNECT ${target} HTTP/1.1\r\n${basic()}\r\n`).take('\r\n\r\n');
    expect(answer).toContain(`HTTP/1.1 ${String(status)} `);
    expect(answer).toContain(`details="${word}"`);
    const [host = '', port] = target.split(':');
    const socks = node.client().send(Buffer.concat([socksHello(), socksConnect(host, Number(port))]));
    expect((await socks.take(6)).charCodeAt(5)).toBe(code);
  });

  it('says when a target refuses, and when an exit cannot be bound', async () => {
    await node.admit();
    const port = await node.freePort();
    const closed = `CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`;
    expect(await node.client().send(closed).take('\r\n\r\n')).toContain(
      '502 Bad Gateway\r\nProxy-Status: lumi; error=connection_refused; details="refused"',
    );
    await node.admit({ exits: { kind: 'fixed', address: '198.51.100.7', country: 'XA' } });
    expect(await node.client().send(closed).take('\r\n\r\n')).toContain('details="exit"');
    await node.admit({ exits: { kind: 'fixed', address: '2001:db8::7', country: 'XA' } });
    const echo = `CONNECT echo.lumi.test:80 HTTP/1.1\r\n${basic()}\r\n`;
    expect(await node.client().send(echo).take('\r\n\r\n')).toContain('details="exit"');
    expect(await node.client().send(closed).take('\r\n\r\n')).toContain('details="family"');
  });

  it('answers SOCKS5 commands and address types that it does not have with 07 and 08', async () => {
    await node.admit();
    for (const command of [2, 3]) {
      const socks = node.client().send(Buffer.concat([socksHello(), socksConnect('echo.lumi.test', 80, command)]));
      expect((await socks.take(6)).charCodeAt(5)).toBe(7);
    }
    const odd = node.client().send(Buffer.concat([socksHello(), Buffer.from([5, 1, 0, 9, 0, 0, 0])]));
    expect((await odd.take(6)).charCodeAt(5)).toBe(8);
    expect(
      await node
        .client()
        .send(Buffer.from([5, 1, 0]))
        .take(2),
    ).toBe('\x05\xff');
  });

  it.each([
    ['suspended', { suspendedFor: 'abuse' }],
    ['disabled', { isEnabled: false }],
    ['expired', { validUntilMs: 0 }],
    ['blocked', { blockedDomains: ['lumi.test'] }],
    ['blocked', { allowedDomains: ['example.com'] }],
  ] as const)('refuses a right that is %s: %j', async (word, change) => {
    await node.admit(change);
    const answer = await node
      .client()
      .send(`GET http://echo.lumi.test/ HTTP/1.1\r\nHost: x\r\n${basic()}\r\n`)
      .take('\r\n\r\n');
    expect(answer).toContain('HTTP/1.1 403 ');
    expect(answer).toContain(`details="${word}"`);
  });

  it('refuses the other protocol of a static proxy that has one', async () => {
    const port = await node.freePort();
    await node.admit({ port, protocol: 'http' });
    const socks = node.client(port).send(Buffer.concat([socksHello(), socksConnect('echo.lumi.test', 80)]));
    expect((await socks.take(6)).charCodeAt(5)).toBe(2);
    await node.admit({ port, protocol: 'socks5' });
    const http = node.client(port).send(`CONNECT echo.lumi.test:80 HTTP/1.1\r\n${basic()}\r\n`);
    expect(await http.take('\r\n\r\n')).toContain('details="protocol"');
  });

  it('goes by the service’s clock', async () => {
    await node.admit({ validUntilMs: Date.now() + 60_000 });
    node.rights.setNow(Date.now() + 120_000);
    const answer = await node.client().send(`CONNECT echo.lumi.test:80 HTTP/1.1\r\n${basic()}\r\n`).take('\r\n\r\n');
    expect(answer).toContain('details="expired"');
  });
});
