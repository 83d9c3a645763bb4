import { createServer, type AddressInfo, type Server } from 'node:net';
import { Pool } from 'undici';
import { wasNotReached } from './not-reached';

let server: Server;
let url: string;

beforeAll(async () => {
  // Takes a connection, reads the request and breaks off.
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.resetAndDestroy());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
});

afterAll(() => server.close());

async function failureOf(origin: string): Promise<unknown> {
  const pool = new Pool(origin, { connect: { timeout: 2_000 } });
  try {
    await pool.request({ method: 'POST', path: '/', body: 'once' });
    return null;
  } catch (err) {
    return err;
  } finally {
    await pool.destroy();
  }
}

function failed(fields: { code: string; syscall?: string }): Error {
  return Object.assign(new Error(fields.code), fields);
}

test('a port that refuses and a name that does not exist were not reached', async () => {
  expect(wasNotReached(await failureOf('http://127.0.0.1:1'))).toBe(true);
  expect(wasNotReached(await failureOf('http://no-such-name.invalid'))).toBe(true);
});

test('a connection that breaks after the request may have carried it', async () => {
  const err = await failureOf(url);
  expect(err).toMatchObject({ message: expect.any(String) });
  expect(wasNotReached(err)).toBe(false);
});

test('the same code says nothing when the connection stood already', () => {
  for (const code of ['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']) {
    expect(wasNotReached(failed({ code, syscall: 'connect' }))).toBe(true);
    expect(wasNotReached(failed({ code, syscall: 'read' }))).toBe(false);
    expect(wasNotReached(failed({ code }))).toBe(false);
  }
});

test('of several addresses, each must have failed to connect', () => {
  const refused = failed({ code: 'ECONNREFUSED', syscall: 'connect' });
  const broken = failed({ code: 'ECONNRESET', syscall: 'read' });
  expect(wasNotReached(new AggregateError([refused, refused]))).toBe(true);
  expect(wasNotReached(new AggregateError([refused, broken]))).toBe(false);
  expect(wasNotReached(new AggregateError([]))).toBe(false);
});

test('what is no error proves nothing', () => {
  for (const thrown of [undefined, null, 'ECONNREFUSED', {}]) expect(wasNotReached(thrown)).toBe(false);
});
