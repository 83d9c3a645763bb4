// The documentation as the gateway serves it: its paths, its caching, and that all files come from our own origin.
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { testDatabase, testRedis } from '@lumi/shared/testing';
import { ask, openFixture, type Fixture, type Reply, type TestGateway } from './fixture';

const database = testDatabase();
const redis = testRedis();
let fixture: Fixture;
let gateway: TestGateway;

beforeAll(async () => {
  fixture = await openFixture(database, redis);
  gateway = await fixture.gateway();
});
afterAll(() => fixture.close());

const PAGES = ['/docs', '/docs/quickstart', '/api/v1/docs', '/hosting/api/v1/docs', '/proxy/api/v1/docs/operations'];
const REFERENCES = ['/api/v1/docs', '/hosting/api/v1/docs', '/proxy/api/v1/docs'];
const loadedBy = ({ text }: Reply): string[] =>
  [...text.matchAll(/<(?:script|link rel="(?:stylesheet|icon)")[^>]*? (?:src|href)="(\/[^"]+)"/g)].map(
    ([, url = '']) => url,
  );
const bytesOf = async (path: string, headers: Record<string, string>): Promise<Buffer> =>
  Buffer.from(await (await fetch(`${gateway.origin}${path}`, { headers })).arrayBuffer());

describe('the pages of the documentation', () => {
  it.each(PAGES)('%s is a page, and links to the reference of each product', async (path) => {
    const page = await ask(gateway, { path });

    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    for (const other of ['/docs', ...REFERENCES]) expect(page.text).toContain(`href="${other}"`);
    expect(page.text.match(/<main/g)).toHaveLength(1);
  });

  it.each(PAGES)('%s is there as Markdown, too', async (path) => {
    const page = await ask(gateway, { path: `${path}.md` });

    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/markdown; charset=utf-8' } });
    expect(page.text).toMatch(/^# /);
    const list = await ask(gateway, { path: '/docs/llms.txt' });
    expect(list.text).toContain(`(${path}.md)`);
  });

  it.each(PAGES)('%s loads only files of its origin, and its policy allows no other', async (path) => {
    const page = await ask(gateway, { path });

    expect(page.text).not.toMatch(/src="(?:https?:)?\/\/|<style| style=|\son[a-z]+="|<script>/);
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri " +
        "'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(page.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
    const urls = loadedBy(page);
    expect(urls).toHaveLength(3);
    for (const url of urls) {
      const file = await ask(gateway, { path: url });
      expect(file).toMatchObject({ status: 200, headers: { 'cache-control': 'public, max-age=31536000, immutable' } });
      expect(file.headers['content-type']).toMatch(/^text\/(javascript|css); charset=utf-8$/);
    }
  });

  it('have a new operation as soon as the service has it', async () => {
    const path = '/api/v1/docs/operations';
    const before = await ask(gateway, { path });
    const { domains } = fixture.services;
    domains.paths = {
      ...domains.paths,
      '/new-things': { get: { operationId: 'list-new-things', summary: 'List new things', 'x-lumi-scope': 'read' } },
    };
    await gateway.wiring.routes.refresh('domains');
    const after = await ask(gateway, { path });

    expect(before.text).not.toContain('id="list-new-things"');
    expect(after.text).toContain('id="list-new-things"');
    expect(after.headers.etag).not.toBe(before.headers.etag);
  });

  it.each([
    ['text/html,application/xhtml+xml,*/*;q=0.8', 302],
    ['*/*', 404],
    ['application/json', 404],
    [undefined, 404],
  ])('are where / sends what accepts %s: %i', async (accept, status) => {
    const answer = await ask(gateway, { path: '/', headers: accept === undefined ? {} : { accept } });

    expect([answer.status, answer.headers.location]).toEqual([status, status === 302 ? '/docs' : undefined]);
  });

  it('are not cached for ever when the hash in the address is not that of the content', async () => {
    expect((await ask(gateway, { path: '/docs/site.css?v=anotherversion' })).headers['cache-control']).toBe('no-cache');
  });

  it('are not sent again to a browser that has them', async () => {
    const page = await ask(gateway, { path: '/docs' });

    for (const noneMatch of [String(page.headers.etag), `"other", W/${String(page.headers.etag)}`, '*']) {
      expect(await ask(gateway, { path: '/docs', headers: { 'if-none-match': noneMatch } })).toMatchObject({
        status: 304,
        text: '',
        headers: { etag: page.headers.etag },
      });
    }
    expect(await ask(gateway, { path: '/docs', headers: { 'if-none-match': '"other"' } })).toMatchObject({
      status: 200,
    });
  });

  it('come compressed as the browser prefers, each form under its own ETag', async () => {
    const path = '/docs/site.css';
    const [plain, gzip, brotli] = await Promise.all(
      [{}, { 'accept-encoding': 'gzip, deflate' }, { 'accept-encoding': 'gzip, br' }].map((headers) =>
        ask(gateway, { path, headers }),
      ),
    );
    const text = await bytesOf(path, { 'accept-encoding': 'identity' });

    expect(new Set([plain, gzip, brotli].map((reply) => reply?.headers.etag)).size).toBe(3);
    expect([plain, gzip, brotli].map((reply) => reply?.headers['content-encoding'])).toEqual([undefined, 'gzip', 'br']);
    for (const reply of [plain, gzip, brotli]) expect(reply?.headers.vary).toBe('Accept-Encoding');
    expect(await rawBytes(path, 'gzip').then(gunzipSync)).toEqual(text);
    expect(await rawBytes(path, 'br').then(brotliDecompressSync)).toEqual(text);
    expect(await ask(gateway, { path, headers: { 'accept-encoding': 'br;q=0, gzip;q=0' } })).toMatchObject({
      status: 200,
      headers: { etag: plain?.headers.etag },
    });
  });

  it('answer HEAD like GET, without the body', async () => {
    const [got, head] = [await ask(gateway, { path: '/docs' }), await ask(gateway, { method: 'HEAD', path: '/docs' })];

    expect(head).toMatchObject({
      status: 200,
      text: '',
      headers: {
        etag: got.headers.etag,
        'content-length': got.headers['content-length'],
        'content-type': got.headers['content-type'],
      },
    });
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuse %s with the contract’s error body', async (method) => {
    expect(await ask(gateway, { method, path: '/docs' })).toMatchObject({
      status: 405,
      code: 'method_not_allowed',
      headers: { allow: 'GET, HEAD' },
    });
  });

  it('are switched off with the API', async () => {
    const off = await fixture.gateway({ API_ENABLED: 'false' });

    expect(await ask(off, { path: '/docs' })).toMatchObject({ status: 503, code: 'api_disabled' });
    await off.close();
  });

  it('are limited by address like every route without a key', async () => {
    const narrow = await fixture.gateway({ PUBLIC_PER_MINUTE: '2' });
    const answers = [];
    for (let i = 0; i < 3; i += 1) answers.push(await ask(narrow, { path: '/docs' }));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[0]?.headers.ratelimit).toMatch(/^"public";r=1;t=\d+$/);
    expect(Number(answers[2]?.headers['retry-after'])).toBeGreaterThan(0);
    await narrow.close();
  });

  it('link to another host when a product is bound to it', async () => {
    const bound = await fixture.gateway({ HOST_BINDINGS: 'vps=panel.example.com,domains=example.com' });
    const on = (host: string, path: string): Promise<Reply> => ask(bound, { path, headers: { host } });
    const panel = await on('panel.example.com', '/hosting/api/v1/docs');

    expect(panel.text).toContain('href="//example.com/api/v1/docs"');
    expect(panel.text).toContain('href="/proxy/api/v1/docs"');
    expect(await on('panel.example.com', '/docs')).toMatchObject({ status: 200 });
    expect(await on('panel.example.com', '/api/v1/docs')).toMatchObject({ status: 404, code: 'not_found' });
    await bound.close();
  });
});

describe('the OpenAPI documents', () => {
  it.each(['/api/v1', '/hosting/api/v1', '/proxy/api/v1'])('%s/openapi.json is sent once, compressed', async (base) => {
    const path = `${base}/openapi.json`;
    const [plain, gzip, brotli] = await Promise.all(
      ['identity', 'gzip', 'gzip, br'].map((encoding) =>
        ask(gateway, { path, headers: { 'accept-encoding': encoding } }),
      ),
    );
    const text = await rawBytes(path, 'identity');

    expect(JSON.parse(text.toString('utf8'))).toMatchObject({ openapi: '3.1.0' });
    expect(plain).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'public, max-age=60' },
    });
    expect([gzip, brotli].map((reply) => reply?.headers['content-encoding'])).toEqual(['gzip', 'br']);
    expect(new Set([plain, gzip, brotli].map((reply) => reply?.headers.etag)).size).toBe(3);
    expect(await rawBytes(path, 'gzip').then(gunzipSync)).toEqual(text);
    expect(await rawBytes(path, 'br').then(brotliDecompressSync)).toEqual(text);
    expect(
      await ask(gateway, {
        path,
        headers: { 'accept-encoding': 'br', 'if-none-match': String(brotli?.headers.etag) },
      }),
    ).toMatchObject({ status: 304, text: '', headers: { etag: brotli?.headers.etag } });
    // An operation like others.
    expect(await ask(gateway, { method: 'POST', path })).toMatchObject({ status: 401, code: 'missing_bearer' });
  });
});

describe('a path that only resembles a reference page', () => {
  it.each(['/docs/', '/docs/unknown.js', '/docs/../config', '//docs', '/Docs', '/docs/site.js/', '/hosting/docs'])(
    '%s is 404 like every unknown path',
    async (path) => {
      expect(await ask(gateway, { path })).toMatchObject({ status: 404, code: 'not_found' });
    },
  );

  it.each(['/api/v1/docs/', '/api/v1/docs/unknown.js', '/api/v1/docsx'])(
    '%s asks for a key first, like every path below a base',
    async (path) => {
      expect(await ask(gateway, { path })).toMatchObject({ status: 401, code: 'missing_bearer' });
    },
  );
});

async function rawBytes(path: string, encoding: string): Promise<Buffer> {
  const { default: http } = await import('node:http');
  return new Promise((resolve, reject) => {
    http
      .get(`${gateway.origin}${path}`, { headers: { 'accept-encoding': encoding } }, (res) => {
        const chunks: Buffer[] = [];
        res
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () => resolve(Buffer.concat(chunks)))
          .on('error', reject);
      })
      .on('error', reject);
  });
}
