// Requests to a service that is away, breaks connections, or stops.
import { testDatabase, testRedis, until } from '@lumi/shared/testing';
import { ask, openFixture, type Fixture, type TestGateway } from './fixture';

const database = testDatabase();
const redis = testRedis();
let fixture: Fixture;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  fixture = await openFixture(database, redis);
  gateway = await fixture.gateway();
  key = (await fixture.newKey()).key;
});
afterAll(() => fixture.close());
afterEach(() => {
  jest.restoreAllMocks();
  fixture.services.domains.answer = () => ({ status: 200, body: '{"ok":true}' });
  fixture.services.domains.received.length = 0;
});

describe('a service that fails', () => {
  it('gets a GET a second time when the connection breaks', async () => {
    let asked = 0;
    fixture.services.domains.answer = () => {
      asked += 1;
      return asked === 1 ? 'reset' : { status: 200, body: '{"ok":2}' };
    };
    expect(await ask(gateway, { path: '/api/v1/things', key })).toMatchObject({ status: 200, text: '{"ok":2}' });
    expect(asked).toBe(2);
  });

  it('gets a GET at most twice', async () => {
    let asked = 0;
    fixture.services.domains.answer = () => {
      asked += 1;
      return 'reset';
    };
    expect((await ask(gateway, { path: '/api/v1/things', key })).code).toBe('service_unavailable');
    expect(asked).toBe(2);
  });

  it('gets a POST only once', async () => {
    let asked = 0;
    fixture.services.domains.answer = () => {
      asked += 1;
      return 'reset';
    };
    const reply = await ask(gateway, {
      method: 'POST',
      path: '/api/v1/things',
      key,
      headers: { 'idempotency-key': 'order-0001' },
      body: '{}',
    });
    expect(reply).toMatchObject({ status: 503, code: 'service_unavailable' });
    expect(asked).toBe(1);
  });

  const buy = (name: string) =>
    ask(gateway, {
      method: 'POST',
      path: '/api/v1/things',
      key,
      headers: { 'idempotency-key': name },
      body: '{}',
    });
  const failOnce = (err: Error) =>
    jest
      .spyOn(gateway.wiring.services.domains, 'dispatch')
      .mockImplementationOnce((_line, _options, handler) => handler.onResponseError?.(null as never, err));
  const connecting = (code: string) => Object.assign(new Error(code), { code, syscall: 'connect' });
  it.each([
    ['was refused', connecting('ECONNREFUSED')],
    [
      'was refused by each address of a name',
      new AggregateError([connecting('ECONNREFUSED'), connecting('ETIMEDOUT')]),
    ],
    ['took too long', Object.assign(new Error(), { code: 'UND_ERR_CONNECT_TIMEOUT' })],
  ])('gets a POST when the first connection %s, because nothing was sent', async (_what, err) => {
    const dispatched = failOnce(err);
    expect((await buy('order-0003')).status).toBe(200);
    expect(dispatched).toHaveBeenCalledTimes(2);
    expect(fixture.services.domains.received).toHaveLength(1);
  });

  it.each([
    [
      'its host can no longer be reached after it was sent',
      Object.assign(new Error(), { code: 'EHOSTUNREACH', syscall: 'read' }),
    ],
    ['several things failed, and none of them is named', new AggregateError([])],
    [
      'one of several things that failed may have come after it was sent',
      new AggregateError([connecting('ECONNREFUSED'), Object.assign(new Error(), { code: 'ECONNRESET' })]),
    ],
  ])('gets a POST only once when %s', async (_what, err) => {
    const dispatched = failOnce(err);
    expect((await buy('order-0004')).status).toBe(503);
    expect(dispatched).toHaveBeenCalledTimes(1);
  });

  it('gives a quick 503 for its own product only, and is used again when it is back', async () => {
    const vpsKey = (await fixture.newKey({ product: 'vps' })).key;
    const proxyKey = (await fixture.newKey({ product: 'proxy' })).key;
    const port = fixture.services.vps.port;
    await fixture.services.vps.close();
    for (let i = 0; i < 8; i += 1) {
      const reply = await ask(gateway, { path: '/hosting/api/v1/things', key: vpsKey });
      expect(reply).toMatchObject({ status: 503, code: 'service_unavailable' });
      expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    }
    expect((await ask(gateway, { path: '/proxy/api/v1/things', key: proxyKey })).status).toBe(200);
    await fixture.services.vps.listen(port);
    let status = 503;
    for (let i = 0; i < 100 && status !== 200; i += 1) {
      status = (await ask(gateway, { path: '/hosting/api/v1/things', key: vpsKey })).status;
      if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(status).toBe(200);
  });
});

describe('a connection to a service', () => {
  it('is closed when it is not used, before a service that stops closes it', async () => {
    expect((await ask(gateway, { path: '/api/v1/things', key })).status).toBe(200);
    await until(async () => (await fixture.services.domains.connections()) === 0);
  });
});
