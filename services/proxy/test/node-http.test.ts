// Plain HTTP through the node, against targets that keep what they got to the byte: which fields go further, which
// messages are refused, and who pays for a request.
import type { Socket } from 'node:net';
import { until } from '@lumi/shared/testing';
import { basic, NodeFixture } from './node-fixture';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('plain HTTP', () => {
  let node: NodeFixture;
  let port: number;
  let seen: string[];
  let answer: string | ((socket: Socket) => void);
  beforeEach(async () => {
    node = new NodeFixture();
    await node.open();
    await node.admit();
    seen = [];
    answer = OK;
    port = await node.target((socket) => {
      const at = seen.push('') - 1;
      socket.on('data', (bytes) => {
        const isFirst = seen[at] === '';
        seen[at] += bytes.toString('latin1');
        if (isFirst && typeof answer === 'string') socket.write(answer, 'latin1');
        else if (isFirst && typeof answer === 'function') answer(socket);
      });
    });
  });
  afterEach(() => node.close());

  const url = (path = '/'): string => `http://127.0.0.1:${String(port)}${path}`;

  it('sends the target the request without the fields of the hop and of who is behind it, and adds none', async () => {
    answer = OK.replace(
      '\r\n',
      '\r\nVia: 1.1 other\r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: for=a\r\nProxy-Status: x\r\nX-Mine: 1\r\n' +
        'Connection: x-named, keep-alive\r\nX-Named: 1\r\nKeep-Alive: timeout=5\r\n',
    );
    const client = node
      .client()
      .send(
        `POST ${url('/a?b=c')} HTTP/1.1\r\nHost: other.example\r\n${basic()}User-Agent: t\r\nVia: 1.0 me\r\n` +
          'Forwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: h\r\nX-Forwarded-Proto: https\r\n' +
          'X-Real-IP: 1.2.3.4\r\nProxy-Connection: keep-alive, X-Also\r\nX-Also: 1\r\nProxy-Foo: 1\r\n' +
          'Connection: X-Secret, content-length, close\r\nX-Secret: 1\r\nKeep-Alive: 1\r\nTE: trailers\r\n' +
          'Trailer: X\r\nUpgrade: websocket\r\nContent-Length: 3\r\nX-Last:  kept \r\n\r\nabc',
      );
    expect(await client.take('ok')).toBe('HTTP/1.1 200 OK\r\nX-Mine: 1\r\nContent-Length: 2\r\n\r\nok');
    expect(seen).toEqual([
      `POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:${String(port)}\r\n` +
        'User-Agent: t\r\nContent-Length: 3\r\nX-Last: kept\r\n\r\nabc',
    ]);
    await client.closed(); // it asked for that
    const [use] = node.meter.uses;
    expect(use?.up).toBe(seen[0]?.length);
    expect(use?.down).toBe(answer.length);
  });

  it('passes a chunked body on as it came, without its trailer, in both directions', async () => {
    const body = '5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Forwarded-For: 1\r\n\r\n';
    answer = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
    const client = node.client();
    for (const part of [
      `PUT ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}Transfer-Encoding: chunked\r\n\r\n`,
      '3\r',
      '\nabc\r\n0',
      '\r\nVia: 1\r\n\r\n',
    ]) {
      client.send(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.take('0\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n',
    );
    await until(() => seen[0]?.endsWith('0\r\n\r\n'));
    expect(seen[0]).toMatch(/\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
    // The connection is still of use.
    answer = OK;
    client.send(`GET ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    expect(await client.take('ok')).toBe(OK);
  });

  const request = (fields: string, body = '', line = ''): string =>
    `${line === '' ? `POST ${url()} HTTP/1.1` : line}\r\nHost: a\r\n${basic()}${fields}\r\n${body}`;
  it.each([
    ['two lengths', () => request('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')],
    ['two different lengths', () => request('Content-Length: 0\r\nContent-Length: 3\r\n', 'abc')],
    ['a list of lengths', () => request('Content-Length: 3, 3\r\n', 'abc')],
    ['a signed length', () => request('Content-Length: +3\r\n', 'abc')],
    ['a length and chunks', () => request('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
    ['an encoding that is not chunked alone', () => request('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
    ['chunked twice', () => request('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
    ['an encoding with a tab in its name', () => request('Transfer-Encoding\t: chunked\r\n', '0\r\n\r\n')],
    ['a space before the colon', () => request('Content-Length : 3\r\n', 'abc')],
    ['a length spelled with an underscore', () => request('Content_Length: 3\r\n', 'abc')],
    ['a folded field', () => request('X-A: 1\r\n b\r\n')],
    ['a bare LF in the head', () => request('X-A: 1\nX-B: 2\r\n')],
    ['a bare CR in a value', () => request('X-A: 1\rX-B: 2\r\n')],
    ['a NUL in a value', () => request('X-A: 1\0\r\n')],
    ['a field without a name', () => request(': 1\r\n')],
    ['two hosts', () => request('Host: b\r\n')],
    ['two credentials', () => request(basic())],
    ['a line with two spaces', () => request('', '', `GET  ${url()} HTTP/1.1`)],
    ['HTTP/1.2', () => request('', '', `GET ${url()} HTTP/1.2`)],
    ['HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['chunks in HTTP/1.0', () => request('Transfer-Encoding: chunked\r\n', '0\r\n\r\n', `POST ${url()} HTTP/1.0`)],
    ['an origin form', () => request('', '', 'GET / HTTP/1.1')],
    ['https in plain HTTP', () => request('', '', 'GET https://127.0.0.1/ HTTP/1.1')],
    ['a user in the URL', () => request('', '', `GET http://u:p@127.0.0.1:${String(port)}/ HTTP/1.1`)],
    ['a host of other bytes than ASCII', () => request('', '', 'GET http://f\xc3\xbc.example/ HTTP/1.1')],
    ['a CONNECT to other bytes than ASCII', () => request('', '', 'CONNECT \xff127.0.0.1:80 HTTP/1.1')],
    ['a Host of other bytes than ASCII', () => request('').replace('Host: a', 'Host: a\xe4')],
    ['a fragment in the URL', () => request('', '', `GET ${url('/#a')} HTTP/1.1`)],
    [
      'content of a CONNECT request',
      () => request('Content-Length: 1\r\n', 'a', `CONNECT 127.0.0.1:${String(port)} HTTP/1.1`),
    ],
    ['a head of more than 16 KiB', () => request(`X-A: ${'a'.repeat(17_000)}\r\n`)],
    ['a PROXY header of a client that is not trusted', () => `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n${request('')}`],
  ])('refuses %s with 400 and sends the target nothing', async (_, make) => {
    const client = node.client().send(make());
    expect(await client.take('\r\n\r\n')).toBe(
      'HTTP/1.1 400 Bad Request\r\nProxy-Status: lumi; error=http_request_error; details="request"\r\n' +
        'Content-Length: 0\r\nConnection: close\r\n\r\n',
    );
    await until(() => client.hasEnded);
    expect(seen).toEqual([]);
    expect(node.meter.uses).toEqual([]);
  });

  it.each([
    ['a sign', '+3\r\nabc\r\n0\r\n\r\n'],
    ['a prefix', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a bare LF', '3\nabc\r\n0\r\n\r\n'],
    ['an extension', '3;a=b\r\nabc\r\n0\r\n\r\n'],
    ['more data than its size', '3\r\nabcd\r\n0\r\n\r\n'],
    ['a line without an end', `${'0'.repeat(300)}\r\n`],
  ])('stops a request whose chunk has %s, and the target sees no end of it', async (_, body) => {
    answer = () => undefined;
    const client = node.client().send(request('Transfer-Encoding: chunked\r\n', body));
    expect(await client.take('\r\n\r\n')).toContain('HTTP/1.1 400 ');
    expect(seen.join('')).not.toContain('0\r\n\r\n');
    await until(() => node.plane.state.passages === 0);
  });

  it.each([
    ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n b\r\n\r\n'],
    ['no status', 'HELLO\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['an endless head', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(20_000)}`],
  ])('answers 502 when the target answers with %s', async (_, bad) => {
    answer = bad;
    const client = node.client().send(request(''));
    expect(await client.take('\r\n\r\n')).toContain('error=http_protocol_error; details="answer"');
  });

  it('answers 502 when the target ends without an answer, and goes on with the next request', async () => {
    answer = (socket) => socket.destroy();
    const get = `GET ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`;
    const client = node.client().send(get);
    expect(await client.take('\r\n\r\n')).toContain('details="closed"');
    answer = OK;
    expect(await client.send(get).take('ok')).toBe(OK);
  });

  it('knows answers without a body, interim answers, and answers that end with the connection', async () => {
    const client = node.client();
    answer = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n';
    client.send(`HEAD ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    expect(await client.take('\r\n\r\n')).toBe(answer);
    answer = 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n';
    client.send(`GET ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    expect(await client.take('\r\n\r\n')).toBe(answer);
    answer = `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${OK}`;
    client.send(`GET ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    expect(await client.take('ok')).toBe(answer);
    const length = 'Content-Length: 2\r\n';
    answer = `HTTP/1.1 103 Early Hints\r\n${length}\r\nHTTP/1.1 204 No Content\r\n${length}\r\n`;
    client.send(`GET ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    expect(await client.take('Content\r\n\r\n')).toBe(
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    );
    answer = (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nto the end');
    client.send(`GET ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    expect(await client.take('end')).toBe('HTTP/1.1 200 OK\r\n\r\nto the end');
    await client.closed();
  });

  it('answers pipelined requests one after the other', async () => {
    const get = (path: string): string => `GET ${url(path)} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`;
    const client = node.client().send(get('/1') + get('/2') + get('/3'));
    for (let i = 0; i < 3; i += 1) expect(await client.take('ok')).toBe(OK);
    expect(seen.map((one) => one.split(' ')[1])).toEqual(['/1', '/2', '/3']);
  });

  it('bills two customers on one kept-alive connection each their own bytes', async () => {
    const other = ['second_one', 'other-secret'] as const;
    node.rights.apply({
      rights: [
        node.right(),
        node.right({ subject: 'prx_two', pair: other, exits: { kind: 'fixed', address: '127.64.0.6', country: 'XB' } }),
      ],
    });
    const body = 'x'.repeat(10_000);
    answer = `HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
    const client = node.client();
    client.send(`GET ${url('/one')} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    await client.take(body);
    client.send(`GET ${url('/two')} HTTP/1.1\r\nHost: a\r\n${basic(other)}\r\n`);
    await client.take(body);
    client.send(`GET ${url('/none')} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(await client.take('\r\n\r\n')).toContain('HTTP/1.1 407 ');
    client.send(`GET ${url('/one')} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    await client.take(body);
    await until(() => node.meter.uses.every(({ isError }) => isError === false));
    expect(node.meter.uses.map(({ subject, country, up, down }) => [subject, country, up, down])).toEqual([
      ['prx_one', 'XA', seen[0]?.length, answer.length],
      ['prx_two', 'XB', seen[1]?.length, answer.length],
      ['prx_one', 'XA', seen[2]?.length, answer.length],
    ]);
  });

  it('tells a client without credentials how to log in, and keeps its connection', async () => {
    const client = node.client().send(`GET ${url()} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(await client.take('\r\n\r\n')).toBe(
      'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy", charset="UTF-8"\r\n' +
        'Proxy-Status: lumi; error=http_request_denied; details="credentials"\r\nContent-Length: 0\r\n' +
        'Connection: keep-alive\r\n\r\n',
    );
    client.send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    expect(await client.take('\r\n\r\n')).toBe('HTTP/1.1 200 Connection established\r\n\r\n');
    client.send('anything');
    await until(() => seen[0] === 'anything');
  });

  it.each([
    ['credentials', () => `127.0.0.1:${String(port)}`, ''],
    ['port', () => '127.0.0.1:25', basic()],
    ['refused', async () => `127.0.0.1:${String(await node.freePort())}`, basic()],
  ])('carries out nothing that is sent behind a CONNECT that is refused for %s', async (word, place, login) => {
    const client = node.client().send(`CONNECT ${await place()} HTTP/1.1\r\n${login}\r\n`);
    client.send(`GET ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
    await until(() => client.hasEnded);
    expect(client.text.match(/details="\w+"|Connection: \S+/g)).toEqual([`details="${word}"`, 'Connection: close']);
    expect(seen).toEqual([]);
  });

  it('sends a large body up and a large answer down unchanged', async () => {
    const size = 5_000_000;
    const body = Buffer.alloc(size, 'abcdefghij');
    const whole = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${String(size)}\r\n\r\n`), body]);
    // Later: an answer that is over before the request ends the connection.
    answer = (socket) => void until(() => (seen[0]?.length ?? 0) > size).then(() => socket.write(whole));
    const client = node
      .client()
      .send(`POST ${url()} HTTP/1.1\r\nHost: a\r\n${basic()}Content-Length: ${String(size)}\r\n\r\n`);
    client.send(body);
    await client.take('\r\n\r\n');
    expect((await client.take(size)) === body.toString('latin1')).toBe(true);
    expect(seen[0]?.endsWith(body.toString('latin1'))).toBe(true);
  });
});
