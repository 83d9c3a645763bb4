// The routes of nodes: who may ask, what access they get, and what is in force.
import { createHmac } from 'node:crypto';
import request from 'supertest';
import { Notices } from '@lumi/shared/notices';
import { FixedClock, silentLog } from '@lumi/shared/runtime';
import { until } from '@lumi/shared/testing';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { pushAccess } from '../src/jobs/push-access';
import { withdrawEnded } from '../src/jobs/withdraw-ended';
import { tellAccess, type Told } from '../src/store/feed';
import { nodeClient, REGISTRATION } from './node-client';
import { NOW, ORDER, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const { call, register, access, exchange, leave } = nodeClient(lumi);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('a node', () => {
  it('is let in by its token, under its own id, and by a protocol that is new enough', async () => {
    const tried = [
      await call('post', 'node_local/register', { token: 'lnt_of_somebody_else_000000' }, REGISTRATION),
      await request(lumi.app).post('/internal/nodes/node_local/register').send(REGISTRATION),
      await call('post', 'node_other/register', {}, REGISTRATION),
      await call('post', 'node_local/register', { protocol: '0' }, REGISTRATION),
      await call('post', 'node_local/register', {}, { version: '1' }),
    ];
    expect(tried.map(({ status }) => status)).toEqual([401, 401, 404, 426, 400]);
    expect(tried.slice(0, 4).map(({ text }) => text)).toEqual(['', '', '', '']);
  });

  it('is served on the service’s port, and is in no document', async () => {
    const { body } = await request(lumi.app).get('/internal/openapi.json').set(lumi.as('public'));
    expect(Object.keys(body.paths).filter((path) => path.includes('/internal/'))).toEqual([]);
  });

  it('gets the next epoch each time, and closes the ones before', async () => {
    const first = await register();
    expect((await exchange(first.epoch, 1)).status).toBe(200);
    const second = await register();
    expect(second.epoch).toBe(first.epoch + 1);
    expect(second.key).toBe(first.key);
    expect((await exchange(first.epoch, 2)).body).toEqual({ closed: true, seq: 1 });
    const gap = await exchange(second.epoch, 2);
    expect([gap.status, gap.body]).toEqual([409, { expected: 1 }]);
    expect((await leave(second.epoch)).status).toBe(200);
    expect((await exchange(second.epoch, 1)).status).toBe(409);
  });
});

describe('access', () => {
  it('that changes is noticed by who listens, and what changes nothing is not', async () => {
    const { config, db } = lumi.deps().service;
    let heard = 0;
    const notices = new Notices({
      databaseUrl: config.DATABASE_URL,
      name: 'test',
      log: silentLog,
      send: () => Promise.resolve(),
      what: 'tests',
      meanwhile: 'nothing happens',
    });
    notices.on('lumi_access', { notice: () => (heard += 1), gap: () => undefined });
    await notices.start();
    try {
      const told = [{ subject: 'prx_noticed', version: 1, isRemoved: true }];
      await tellAccess(db.platform, 'sandbox', told, clock.now());
      await until(() => heard === 1);
      await tellAccess(db.platform, 'sandbox', told, clock.now());
      await tellAccess(db.platform, 'sandbox', [{ ...told[0], subject: 'prx_noticed_2' } as Told], clock.now());
      await until(() => heard > 1);
      expect(heard).toBe(2);
    } finally {
      await notices.stop();
    }
  });

  it('of what was sold before a node came is sent as a whole, with entries on its ports and digests of logins', async () => {
    const { who, body } = await lumi.buyer();
    const bought = await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 1 });
    const sub = await lumi.send(who, 'post', '/subusers', { traffic_plan_id: bought.body.plan.id, limit_gb: 1 });
    const { key } = await register();
    const whole = await access(0);
    expect(whole.is_whole).toBe(true);
    const [proxy] = body.proxies;
    const view = (await lumi.get(who, `/proxies/${String(proxy?.id)}?reveal=1`)).body;
    expect(view).toMatchObject({
      host: '127.0.0.1',
      exit_ip: expect.stringMatching(/^127\.(6[4-9]|[7-9]\d|10\d|11[01])\./),
    });
    expect(view.port).toBe(view.port_socks);
    const right = whole.rights.find(({ subject }) => subject === proxy?.id);
    expect(right).toMatchObject({
      kind: 'proxy',
      account_id: who.accountId,
      is_enabled: true,
      suspended_for: null,
      port: view.port,
      exits: { kind: 'fixed', address: view.exit_ip, country: 'XA' },
      concurrency: 250,
      bandwidth_bps: 100_000_000,
      is_metered: false,
    });
    expect(right?.['logins']).toEqual([
      {
        name: view.username,
        digest: createHmac('sha256', Buffer.from(key, 'base64'))
          .update(`${String(view.username)}\0${String(view.password)}`)
          .digest('base64'),
        until: null,
      },
    ]);
    expect(whole.rights.find(({ subject }) => subject === bought.body.plan.id)).toMatchObject({
      kind: 'plan',
      port: null,
      exits: { kind: 'pool', pool: 'residential' },
      is_metered: true,
    });
    expect(whole.rights.find(({ subject }) => subject === sub.body.id)).toMatchObject({ kind: 'subuser' });
    expect((await lumi.get(who, `/traffic-plans/${String(bought.body.plan.id)}`)).body).toMatchObject({
      host: '127.0.0.1',
      port: 19_080,
      port_socks: 19_081,
    });
    expect(whole.pools?.['residential']).toHaveLength(26 * 64);
    expect(JSON.stringify(whole)).not.toContain(view.password);
  });

  it('of more subjects than an answer holds comes as one whole in pages, whatever it has from before', async () => {
    await register();
    await owner(
      lumi,
      `WITH feed AS (UPDATE proxy.access_feed SET number = number + 4500, horizon = number + 4400 RETURNING number)
       INSERT INTO proxy.access_change (subject, network, number, version, at)
       SELECT 'prx_' || n, 'sandbox', feed.number - 4500 + n, 1, now() FROM feed, generate_series(1, 4500) n`,
    );
    const pages = [await access(0)];
    for (let last = pages[0]; last?.is_more === true && pages.length < 10; last = pages.at(-1))
      pages.push((await call('get', `node_local/access?after=${String(last.number)}&whole=1`)).body);
    expect(pages.map((page) => [page.is_whole, page.is_more, page.pools !== null])).toEqual([
      [true, true, true],
      [true, true, false],
      [true, false, false],
    ]);
    expect(new Set(pages.flatMap(({ rights }) => rights.map(({ subject }) => subject))).size).toBeGreaterThanOrEqual(
      4_500,
    );
    const next = await access(pages.at(-1)?.number ?? 0);
    expect(next).toMatchObject({ is_whole: false, is_more: false, rights: [] });
    await owner(lumi, `DELETE FROM proxy.access_change WHERE subject ~ '^prx_[0-9]+$'`);
  });

  it('is applied when the node has confirmed it, and not before', async () => {
    const { who, body } = await lumi.buyer();
    const id = body.proxies[0]?.id ?? '';
    await register();
    await pushAccess(lumi.deps());
    const isApplied = async (): Promise<boolean> => (await lumi.get(who, `/proxies/${id}`)).body.is_applied;
    expect(await isApplied()).toBe(false);
    const { number } = await access(0);
    await access(number);
    await pushAccess(lumi.deps());
    expect(await isApplied()).toBe(true);
    await lumi.send(who, 'put', `/proxies/${id}/credentials`, { username: 'crawler', grace_s: 600 });
    await pushAccess(lumi.deps());
    expect(await isApplied()).toBe(false);
    const changed = await access(number);
    expect(changed).toMatchObject({ is_whole: false, pools: null });
    expect(changed.rights).toMatchObject([
      { subject: id, logins: [{ name: 'crawler', until: null }, { until: '2026-11-24T12:10:00.000Z' }] },
    ]);
    await access(changed.number);
    await pushAccess(lumi.deps());
    expect(await isApplied()).toBe(true);
  });

  it('that a process of the release before has marked as applied comes to the nodes too', async () => {
    const { body } = await lumi.buyer();
    const id = body.proxies[0]?.id ?? '';
    await register();
    await pushAccess(lumi.deps());
    const { number } = await access(0);
    await owner(
      lumi,
      `UPDATE proxy.proxy SET label = 'new', access_version = access_version + 1, access_applied = access_version + 1
        WHERE id = $1`,
      [id],
    );
    await careForNodes(lumi.deps());
    expect((await access(number)).rights.map(({ subject }) => subject)).toEqual([id]);
  });

  it('does not wait for a node that cannot be reached', async () => {
    const { who, body } = await lumi.buyer();
    await register();
    clock.advance(60_000);
    await pushAccess(lumi.deps());
    expect((await lumi.get(who, `/proxies/${String(body.proxies[0]?.id)}`)).body.is_applied).toBe(true);
    clock.advance(-60_000);
  });

  it('comes to one who waits as soon as there is some', async () => {
    await register();
    await pushAccess(lumi.deps());
    const { number } = await access(0);
    const waiting = access(number, 20);
    const { body } = await lumi.buyer();
    await pushAccess(lumi.deps());
    const told = await waiting;
    expect(told.rights.map(({ subject }) => subject).sort()).toEqual(body.proxies.map(({ id }) => id).sort());
  });

  it('holds the end of each allowed address, and what has ended is removed', async () => {
    const { who, body } = await lumi.buyer({
      ...ORDER,
      items: [{ country: 'XA', quantity: 1 }],
      auth: { mode: 'both' },
    });
    const id = body.proxies[0]?.id ?? '';
    await lumi.send(who, 'post', `/proxies/${id}/allowlist`, {
      ip_or_cidr: '203.0.113.7',
      expires_at: '2026-11-24T13:00:00Z',
    });
    await register();
    await pushAccess(lumi.deps());
    const { number, rights } = await access(0);
    expect(rights.find(({ subject }) => subject === id)).toMatchObject({
      blocks: [{ block: '203.0.113.7', until: '2026-11-24T13:00:00.000Z' }],
    });
    const port = rights.find(({ subject }) => subject === id)?.['port'];
    await owner(
      lumi,
      `UPDATE proxy.proxy SET state = 'ended', term = term + 1, access_version = access_version + 1 WHERE id = $1`,
      [id],
    );
    await pushAccess(lumi.deps());
    expect((await access(number)).rights).toEqual([{ subject: id, is_removed: true }]);
    await withdrawEnded(lumi.deps());
    const { rows } = await lumi.service.db.pool.query('SELECT freed_at FROM proxy.entry_port WHERE port = $1', [port]);
    expect(rows).toEqual([{ freed_at: new Date(NOW) }]);
    const next = await lumi.buyer();
    const ports = (await lumi.get(next.who, '/proxies')).body.items.map((one: { port: number }) => one.port);
    expect(ports).not.toContain(port);
  });
});
