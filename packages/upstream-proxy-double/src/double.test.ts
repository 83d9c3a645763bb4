// What the double promises to the tests that use it.
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { createUpstreamDouble, type UpstreamDouble } from './index';

const TOKEN = 'token-of-the-double';
let double: UpstreamDouble;
let target: http.Server;
let targetUrl = '';

beforeAll(async () => {
  double = await createUpstreamDouble({ token: TOKEN, countries: { US: 5, DE: 1 } });
  target = http.createServer((request, response) => response.end(`seen from ${request.socket.remoteAddress ?? ''}`));
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  targetUrl = `http://127.0.0.1:${String((target.address() as AddressInfo).port)}/`;
});
afterAll(async () => {
  target.close();
  target.closeAllConnections();
  await double.stop();
});

const call = (path: string, body?: object): Promise<Response> =>
  fetch(`${double.url}${path}`, {
    headers: { Authorization: `Token ${TOKEN}` },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
const buy = (note: string, countries: object): Promise<Response> =>
  call('/api/v2/subscription/checkout/purchase/', { behavior: 'add', note, proxy_countries: countries });

interface Listed {
  readonly proxy_address: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

async function listOf(planId: number): Promise<readonly Listed[]> {
  const answer = await call(`/api/v2/proxy/list/?mode=direct&plan_id=${String(planId)}`);
  return ((await answer.json()) as { results: Listed[] }).results;
}

async function bought(note: string, countries: object): Promise<number> {
  return ((await (await buy(note, countries)).json()) as { plan: number }).plan;
}

const loginOf = ({ username, password }: Listed): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

describe('what it sells', () => {
  it('carries HTTP and tunnels from the address that was sold, for its login only', async () => {
    const [proxy] = await listOf(await bought('order-1', { US: 1 }));
    if (proxy === undefined) throw new Error('nothing was delivered');
    const through = (login: string): Promise<string> =>
      new Promise((resolve, reject) => {
        http
          .get(
            {
              host: proxy.proxy_address,
              port: proxy.port,
              path: targetUrl,
              headers: { 'Proxy-Authorization': login, Host: new URL(targetUrl).host },
            },
            (answer) =>
              answer
                .setEncoding('utf8')
                .once('data', resolve)
                .once('end', () => resolve(String(answer.statusCode))),
          )
          .once('error', reject);
      });
    expect(await through(loginOf(proxy))).toBe(`seen from ${proxy.proxy_address}`);
    expect(await through('Basic bm8=')).toBe('407');

    const before = double.carried;
    const tunnel = net.connect(proxy.port, proxy.proxy_address);
    tunnel.write(
      `CONNECT ${new URL(targetUrl).host} HTTP/1.1\r\nProxy-Authorization: ${loginOf(proxy)}\r\n\r\n` +
        'GET / HTTP/1.1\r\nHost: target\r\nConnection: close\r\n\r\n',
    );
    let text = '';
    for await (const chunk of tunnel.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
    expect(text).toContain('200 Connection established');
    expect(text).toContain(`seen from ${proxy.proxy_address}`);
    expect(double.carried).toBeGreaterThan(before);
  });

  it('is found by its note, and goes back when it is cancelled', async () => {
    const plan = await bought('order-2', { DE: 1 });
    const found = await (await call('/api/v2/subscription/plan/?note=order-2')).json();
    expect(found).toMatchObject({ count: 1, results: [{ id: plan, status: 'active', note: 'order-2' }] });
    expect((await buy('order-3', { DE: 1 })).status).toBe(400);
    await call(`/api/v2/subscription/plan/${String(plan)}/cancel/`, {});
    expect(await listOf(plan)).toEqual([]);
    expect(double.stock.available()).toMatchObject({ DE: 1 });
  });

  it('changes its address by itself, and says so', async () => {
    const plan = await bought('order-4', { US: 1 });
    const [before] = await listOf(plan);
    const fresh = await double.stock.changeByItself(before?.proxy_address ?? '');
    expect(await listOf(plan)).toMatchObject([{ proxy_address: fresh }]);
    const replaced = await (await call(`/api/v2/proxy/list/replaced/?plan_id=${String(plan)}`)).json();
    expect(replaced).toMatchObject({
      results: [{ reason: 'auto_invalidated', proxy: before?.proxy_address, replaced_with: fresh }],
    });
  });
});

describe('faults', () => {
  it.each([
    ['cut-before', 0],
    ['cut-after', 1],
  ] as const)('%s: the caller loses the connection, and %i plans were bought', async (fault, count) => {
    const before = double.stock.plans.length;
    double.faults.next('purchase', fault);
    await expect(buy(`fault-${fault}`, { US: 1 })).rejects.toThrow();
    expect(double.stock.plans.length - before).toBe(count);
  });

  it('refuses with 429 and when to come again, and delivers fewer', async () => {
    double.faults.next('purchase', 'throttled', 'none');
    const throttled = await buy('fault-429', { US: 1 });
    expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await listOf(await bought('fault-none', { US: 1 }))).toEqual([]);
    expect(double.faults.left).toBe(0);
  });

  it('refuses a wrong token', async () => {
    expect((await fetch(`${double.url}/api/v2/subscription/plan/`)).status).toBe(401);
  });
});
