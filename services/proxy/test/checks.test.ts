// Checks of proxies through a real node: a connection to the proxy's own entry, over its protocol, to a target. Nothing
// of it is billed, and the service reaches nothing but the entry.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock } from '@lumi/shared/runtime';
import { until, type TestAccount } from '@lumi/shared/testing';
import { readCheckTarget } from '../src/checks/check-targets';
import { ACCOUNT_CHECKS_MAX, ProxyChecks } from '../src/checks/proxy-checks';
import { checkHealth } from '../src/jobs/check-health';
import { pushAccess } from '../src/jobs/push-access';
import { Control } from '../src/node/control/control';
import { openServiceLink } from '../src/node/control/service-link';
import { claimPorts } from '../src/node/port-claim';
import { findProxies } from '../src/store/proxies';
import { basic, NodeFixture } from './node-fixture';
import { NODE_TOKEN, owner, proxyTest } from './proxy-service';

jest.setTimeout(60_000);

const lumi = proxyTest(systemClock);
/** What names of targets resolve to. */
const ADDRESSES: Readonly<Record<string, string>> = { 'shop.example': '127.0.0.1', 'inside.example': '10.0.0.1' };

describe('a check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-checks-'));
  let server: Server;
  let control: Control;
  let node: NodeFixture;
  let who: TestAccount;

  beforeAll(async () => {
    server = createServer(lumi.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const claimed = await claimPorts({ host: '127.0.0.1', range: null, http: null, socks: null, folder });
    control = await Control.open({
      link: openServiceLink({
        url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
        nodeId: 'node_local',
        token: NODE_TOKEN,
      }),
      folder,
      targetLog: 'domain',
      log: silentLog,
      registration: () => ({
        version: '1',
        entry_host: null,
        ports: { ...claimed.range, ...node.plane.ports },
        exits: [],
        allowed: [],
      }),
      connections: () => 0,
      onDrain: () => undefined,
      onRefused: () => undefined,
    });
    const { rights, meter, events, checkKeys } = control;
    const resolver = {
      addresses: (name: string) =>
        Promise.resolve(name in ADDRESSES ? { addresses: [ADDRESSES[name] ?? ''] } : { failure: 'dns' as const }),
    };
    node = new NodeFixture({ rights, meter, events, checkKeys }, { resolver });
    await node.open();
    control.start();
    await control.ready;
    who = await lumi.account({ balance: '1000' });
  });
  afterEach(async () => expect(await lumi.audit()).toEqual([]));
  afterAll(async () => {
    await node.close();
    await control.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  const buy = async (country = 'XA', more: object = {}): Promise<string> => {
    const order = { product_id: 'ipv4', items: [{ country, quantity: 1 }], period_days: 30, ...more };
    const { body } = await lumi.pay(who, '/orders', order);
    const id = (body as { proxies: { id: string }[] }).proxies[0]?.id ?? '';
    await pushAccess(lumi.deps());
    await until(() => control.rights.get(id) !== null);
    await node.plane.ready();
    return id;
  };
  const check = async (ids: readonly string[], target?: string) => {
    const { status, body } = await lumi.send(who, 'post', '/proxies/check', {
      proxy_ids: ids,
      ...(target === undefined ? {} : { target_url: target }),
    });
    return { status, body, items: (body as { items: Record<string, unknown>[] }).items };
  };
  const proxyOf = async (id: string) =>
    (await lumi.get(who, `/proxies/${id}?reveal=1`)).body as {
      port: number;
      exit_ip: string;
      username: string;
      password: string;
      health: { ok: boolean | null; exit_country: string | null };
      last_used_at: string | null;
    };
  const settled = () => until(() => node.plane.state.passages === 0);

  it('goes through the proxy by its protocol, with a pair or without, and sees the address that was sold', async () => {
    const ids = [
      await buy(),
      await buy('DE', { protocol: 'socks5' }),
      await buy('US', { auth: { mode: 'ip', ips: ['203.0.113.9'] } }),
    ];
    const { items } = await check(ids);
    for (const [i, id] of ids.entries()) {
      const { exit_ip: sold, health } = await proxyOf(id);
      expect(items[i]).toEqual({
        proxy_id: id,
        ok: true,
        latency_ms: expect.any(Number),
        exit_ip: sold,
        exit_country: ['XA', 'DE', 'US'][i],
        seen_ip: sold,
        http_status: 200,
        refusal: null,
        message: null,
      });
      expect(health).toMatchObject({ ok: true, exit_country: ['XA', 'DE', 'US'][i] });
    }
    const overTls = await check(ids, 'https://echo.lumi.test/');
    expect(overTls.items.map(({ seen_ip: seen }) => seen)).toEqual(items.map(({ exit_ip: sold }) => sold));
  });

  it('is billed to nobody and shown as no use, beside traffic that is', async () => {
    const id = await buy();
    const { port, username, password } = await proxyOf(id);
    const usage = async () => {
      const { body } = await lumi.get(who, `/usage?subject=${id}`);
      const { bytes_up: up, bytes_down: down, requests } = (body as { totals: Record<string, number> }).totals;
      return { up, down, requests };
    };
    expect((await check([id, id, id])).items.map(({ ok }) => ok)).toEqual([true, true, true]);
    await settled();
    const connect = `CONNECT echo.lumi.test:80 HTTP/1.1\r\n${basic([username, password])}\r\n`;
    const customer = node.client(port).send(connect);
    await customer.take('established\r\n\r\n');
    customer.send('GET /bytes/5000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await customer.closed();
    const carried = { up: 56, down: customer.bytes.length, requests: 1 };
    await check([id]);
    await until(async () => (await usage()).down !== 0);
    expect(await usage()).toEqual(carried);
    await until(async () => (await lumi.get(who, `/connections?proxy_id=${id}`)).body.items.length > 0);
    expect((await lumi.get(who, `/connections?proxy_id=${id}`)).body.items).toHaveLength(1);
    const quiet = await buy();
    await check([quiet]);
    await settled();
    // The customer's next bytes come to the service after anything that the check could have caused.
    const later = node.client(port).send(connect);
    await later.take('established\r\n\r\n');
    later.socket.end();
    await until(async () => (await usage()).requests === 2);
    expect((await proxyOf(quiet)).last_used_at).toBeNull();
    expect((await lumi.get(who, `/usage?subject=${quiet}`)).body.totals).toMatchObject({ requests: 0, bytes_down: 0 });
  });

  it('says the word of a refusal, over SOCKS5 too', async () => {
    const refusing = [await buy('XU'), await buy('XU', { protocol: 'socks5' })];
    const suspended = await buy('XA', { protocol: 'socks5' });
    await owner(
      lumi,
      `UPDATE proxy.proxy SET suspended_for = 'abuse', access_version = access_version + 1 WHERE id = $1`,
      [suspended],
    );
    await pushAccess(lumi.deps());
    await until(() => control.rights.get(suspended)?.suspendedFor === 'abuse');
    const { items } = await check([...refusing, suspended]);
    expect(items.map(({ ok, refusal, latency_ms: ms }) => [ok, refusal, ms])).toEqual([
      [false, 'exit', null],
      [false, 'exit', null],
      [false, 'suspended', null],
    ]);
    expect((await proxyOf(refusing[0] ?? '')).health.ok).toBe(false);
    await owner(
      lumi,
      'UPDATE proxy.proxy SET suspended_for = NULL, access_version = access_version + 1 WHERE id = $1',
      [suspended],
    );
  });

  it('takes a target of the caller as the target of any connection, and that says nothing about health', async () => {
    const id = await buy();
    const heads: string[] = [];
    const port = await node.target((socket) => {
      socket.on('data', (bytes) => {
        heads.push(bytes.toString());
        socket.end(
          'HTTP/1.1 418 I am one\r\nSecret: word\r\nProxy-Status: lumi; details="exit"\r\nContent-Length: 3\r\n\r\nabc',
        );
      });
    });
    const { body, items } = await check([id], `http://shop.example:${String(port)}/a?b=c`);
    expect(items).toMatchObject([{ ok: true, http_status: 418, seen_ip: null, refusal: null }]);
    expect(JSON.stringify(body)).not.toContain('word');
    expect(heads[0]?.split('\r\n').sort()).toEqual([
      '',
      '',
      'Accept: */*',
      'GET /a?b=c HTTP/1.1',
      `Host: shop.example:${String(port)}`,
    ]);
    expect((await proxyOf(id)).health.ok).toBeNull();
    expect((await check([id], 'http://inside.example/')).items).toMatchObject([{ ok: false, refusal: 'target' }]);
    expect((await check([id], 'http://nowhere.example/')).items).toMatchObject([{ ok: false, refusal: 'name' }]);
    expect((await check([id], 'http://echo.lumi.test:81/')).items).toMatchObject([{ ok: false, refusal: 'target' }]);
    expect((await proxyOf(id)).health.ok).toBeNull();
  });

  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://192.0.2.1:25/',
    'http://example.com:25/',
    'http://user:word@example.com/',
    'ftp://example.com/',
    'example.com',
  ])('refuses %s before it connects to anything', async (url) => {
    const { status, body } = await check([await buyOnce()], url);
    expect([status, body.error.code, body.error.details[0].path]).toEqual([422, 'validation_error', 'target_url']);
  });
  let first: Promise<string> | null = null;
  const buyOnce = (): Promise<string> => (first ??= buy());

  it('ends in its time, and is bounded for each account', async () => {
    const id = await buy();
    const port = await node.target(() => undefined);
    const target = readCheckTarget(`http://shop.example:${String(port)}/`).value ?? null;
    const rows = [...(await findProxies(lumi.service.db.platform, { kind: 'all' }, [id])).values()];
    const [row] = rows;
    if (target === null || row === undefined) throw new Error('there is a target and a proxy');
    const { db, networks, service } = lumi.deps();
    const parts = { db, networks, clock: systemClock, ring: service.config.SECRET_RING, targets: [target] };
    const checks = new ProxyChecks({ ...parts, limitMs: 300 });
    const signal = AbortSignal.timeout(30_000);
    expect(await checks.check(rows, null, signal)).toMatchObject([
      { isHealthy: false, refusal: null, message: 'It took longer than a check may take.' },
    ]);
    const most = checks.checkFor(
      'a',
      Array.from({ length: ACCOUNT_CHECKS_MAX }, () => row),
      target,
      signal,
    );
    expect(await checks.checkFor('a', rows, target, signal)).toBeNull();
    expect(await checks.checkFor('b', rows, target, AbortSignal.abort())).toMatchObject([{ isHealthy: null }]);
    expect(await most).toHaveLength(ACCOUNT_CHECKS_MAX);
    expect(await checks.checkFor('a', rows, target, signal)).toHaveLength(1);
    // At the latest with the end of their logins: the kernel may show a reset as an end.
    await until(() => node.plane.state.passages === 0, { timeoutMs: 20_000 });
  });

  it('is what the loop does, and a proxy whose entry is away is unhealthy', async () => {
    await owner(lumi, `UPDATE proxy.proxy SET health_ok = NULL, health_checked_at = NULL`);
    const id = await buy();
    await checkHealth(lumi.deps());
    expect((await proxyOf(id)).health.ok).toBe(true);
    await node.plane.drain(0);
    await owner(lumi, `UPDATE proxy.proxy SET health_checked_at = NULL`);
    await checkHealth(lumi.deps());
    expect((await proxyOf(id)).health.ok).toBe(false);
    expect((await check([id])).items).toMatchObject([
      { ok: false, message: 'The entry of the proxy does not answer.' },
    ]);
  });
});
