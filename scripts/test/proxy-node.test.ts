// A proxy from the purchase to its bill: bought through the gateway of `npm start`, used by curl at once, counted, and
// served on after its node was killed.
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '@lumi/shared/testing';
import { Installation, type Demo, type Launch } from './installation';

jest.setTimeout(300_000);

const ECHO = 'echo.lumi.test';
const run = promisify(execFile);
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const whenCurl = hasCurl ? describe : describe.skip;
if (!hasCurl) console.log('curl is not installed: the whole way of a proxy is not tested');
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const whenChromium = CHROMIUM === undefined ? it.skip : it;
if (CHROMIUM === undefined) console.log('Chromium is not installed (Debian: chromium): proxies are not tested with it');
const guide = readFileSync(join(__dirname, '..', '..', 'docs', 'proxies.md'), 'utf8');

interface Credentials {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly port_socks: number;
  readonly username: string;
  readonly password: string;
  readonly exit_ip: string;
}

whenCurl('a proxy', () => {
  const installation = new Installation();
  let launch: Launch;
  let demo: Demo;
  let proxy: Credentials;
  let plan: Credentials;
  /** A target whose name the client can look up; it answers the address that it sees. */
  let target: Server;
  let targetUrl: string;
  let settings: Record<string, string>;

  beforeAll(async () => {
    target = createServer((req, res) => void res.end(JSON.stringify({ ip: req.socket.remoteAddress })));
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    const { port } = target.address() as AddressInfo; // it listens on a port
    targetUrl = `http://localhost:${String(port)}/`;
    settings = { PROXY_NODE_ALLOW: `127.0.0.1/32:${String(port)}-${String(port)}` };
    launch = await installation.start(settings).ready();
    demo = installation.demo();
  });
  afterAll(async () => {
    target.close();
    await installation.dispose();
  });

  const api = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${demo.products.proxy.base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${demo.products.proxy.reseller.key}`,
        'idempotency-key': `proxy-node-test-${String(Math.random())}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as T; // what the service under test says
  };
  const proxyUrl = (scheme: string, { host, port, port_socks: socks, username, password }: Credentials): string =>
    `${scheme}://${username}:${password}@${host}:${String(scheme.startsWith('socks') ? socks : port)}`;
  const curl = async (...args: readonly string[]): Promise<string> =>
    (await run('curl', ['--silent', '--show-error', '--max-time', '30', ...args], { maxBuffer: 64 * 1024 * 1024 }))
      .stdout;
  const refusedWith = async (...args: readonly string[]): Promise<string> =>
    curl('--output', '/dev/null', '--write-out', '%{http_code} %{http_connect}', ...args).catch(
      (err: unknown) => (err as { stdout: string }).stdout,
    );
  const usage = async (subject: string): Promise<{ bytes_up: number; bytes_down: number; requests: number }> =>
    (await api<{ totals: { bytes_up: number; bytes_down: number; requests: number } }>('GET', `/usage?${subject}`))
      .totals;

  const buy = async (more: object = {}): Promise<Credentials> => {
    const bought = await api<{ proxies: readonly { id: string }[] }>('POST', '/orders', {
      product_id: 'ipv4',
      items: [{ country: 'DE', quantity: 1 }],
      period_days: 7,
      ...more,
    });
    return api('GET', `/proxies/${bought.proxies[0]?.id ?? ''}?reveal=1`);
  };
  const serves = (one: Credentials, timeoutMs: number) =>
    until(() => curl('--proxy', proxyUrl('http', one), `http://${ECHO}/`).then((text) => text.includes(one.exit_ip)), {
      timeoutMs,
      everyMs: 50,
    });

  it('that was just bought carries traffic by every way, and the target sees the address that was sold', async () => {
    proxy = await buy();
    const seen = await Promise.all([
      curl('--proxy', proxyUrl('http', proxy), `http://${ECHO}/`),
      curl('--proxytunnel', '--proxy', proxyUrl('http', proxy), `http://${ECHO}/`),
      curl('--insecure', '--proxy', proxyUrl('http', proxy), `https://${ECHO}/`),
      curl('--ipv4', '--proxy', proxyUrl('socks5', proxy), targetUrl),
      curl('--proxy', proxyUrl('socks5h', proxy), `http://${ECHO}/`),
      curl('--insecure', '--proxy', proxyUrl('socks5h', proxy), `https://${ECHO}/`),
    ]);

    expect(seen.map((text) => (JSON.parse(text) as { ip: string }).ip)).toEqual(seen.map(() => proxy.exit_ip));
  });

  whenChromium(
    'shows its exit address in a page of Chromium, whose address is allowed, over HTTP and SOCKS5',
    async () => {
      const own = await buy({ auth: { mode: 'both' } });
      await api('POST', `/proxies/${own.id}/allowlist`, { ip_or_cidr: 'current' });
      const page = /^chromium (--proxy-server="http:.*)$/m.exec(guide)?.[1] ?? '';
      // As root it has no sandbox.
      const headless = `${CHROMIUM ?? ''} --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom`;
      const profile = mkdtempSync(join(tmpdir(), 'lumi-chromium-'));
      const env = { ...process.env, HOME: profile, ENTRY: `${own.host}:${String(own.port)}` };
      try {
        for (const scheme of ['http', 'socks5']) {
          const url = page.replace('http://$ENTRY', `${scheme}://$ENTRY`);
          const shown = async (): Promise<string> =>
            (await run('sh', ['-c', `${headless} --user-data-dir=${profile} ${url}`], { env, timeout: 60_000 })).stdout;
          const ip = await until(async () => /"ip": "([\d.]+)"/.exec(await shown())?.[1], { timeoutMs: 60_000 });
          expect([scheme, ip]).toEqual([scheme, own.exit_ip]);
        }
      } finally {
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  );

  it('is bought and used by the commands that npm start prints', async () => {
    const [, commands = ''] = /Buy a proxy, and see a page through it:\n([^]+?)\nStop/.exec(launch.said) ?? [];
    // Pasted together: the second command follows at once.
    const [order = '', seen = ''] = (await run('sh', ['-c', commands])).stdout.split(/(?<=\})(?=\{\n)/);
    expect(order).toContain('"delivered":1');
    expect((JSON.parse(seen) as { ip: string }).ip).toMatch(/^127\./);
  });

  it('lets nobody in without its pair, and leads to nothing of this machine', async () => {
    const wrong = { ...proxy, password: 'wrong' };
    const gateway = new URL(demo.gateway).host;
    expect(await refusedWith('--proxy', `http://127.0.0.1:${String(proxy.port)}`, `http://${ECHO}/`)).toContain('407');
    expect(await refusedWith('--proxy', proxyUrl('http', wrong), `http://${ECHO}/`)).toContain('407');
    for (const host of [gateway, gateway.replace('127.0.0.1', '2130706433'), gateway.replace('127.0.0.1', 'localhost')])
      expect([host, await refusedWith('--proxy', proxyUrl('http', proxy), `http://${host}/healthz`)]).toEqual([
        host,
        '403 000',
      ]);
  });

  it('is billed what its target’s connections carried, within five seconds', async () => {
    const bought = await api<{ plan: { id: string } }>('POST', '/traffic-plans', { pool: 'residential', gb: 1 });
    plan = await api('GET', `/traffic-plans/${bought.plan.id}?reveal=1`);
    const before = await usage(`subject=${plan.id}`);
    expect(before).toMatchObject({ bytes_down: 0, requests: 0 });
    const size = 20_000_000;
    await until(
      async () =>
        (await curl(
          '--proxy',
          proxyUrl('http', plan),
          '--output',
          '/dev/null',
          '--write-out',
          '%{size_download}',
          `http://${ECHO}/bytes/${String(size)}`,
        )) === String(size),
      { timeoutMs: 5_000 },
    );

    const after = await until(
      async () => {
        const now = await usage(`subject=${plan.id}`);
        return now.bytes_down >= size && now;
      },
      { timeoutMs: 5_000 },
    );

    // The bytes, and the head of the answer.
    expect(after.bytes_down - size).toBeGreaterThan(0);
    expect(after.bytes_down - size).toBeLessThan(1_000);
    const { gb_used: used } = await api<{ gb_used: number }>('GET', `/traffic-plans/${plan.id}`);
    expect(Math.round(used * 1e9)).toBe(after.bytes_down + after.bytes_up);
  });

  it('is served again within ten seconds after its node was killed, on the same port', async () => {
    const node = nodeOf(installation);
    process.kill(node, 'SIGKILL');
    const begin = performance.now();
    await serves(proxy, 10_000);
    expect(performance.now() - begin).toBeLessThan(10_000);
    expect(nodeOf(installation)).not.toBe(node);
  });

  it('ends for those who know its old credentials within two seconds', async () => {
    await api('PUT', `/proxies/${proxy.id}/credentials`, { username: 'another', grace_s: 0 });
    await until(
      async () => (await refusedWith('--proxy', proxyUrl('http', proxy), `http://${ECHO}/`)).startsWith('407'),
      { timeoutMs: 2_500, everyMs: 50 },
    );
    const renewed = await api<Credentials>('GET', `/proxies/${proxy.id}?reveal=1`);
    await serves(renewed, 2_500);
  });

  it('has its last bytes billed when Lumi stops, and works again after the next start', async () => {
    const before = await usage(`subject=${plan.id}`);
    const size = 3_000_000;
    await curl('--proxy', proxyUrl('http', plan), '--output', '/dev/null', `http://${ECHO}/bytes/${String(size)}`);
    launch.kill('SIGTERM');
    expect((await launch.end()).code).toBe(0);
    launch = await installation.start(settings).ready();
    demo = installation.demo();
    const after = await usage(`subject=${plan.id}`);
    expect(after.bytes_down - before.bytes_down).toBeGreaterThanOrEqual(size);
    const [again, same] = [await api<Credentials>('GET', `/traffic-plans/${plan.id}?reveal=1`), plan];
    expect(again).toMatchObject({ port: same.port, port_socks: same.port_socks });
    expect(await curl('--proxy', proxyUrl('socks5h', again), `http://${ECHO}/`)).toContain('"ip"');
  });
});

function nodeOf(installation: Installation): number {
  const commandOf = (pid: number): string =>
    existsSync(`/proc/${String(pid)}/cmdline`) ? readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8') : '';
  const pid = installation.pids().find((one) => commandOf(one).includes('node/main.bundle.js'));
  if (pid === undefined) throw new Error('there is no proxy node');
  return pid;
}
