// One request of a connection at a time, and bodies in every shape, over real sockets.
import { silentLog } from '../../ground/runtime';
import { until } from '../../testing/until';
import { errorStage } from '.';
import { bodies, connectionsOf, get, open, post, startServer, type TestServer } from './test/raw-sockets';

describe('requests sent ahead on one connection', () => {
  it('wait until the one before is answered, and are then served in their order', async () => {
    const { connect, begun, release } = await startServer();
    const socket = connect();
    const paths = Array.from({ length: 50 }, (_, i) => `/${String(i)}`);
    socket.write(get('/slow') + paths.map(get).join(''));
    await until(() => begun.length > 0);
    // Another connection is served meanwhile, so those behind could have started.
    const other = connect();
    other.write(get('/other'));
    await until(() => other.said.endsWith('/other'));
    expect(begun).toEqual(['/slow', '/other']);
    release();
    await until(() => bodies(socket.said).length === 51);
    expect(bodies(socket.said)).toEqual(['slow', ...paths]);
    expect(begun).toEqual(['/slow', '/other', ...paths]);
  });

  it('keep their bodies and their order, in pieces of any size', async () => {
    const { connect } = await startServer();
    const texts = Array.from({ length: 40 }, (_, i) => `body ${String(i)} ${'x'.repeat(i * 997)}`);
    const wire = texts.map((text, i) => post(text) + get(`/after-${String(i)}`)).join('');
    const expected = texts.flatMap((text, i) => [text, `/after-${String(i)}`]);
    for (const step of [wire.length, 70_000, 1_013]) {
      const socket = connect();
      for (let from = 0; from < wire.length; from += step) socket.write(wire.slice(from, from + step));
      await until(() => socket.said.endsWith('/after-39'), { timeoutMs: 20_000 });
      expect(bodies(socket.said)).toEqual(expected);
    }
  });

  it('are served in order after answers that are read slowly', async () => {
    const { connect } = await startServer();
    const socket = connect();
    socket.pause();
    socket.write(
      Array.from({ length: 3 }, (_, i) => get('/large') + post(`p${String(i)}`) + get(`/g${String(i)}`)).join(''),
    );
    const sip = setInterval(() => socket.resume() && setImmediate(() => socket.pause()), 5).unref();
    await until(() => socket.said.endsWith('/g2'), { timeoutMs: 20_000 });
    clearInterval(sip);
    expect(bodies(socket.said).map((body) => (body.length > 100 ? 'large' : body))).toEqual(
      Array.from({ length: 3 }, (_, i) => ['large', `p${String(i)}`, `/g${String(i)}`]).flat(),
    );
  });

  it('are not started for a peer that has ended', async () => {
    const { connect, begun, release } = await startServer();
    const socket = connect();
    socket.write(get('/slow'));
    await until(() => begun.length === 1);
    socket.write(Array.from({ length: 1_000 }, () => get('/never')).join(''));
    socket.destroy();
    release();
    const other = connect();
    other.write(get('/other'));
    await until(() => other.said.endsWith('/other'));
    expect(begun.filter((path) => path === '/never').length).toBeLessThanOrEqual(1);
  });

  it('are answered up to the first invalid one, which is refused and ends the connection', async () => {
    const { connect, begun, release } = await startServer();
    const socket = connect();
    socket.write(`${get('/slow')}${get('/one')}nonsense\r\n\r\n${get('/never')}`);
    await until(() => begun.length === 1);
    release();
    await until(() => socket.destroyed);
    expect(socket.said.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(begun).toEqual(['/slow', '/one']);
  });

  it('by forty peers that never read do not delay the answers of others', async () => {
    const { connect, begun } = await startServer();
    const greedy = Array.from({ length: 40 }, () => connect());
    for (const socket of greedy) {
      socket.pause();
      socket.write(get('/x').repeat(1_500));
    }
    const other = connect();
    other.write(get('/mine'));
    await until(() => other.said.endsWith('/mine'));
    // Of the 60,000 requests sent before it, only those ran whose turn came while it waited.
    expect(begun.indexOf('/mine')).toBeLessThan(3_000);
  });
});

describe('a body in chunks', () => {
  const head = 'POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunks = (text: string, size: number): string =>
    (text.match(new RegExp(`.{1,${String(size)}}`, 'g')) ?? [])
      .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
      .concat('0\r\n\r\n')
      .join('');

  it.each([
    [20, 60_000],
    [1_000, 900_000],
    [1, 4_000],
  ])('of %i bytes is read to its end, and the next request is served', async (size, length) => {
    const { connect } = await startServer();
    const socket = connect();
    const text = 'abcdefghij'.repeat(length / 10);
    socket.write(head + chunks(text, size) + get('/next'));
    await until(() => socket.said.endsWith('/next'), { timeoutMs: 20_000 });
    expect(socket.said).toContain(`\r\n\r\n${text}HTTP/1.1 200`);
  });

  it('of a single byte each is refused before it takes a thousand times its size', async () => {
    const { connect } = await startServer();
    const socket = connect();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(head + chunks('x'.repeat(60_000), 1) + get('/never'));
    await closed;
    expect(socket.said).toMatch(/^HTTP\/1\.1 413 .*payload_too_large/s);
    expect(socket.said.match(/HTTP\/1\.1 \d{3}/g)).toHaveLength(1);
  });

  it('lets others have their answers between its pieces', async () => {
    const { connect, begun } = await startServer();
    const text = head + chunks('x'.repeat(60_000), 20);
    for (let i = 0; i < 60; i += 1) connect().write(text);
    const other = connect();
    other.write(get('/mine'));
    await until(() => other.said.endsWith('/mine'), { timeoutMs: 20_000 });
    expect(begun).toContain('/mine');
  });
});

describe('a request refused before its body has come', () => {
  const refusing = async (): Promise<TestServer> => {
    const made = await startServer();
    made.app.use(errorStage(silentLog, () => 'req_1'));
    return made;
  };
  const head = (length: number): string =>
    `POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: ${String(length)}\r\n\r\n`;

  it('gets its answer although it sends on, and its connection ends', async () => {
    const { connect, begun } = await refusing();
    const socket = connect();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(head(979_000));
    for (let i = 0; i < 10; i += 1) socket.write(Buffer.alloc(97_900, get('/smuggled')));
    await closed;
    expect(socket.said).toMatch(/^HTTP\/1\.1 413 .*\r\nConnection: close\r\n.*payload_too_large/s);
    expect(socket.said.match(/HTTP\/1\.1 \d{3}/g)).toHaveLength(1);
    expect(begun).toEqual(['/refused']);
  });

  it('keeps its connection when little of the body is left', async () => {
    const { connect } = await refusing();
    const socket = connect();
    socket.write(`${head(2_000)}${'x'.repeat(2_000)}${get('/next')}`);
    await until(() => socket.said.endsWith('/next'));
    expect(socket.said.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  });

  it('loses its connection after a while when it neither sends on nor ends', async () => {
    const { connect } = await refusing();
    const socket = connect();
    socket.pause(); // so that it does not see the end
    socket.write(`${head(979_000)}x`);
    const [server] = open;
    await until(async () => (await connectionsOf(server?.server)) === 1);
    await until(async () => (await connectionsOf(server?.server)) === 0, { timeoutMs: 15_000 });
  });
});
