// Requests that end early, and requests that wait long.
import net from 'node:net';
import { testDatabase, testRedis, until } from '@lumi/shared/testing';
import { ask, openFixture, type Fixture, type TestGateway } from './fixture';

const database = testDatabase();
const redis = testRedis();
let fixture: Fixture;
let gateway: TestGateway;
let key: string;
let accountId: string;

beforeAll(async () => {
  fixture = await openFixture(database, redis);
  gateway = await fixture.gateway();
  accountId = await fixture.newAccount();
  key = (await fixture.newKey({ accountId })).key;
});
afterAll(() => fixture.close());
afterEach(() => {
  fixture.services.domains.answer = () => ({ status: 200, body: '{"ok":true}' });
  fixture.services.domains.received.length = 0;
});

describe('a client that goes away', () => {
  const goesAway = (path: string, method: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = net.connect(gateway.port, '127.0.0.1', () =>
        socket.write(
          `${method} ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nIdempotency-Key: ` +
            `order-0009\r\nContent-Length: 0\r\n\r\n`,
        ),
      );
      socket.on('error', reject);
      void until(() => isAsked)
        .then(() => socket.destroy())
        .then(() => resolve(), reject);
    });
  let isAsked = false;
  let isBroken = false;
  let isDone = false;
  beforeEach(() => {
    [isAsked, isBroken, isDone] = [false, false, false];
  });

  it('aborts a read at the service', async () => {
    fixture.services.domains.answer = async (_request, raw) => {
      raw.socket.once('close', () => (isBroken = true));
      isAsked = true;
      await until(() => isBroken);
      return { status: 200, body: '{}' };
    };
    await goesAway('/api/v1/things', 'GET');
    await until(() => isBroken);
  });

  it('finishes an order, and leaves nothing running', async () => {
    let go = (): void => undefined;
    fixture.services.domains.answer = async (_request, raw) => {
      raw.socket.once('close', () => (isBroken = true));
      isAsked = true;
      await new Promise<void>((resolve) => (go = resolve));
      isDone = true;
      return { status: 201, body: JSON.stringify({ text: 'x'.repeat(3_000_000) }) };
    };
    await goesAway('/api/v1/things', 'POST');
    await until(() => gateway.lines().some((line) => line['status'] === 499));
    go();
    await until(() => isDone);
    expect(isBroken).toBe(false);
    await until(() => gateway.wiring.services.domains.queues.usual.isIdle);
  });
});

describe('long polls', () => {
  it('have separate places, so that other requests do not wait for them', async () => {
    const narrow = await fixture.gateway({ UPSTREAM_CONNECTIONS: '2', SERVICE_CONCURRENCY: '4' });
    const waiting: (() => void)[] = [];
    fixture.services.domains.answer = ({ path }) =>
      path.includes('wait=')
        ? new Promise((resolve) => waiting.push(() => resolve({ status: 200, body: '{"waited":true}' })))
        : { status: 200, body: '{"ok":true}' };
    const polls = Array.from({ length: 5 }, () => ask(narrow, { path: '/api/v1/things?wait=30', key }));
    await until(() => waiting.length === 2);
    for (let i = 0; i < 3; i += 1)
      expect(await ask(narrow, { path: '/api/v1/things', key })).toMatchObject({ status: 200, text: '{"ok":true}' });
    expect(waiting).toHaveLength(2); // the other three wait here
    for (let answered = 0; answered < 5; answered += 1) (await until(() => waiting.shift()))();
    expect((await Promise.all(polls)).map(({ text }) => text)).toEqual(Array(5).fill('{"waited":true}'));
  });

  it('of many customers wait at the service together, 500 by default', async () => {
    const waiting: (() => void)[] = [];
    fixture.services.domains.answer = ({ path }) =>
      path.includes('wait=')
        ? new Promise((resolve) => waiting.push(() => resolve({ status: 200, body: '{"waited":true}' })))
        : { status: 200, body: '{"ok":true}' };
    const keys = await Promise.all(Array.from({ length: 50 }, () => fixture.newKey({ accountId })));
    const polls = keys.flatMap(({ key: one }) =>
      Array.from({ length: 10 }, () => ask(gateway, { path: '/api/v1/things?wait=30', key: one })),
    );
    await until(() => waiting.length === 500);
    expect(await ask(gateway, { path: '/api/v1/things', key })).toMatchObject({ status: 200, text: '{"ok":true}' });
    for (const answer of waiting) answer();
    expect((await Promise.all(polls)).filter(({ status }) => status !== 200)).toEqual([]);
  });
});

describe('an aborted upload', () => {
  it('reaches no service, and writes one access-log line that is not an error', async () => {
    const socket = net.connect(gateway.port, '127.0.0.1');
    socket.write(
      `POST /api/v1/things/check HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nContent-Type: ` +
        `application/json\r\nContent-Length: 50000\r\n\r\n{"things":[`,
      () => setTimeout(() => socket.destroy(), 50),
    );
    await until(() => gateway.lines().some((line) => line['status'] === 499 && line['route'] === 'check-things'));
    expect(gateway.lines().filter((line) => line['code'] === 'internal_error' || line['status'] === 500)).toEqual([]);
    expect(fixture.services.domains.received).toEqual([]);
    expect(gateway.wiring.bodyBudget.heldBytes).toBe(0);
  });
});
