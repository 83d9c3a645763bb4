// Routes come from the services' documents: at start and on change; the last good ones stay.
import { testDatabase, until } from '@lumi/shared/testing';
import { silentLog } from '@lumi/shared/runtime';
import { Matcher } from '../src/routes/matcher';
import { readOperations } from '../src/routes/operation';
import { pauseMs, RouteTable } from '../src/routes/route-table';
import { ask, openFixture, type Fixture, type TestGateway } from './fixture';
import { jsonBody, money, operation } from './fake-service';

const database = testDatabase();
let fixture: Fixture;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  fixture = await openFixture(database, null);
  gateway = await fixture.gateway();
  key = (await fixture.newKey({ limits: { regularPerMinute: 100_000 } })).key;
});
afterAll(() => fixture.close());

const status = async (path: string, method = 'GET'): Promise<number> =>
  (await ask(gateway, { method, path, key, headers: { 'idempotency-key': 'order-0001' } })).status;

describe('the document of a service', () => {
  it('is read again when it changes, without a restart', async () => {
    expect(await status('/api/v1/fresh')).toBe(404);
    fixture.services.domains.paths = {
      ...fixture.services.domains.paths,
      '/fresh': { get: operation('fresh', 'read') },
    };
    await gateway.wiring.routes.refresh('domains');
    expect(await status('/api/v1/fresh')).toBe(200);
    const { '/fresh': _gone, ...rest } = fixture.services.domains.paths;
    fixture.services.domains.paths = rest;
    await gateway.wiring.routes.refresh('domains');
    expect(await status('/api/v1/fresh')).toBe(404);
  });

  it('is polled', async () => {
    const polling = await fixture.gateway({ ROUTES_POLL_MS: '20' });
    const reads = fixture.services.proxy.documentReads;
    await until(() => fixture.services.proxy.documentReads > reads + 2);
    expect(polling.wiring.routes.isComplete).toBe(true);
  });

  it('is asked for less often while it stays as it is, to a quarter', () => {
    expect([0, 1, 4, 12, 1_000].map((unchanged) => pauseMs(5_000, unchanged))).toEqual([
      5_000, 6_250, 10_000, 20_000, 20_000,
    ]);
  });

  it('is not sent again while its ETag is the same', async () => {
    fixture.services.domains.etag = '"one"';
    await gateway.wiring.routes.refresh('domains');
    fixture.services.domains.paths = {
      ...fixture.services.domains.paths,
      '/unseen': { get: operation('unseen', 'read') },
    };
    await gateway.wiring.routes.refresh('domains');
    expect(await status('/api/v1/unseen')).toBe(404);
    fixture.services.domains.etag = '"two"';
    await gateway.wiring.routes.refresh('domains');
    expect(await status('/api/v1/unseen')).toBe(200);
    fixture.services.domains.etag = null;
  });

  it('changes nothing when it is invalid', async () => {
    const good = fixture.services.domains.paths;
    fixture.services.domains.paths = {};
    await gateway.wiring.routes.refresh('domains');
    expect(await status('/api/v1/things')).toBe(200);
    fixture.services.domains.paths = good;
  });

  it('stays in use while the service is down', async () => {
    const port = fixture.services.vps.port;
    await fixture.services.vps.close();
    await gateway.wiring.routes.refresh('vps');
    const vps = (await fixture.newKey({ product: 'vps' })).key;
    expect((await ask(gateway, { path: '/hosting/api/v1/nothing', key: vps })).status).toBe(404);
    expect((await ask(gateway, { path: '/hosting/api/v1/things', key: vps })).status).toBe(503);
    await fixture.services.vps.listen(port);
  });

  it('is no warning when it is being read while the gateway stops', async () => {
    const warnings: string[] = [];
    let cut = (_reason: Error): void => undefined;
    const table = new RouteTable({
      fetchDocument: () => new Promise((_resolve, reject) => (cut = reject)),
      log: { ...silentLog, warn: (sentence) => warnings.push(sentence) },
      pollMs: 1_000,
    });
    const read = table.refresh('domains');
    table.stop();
    cut(new Error('The client is destroyed'));
    await read;
    expect(warnings).toEqual([]);
  });

  it('may be missing at start: 503 for that product only, after the key check', async () => {
    const port = fixture.services.vps.port;
    await fixture.services.vps.close();
    const early = await fixture.gateway();
    const vps = (await fixture.newKey({ product: 'vps' })).key;
    expect(await ask(early, { path: '/hosting/api/v1/things' })).toMatchObject({ status: 401, code: 'missing_bearer' });
    expect(await ask(early, { path: '/hosting/api/v1/things', key: vps })).toMatchObject({
      status: 503,
      code: 'service_unavailable',
    });
    expect((await ask(early, { path: '/api/v1/things', key })).status).toBe(200);
    await fixture.services.vps.listen(port);
    await until(async () => (await ask(early, { path: '/hosting/api/v1/things', key: vps })).status === 200);
  });
});

describe('an operation', () => {
  const read = (item: Record<string, unknown>) =>
    readOperations('domains', { paths: { '/good': { get: operation('good', 'any') }, ...item } });

  it.each<[string, Record<string, unknown>]>([
    ['without a scope', { '/x': { get: operation('x', undefined) } }],
    ['with an empty list of scopes', { '/x': { get: operation('x', []) } }],
    ['with a scope that is no text', { '/x': { get: { 'x-lumi-scope': 7 } } }],
    ['of a class nobody knows', { '/x': { get: operation('x', 'read', { 'x-lumi-class': 'free' }) } }],
    ['that is public and moves money', { '/x': { post: operation('x', 'public', money) } }],
    ['that is public and also scoped', { '/x': { get: operation('x', ['public', 'read']) } }],
    ['whose parameter is part of a segment', { '/x/{a}.json': { get: operation('x', 'read') } }],
    ['with a path that ends in a slash', { '/x/': { get: operation('x', 'read') } }],
    ['of the inside', { '/internal/metrics': { get: operation('x', 'public') } }],
    [
      'with a body bound of gigabytes',
      { '/x': { post: operation('x', 'read', { ...jsonBody, 'x-lumi-max-body': 1e10 }) } },
    ],
    [
      'that pays for the items of no list',
      { '/x': { post: operation('x', 'read', { ...jsonBody, 'x-lumi-items-per-token': 10 }) } },
    ],
  ])('%s is refused alone; the others stay', (_what, item) => {
    const { operations, refused } = read(item);
    expect(operations.map(({ id }) => id)).toEqual(['good']);
    expect(refused).toHaveLength(1);
  });

  it('may name its scopes short or in full', () => {
    const { operations } = read({
      '/a': { get: operation('a', ['read', 'domains:buy', 'deposits:write', 'admin:*']) },
    });
    expect(operations.find(({ id }) => id === 'a')?.scopes).toEqual([
      'domains:read',
      'domains:buy',
      'deposits:write',
      'admin:*',
    ]);
  });
});

describe('the matcher', () => {
  const paths = {
    '/domains': { get: operation('list', 'read'), post: operation('buy', 'buy', money) },
    '/domains/check': { post: operation('check', 'read', jsonBody) },
    '/domains/{domain}': { get: operation('get', 'read'), patch: operation('patch', 'write', jsonBody) },
    '/domains/{domain}/dns/records': { get: operation('records', 'read') },
    '/domains/{domain}/dns/{record}': { delete: operation('drop', 'write') },
    '/{any}/fixed': { get: operation('fixed', 'read') },
  };
  const matcher = new Matcher(readOperations('domains', { paths }).operations);
  const found = (method: string, path: string): string => {
    const match = matcher.match(method, path);
    return match.kind === 'operation'
      ? match.operation.id
      : match.kind === 'other-method'
        ? match.allow.join()
        : match.kind;
  };

  it('prefers the literal path, also when the literal path lacks the method', () => {
    expect(found('POST', '/domains/check')).toBe('check');
    expect(found('GET', '/domains/check')).toBe('POST');
    expect(found('DELETE', '/domains/check')).toBe('POST');
    expect(found('PUT', '/domains/a.com')).toBe('GET,HEAD,PATCH');
    expect(found('HEAD', '/domains/a.com')).toBe('get');
    expect(found('GET', '/domains/a.com/dns/records')).toBe('records');
    expect(found('DELETE', '/domains/a.com/dns/records')).toBe('GET,HEAD');
    expect(found('DELETE', '/domains/a.com/dns/rec_1')).toBe('drop');
    expect(found('GET', '/domains/fixed')).toBe('get');
  });

  it('takes one segment per parameter, encoded or not, and no encoded separator', () => {
    expect(found('GET', '/domains/xn--80ak6aa92e.com')).toBe('get');
    expect(found('GET', '/domains/%D0%B4%D0%BE%D0%BC.com')).toBe('get');
    for (const path of [
      '',
      '/',
      '/domains/',
      '/domains//',
      '/domains/a/b',
      '/Domains',
      '/domains/..',
      '/domains/%2E%2E',
      '/domains/a%2Fb',
      '/domains/a%5cb',
      '/domains/%00',
      '/domains/%7f',
      '/domains/%zz',
      '/domains/%E0%80',
      `/${'a/'.repeat(50)}b`,
    ]) {
      expect([path, found('GET', path)]).toEqual([path, 'unknown']);
    }
  });

  it('takes an encoded separator only in a parameter that the operation declares as any text', () => {
    const parameters = [{ name: 'key', in: 'path', 'x-lumi-any-text': true }];
    const wide = new Matcher(
      readOperations('domains', {
        paths: {
          '/requests/{key}': { get: operation('fate', 'read', { parameters }) },
          '/requests/{key}/{part}': { get: operation('part', 'read', { parameters }) },
        },
      }).operations,
    );
    const kind = (path: string): string => {
      const match = wide.match('GET', path);
      return match.kind === 'operation' ? match.operation.id : match.kind;
    };
    for (const key of ['orders%2F2026%2F1', 'a%5Cb', '..%2F..%2Fadmin', 'a%252Fb', '%3F%23%25', 'a+b'])
      expect([key, kind(`/requests/${key}`)]).toEqual([key, 'fate']);
    for (const key of ['a/b/c', '..', '%2e%2E', 'a\\b', 'a%00', 'a%0Ab', '%zz', ''])
      expect([key, kind(`/requests/${key}`)]).toEqual([key, 'unknown']);
    expect([kind('/requests/a%2Fb/c'), kind('/requests/a/b%2Fc')]).toEqual(['part', 'unknown']);
  });

  it('finds no internal path of a service, whatever pattern would match', () => {
    const wide = new Matcher(
      readOperations('domains', {
        paths: { '/{any}': { get: operation('one', 'public') }, '/{any}/{thing}': { get: operation('two', 'public') } },
      }).operations,
    );
    for (const path of ['/internal', '/internal/metrics', '/internal/openapi.json', '/internal/anything'])
      expect([path, wide.match('GET', path).kind]).toEqual([path, 'unknown']);
    expect(wide.match('GET', '/internals/metrics').kind).toBe('operation');
  });

  it('does not match names of Object.prototype', () => {
    for (const path of ['/constructor', '/__proto__', '/toString']) expect(found('GET', path)).toBe('unknown');
    expect(found('constructor', '/domains')).toBe('GET,HEAD,POST');
  });
});

describe('hosts', () => {
  it('may be bound to products; /healthz is the same on all', async () => {
    const bound = await fixture.gateway({
      HOST_BINDINGS: 'domains=api.lumi.test,vps=panel.lumi.test,proxy=panel.lumi.test',
    });
    const at = async (host: string, path: string): Promise<number> =>
      (await ask(bound, { path, key, headers: { host } })).status;
    expect(await at('api.lumi.test', '/api/v1/things')).toBe(200);
    expect(await at('API.lumi.test:8080', '/api/v1/things')).toBe(200);
    expect(await at('panel.lumi.test', '/api/v1/things')).toBe(404);
    expect(await at('panel.lumi.test', '/hosting/api/v1/things')).toBe(401);
    expect(await at('anything', '/healthz')).toBe(200);
  });
});
