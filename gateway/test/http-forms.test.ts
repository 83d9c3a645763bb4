// Unusual forms of requests that HTTP allows, and values of `Host` that it forbids: RFC 9110 §9.3.2, RFC 9112
// §3.2.
import net from 'node:net';
import { testDatabase } from '@lumi/shared/testing';
import { ask, openFixture, type Fixture, type TestGateway } from './fixture';

const database = testDatabase();
let fixture: Fixture;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  fixture = await openFixture(database, null);
  gateway = await fixture.gateway({ PUBLIC_PER_MINUTE: '100000' });
  key = (await fixture.newKey({ limits: { regularPerMinute: 10_000 } })).key;
});
afterAll(() => fixture.close());
afterEach(() => {
  fixture.services.domains.answer = () => ({ status: 200, body: '{"ok":true}' });
});

/** All bytes of the answer to one request on a connection that ends with it. */
function raw(
  first: string,
  { host = 'api', target = gateway }: { host?: string | null; target?: { port: number } } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    const head = [
      first,
      ...(host === null ? [] : [`Host: ${host}`]),
      `Authorization: Bearer ${key}`,
      'Connection: close',
      '',
      '',
    ].join('\r\n');
    const socket = net.connect(target.port, '127.0.0.1', () => socket.write(Buffer.from(head, 'latin1')));
    socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1')));
    socket.on('close', () => resolve(all));
    socket.on('error', reject);
  });
}

describe('HEAD', () => {
  it.each(['/api/v1/me', '/api/v1/things/a', '/api/v1/openapi.json', '/healthz', '/docs', '/api/v1/nothing'])(
    'of %s has the status and the headers of GET, and no body',
    async (path) => {
      const [get, head] = await Promise.all([raw(`GET ${path} HTTP/1.1`), raw(`HEAD ${path} HTTP/1.1`)]);
      const [getHead = '', getBody = ''] = get.split('\r\n\r\n');
      const [headHead = '', headBody = ''] = head.split('\r\n\r\n');
      const names = (text: string): string[] =>
        text
          .split('\r\n')
          .slice(1)
          .map((line) => (/^(?:content-(?:type|length))/i.test(line) ? line : (line.split(':')[0] ?? '')));
      expect(headHead.split('\r\n')[0]).toBe(getHead.split('\r\n')[0]);
      expect(names(headHead)).toEqual(names(getHead));
      expect(getBody).not.toBe('');
      expect(headBody).toBe('');
    },
  );

  it('reaches the service as a read, and costs what a read costs', async () => {
    await ask(gateway, { method: 'HEAD', path: '/api/v1/things?limit=1', key });
    expect(fixture.services.domains.received.at(-1)).toMatchObject({ method: 'GET', path: '/things?limit=1' });
  });

  it('ends at once when the answer is too large to be collected', async () => {
    fixture.services.domains.answer = () => ({
      status: 200,
      headers: { 'content-length': '3000000' },
      body: Buffer.alloc(3_000_000, 'x'),
    });
    const reply = await ask(gateway, { method: 'HEAD', path: '/api/v1/things', key });
    expect(reply).toMatchObject({ status: 200, text: '', headers: { 'content-length': '3000000' } });
    expect((await ask(gateway, { path: '/api/v1/me', key })).status).toBe(200);
  });

  it('is 405 when GET is not allowed, and Allow has HEAD when it has GET', async () => {
    expect(await ask(gateway, { method: 'HEAD', path: '/api/v1/things/check', key })).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
    });
    expect((await ask(gateway, { method: 'PUT', path: '/api/v1/things', key })).headers['allow']).toBe(
      'GET, HEAD, POST',
    );
  });
});

describe('an absolute-form target', () => {
  it.each([
    'http://api/api/v1/things?limit=2',
    'HTTP://api/api/v1/things?limit=2',
    'https://api:443/api/v1/things?limit=2',
    'http://127.0.0.1/api/v1/things?limit=2',
    'http://[::1]:8080/api/v1/things?limit=2',
  ])('is read as origin-form: %s', async (target) => {
    expect(await raw(`GET ${target} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 200 /);
    expect(fixture.services.domains.received.at(-1)).toMatchObject({ path: '/things?limit=2' });
  });

  it.each(['http://api', 'http://api?x=1'])('without a path is the root: %s', async (target) => {
    expect(await raw(`GET ${target} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 404 /);
  });

  it.each([
    'http://user@api/api/v1/things',
    'http://user:pw@api/api/v1/things',
    'http:///api/v1/things',
    'http://:80/api/v1/things',
    'http://a:b/api/v1/things',
    'http://a:99999/api/v1/things',
    'http://[::1/api/v1/things',
    'http://a,b/api/v1/things',
    'ftp://api/api/v1/things',
    'api/v1/things',
    'http:/api/v1/things',
    '//api/api/v1/things',
    'http://api\\api/v1/things',
    'http://api/api/v1/things#x',
    'http://%zz/api/v1/things',
  ])('that names no address of ours is refused: %s', async (target) => {
    const before = fixture.services.domains.received.length;
    expect(await raw(`GET ${target} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 (?:400|404) /);
    expect(fixture.services.domains.received.length).toBe(before);
  });

  it('selects the product by its own host, not by Host, when products are bound to hosts', async () => {
    const bound = await fixture.gateway({ HOST_BINDINGS: 'domains=api.example.com' });
    const get = async (target: string, host: string): Promise<string | undefined> =>
      /^HTTP\/1\.1 (\d+)/.exec(await raw(`GET ${target} HTTP/1.1`, { host, target: bound }))?.[1];
    expect(await get('http://api.example.com/api/v1/things', 'elsewhere.example.com')).toBe('200');
    expect(await get('http://elsewhere.example.com/api/v1/things', 'api.example.com')).toBe('404');
  });

  it('still requires exactly one valid Host', async () => {
    expect(await raw('GET http://api/api/v1/things HTTP/1.1', { host: null })).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw('GET http://api/api/v1/things HTTP/1.1', { host: 'a b' })).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('Host', () => {
  it.each([
    'user@a',
    'a/b',
    'a b',
    'a, b',
    'a,b',
    '[::1',
    '::1]',
    '::1',
    'a:b',
    '%zz',
    'http://a',
    'a:80:80',
    'a:99999',
    'a?b',
    'a#b',
    'a\\b',
    '[a]',
    '[::1%25eth0]',
    '[1.2.3.4]',
    'a;b',
    '\u00e4',
    '[::1]x',
    'a:+1',
  ])('%p is 400', async (host) => {
    expect(await raw('GET /api/v1/things HTTP/1.1', { host })).toMatch(/^HTTP\/1\.1 400 [^]*"code":"bad_request"/);
  });

  it.each([
    'a',
    'api.example.com',
    'API.example.com:8080',
    'a.',
    '127.0.0.1:1',
    '[::1]',
    '[2001:db8::1]:443',
    'a_b',
    'a:',
    'xn--e1afmkfd.xn--p1ai',
    '%41',
  ])('%p is valid', async (host) => {
    expect(await raw('GET /api/v1/things HTTP/1.1', { host })).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a literal path', () => {
  it('with another method is 405, not an object of that name', async () => {
    const before = fixture.services.domains.received.length;
    for (const method of ['GET', 'PATCH', 'HEAD'])
      expect(await ask(gateway, { method, path: '/api/v1/things/check', key })).toMatchObject({
        status: 405,
        headers: { allow: 'POST' },
      });
    expect(fixture.services.domains.received.length).toBe(before);
  });
});

describe('headers of answers', () => {
  it('that protect readers of pages are passed on', async () => {
    fixture.services.domains.answer = () => ({
      status: 200,
      headers: {
        'content-type': 'text/html',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
        'x-inside': '1',
      },
      body: '<p>',
    });
    const { headers } = await ask(gateway, { path: '/api/v1/page' });
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
    });
    expect(headers['x-inside']).toBeUndefined();
  });
});
