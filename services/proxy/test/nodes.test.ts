// The routes of nodes: who may ask, what access is told, and what is in force.
import request, { type Response } from 'supertest';
import { createHmac } from 'node:crypto';
import { FixedClock } from '@lumi/shared/runtime';
import { collectUsage } from '../src/jobs/collect-usage';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { pushAccess } from '../src/jobs/push-access';
import { withdrawEnded } from '../src/jobs/withdraw-ended';
import { NODE_TOKEN, NOW, ORDER, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);

const PORTS = { first: 20_000, last: 20_099, http: 19_080, socks: 19_081 };
const REGISTRATION = { version: '1', ports: PORTS, exits: [] };
const NOTHING = { lines: [], wants: [], seen: [], exits_changed: [], state: { connections: 0, bytes_per_s: 0 } };

interface Headers {
  readonly token?: string;
  readonly protocol?: string;
}

const call = (
  method: 'get' | 'post',
  path: string,
  { token = NODE_TOKEN, protocol = '1' }: Headers = {},
  body?: object,
): Promise<Response> => {
  const sent = request(lumi.app)
    [method](`/internal/nodes/${path}`)
    .set({
      authorization: `Bearer ${token}`,
      'lumi-node-protocol': protocol,
    });
  return Promise.resolve(body === undefined ? sent : sent.send(body));
};
const register = async (body: object = REGISTRATION) => {
  const { status, body: answer } = await call('post', 'node_local/register', {}, body);
  expect(status).toBe(200);
  return answer as { epoch: number; key: string; now: string; nodes: string[] };
};
const access = async (after: number, wait = 0) => {
  const { status, body } = await call('get', `node_local/access?after=${String(after)}&wait=${String(wait)}`);
  expect(status).toBe(200);
  return body as {
    number: number;
    is_whole: boolean;
    rights: readonly (Record<string, unknown> & { subject: string })[];
    pools: Record<string, readonly unknown[]> | null;
  };
};
const exchange = (epoch: number, seq: number, more: object = {}) =>
  call('post', 'node_local/exchange', {}, { epoch, seq, ...NOTHING, ...more });

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

  it('is served on the service’s port, and stands in no document', async () => {
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
    expect((await call('post', 'node_local/leave', {}, { epoch: second.epoch })).status).toBe(200);
    expect((await exchange(second.epoch, 1)).status).toBe(409);
  });
});

describe('access', () => {
  it('of what was sold before a node came is told as a whole, with entries on its ports and digests of logins', async () => {
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

  it('does not wait for a node that cannot be reached', async () => {
    const { who, body } = await lumi.buyer();
    await register();
    clock.advance(60_000);
    await pushAccess(lumi.deps());
    expect((await lumi.get(who, `/proxies/${String(body.proxies[0]?.id)}`)).body.is_applied).toBe(true);
    clock.advance(-60_000);
  });

  it('comes to one who waits as soon as it is told', async () => {
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

describe('usage', () => {
  const line = (subject: string, up: number, down: number, target = 'example.com') => ({
    subject,
    hour: '2026-11-24T12:20:00Z',
    country: 'DE',
    target,
    up,
    down,
    requests: 1,
    errors: 0,
  });

  it('is billed from leases, shows in every view, and a repeat changes nothing', async () => {
    const who = await lumi.account({ balance: '1000' });
    const { id } = (await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 2 })).body.plan;
    const sub = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 1 })).body.id;
    const { epoch } = await register();
    const wants = [
      { subject: id, want: 1_000_000 },
      { subject: sub, want: 2_000_000_000 },
    ];
    const granted = (await exchange(epoch, 1, { wants })).body;
    expect(granted).toMatchObject({ seq: 1, drain_s: null });
    const leases = [...granted.leases].sort((a, b) => b.granted - a.granted);
    expect(leases).toEqual([
      { subject: sub, granted: 500_000_000, used: 0, free: 500_000_000, elsewhere: 0, is_needed: false },
      { subject: id, granted: 1_000_000, used: 0, free: 999_000_000, elsewhere: 0, is_needed: false },
    ]);
    const lines = [line(id, 100, 900), line(sub, 1_000, 9_000)];
    const once = await exchange(epoch, 2, { lines });
    const again = await exchange(epoch, 2, { lines });
    expect(again.body).toMatchObject({ seq: 2, leases: once.body.leases });
    expect((await lumi.get(who, `/traffic-plans/${String(id)}`)).body).toMatchObject({ gb_used: 0.000001 });
    expect((await lumi.get(who, `/subusers/${String(sub)}`)).body).toMatchObject({ used_gb: 0.00001 });
    const usage = await lumi.get(who, '/usage?group_by=target&to=2026-11-24T13:00:00Z');
    expect(usage.body.items).toEqual([
      { key: 'example.com', bytes_up: 1_100, bytes_down: 9_900, requests: 2, errors: 0 },
    ]);
    // What a node holds is not there to be given to somebody else.
    expect((await lumi.send(who, 'post', `/subusers/${String(sub)}/reclaim`, { gb: 1 })).status).toBe(409);
    // A deleted sub-user's late bytes are its plan's.
    await lumi.send(who, 'delete', `/subusers/${String(sub)}`);
    await exchange(epoch, 3, { lines: [line(sub, 0, 5_000)] });
    expect((await lumi.get(who, `/traffic-plans/${String(id)}`)).body).toMatchObject({
      gb_used: 0.000016,
      gb_reserved: 0,
    });
    await call('post', 'node_local/leave', {}, { epoch });
    const { rows } = await lumi.service.db.pool.query('SELECT bytes_leased FROM proxy.traffic_plan WHERE id = $1', [
      id,
    ]);
    expect(rows).toEqual([{ bytes_leased: '0' }]);
  });

  it('never passes the quota: what a freed lease does not hold is kept, and billed to nobody', async () => {
    const who = await lumi.account({ balance: '1000' });
    const { id } = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 1 })).body.plan;
    const { epoch } = await register();
    await exchange(epoch, 1, { lines: [line(id, 0, 999_999_000)] });
    await exchange(epoch, 2, { lines: [line(id, 700, 800)] });
    expect((await lumi.get(who, `/traffic-plans/${String(id)}`)).body).toMatchObject({
      gb_used: 1,
      state: 'exhausted',
    });
    const { rows } = await lumi.service.db.pool.query(
      'SELECT reason, bytes_up::int, bytes_down::int FROM proxy.usage_unplaced WHERE subject = $1',
      [id],
    );
    expect(rows).toEqual([{ reason: 'quota', bytes_up: 0, bytes_down: 500 }]);
  });

  it('of a subject that nobody knows is kept', async () => {
    const { epoch } = await register();
    expect((await exchange(epoch, 1, { lines: [line('prx_nobody', 1, 2)] })).status).toBe(200);
    const { rows } = await lumi.service.db.pool.query(
      `SELECT reason, bytes_up::int, bytes_down::int FROM proxy.usage_unplaced WHERE subject = 'prx_nobody'`,
    );
    expect(rows).toEqual([{ reason: 'unknown', bytes_up: 1, bytes_down: 2 }]);
  });

  it('has at most 200 targets an hour', async () => {
    const { who, body } = await lumi.buyer();
    const id = body.proxies[0]?.id ?? '';
    const { epoch } = await register();
    const targets = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => line(id, 1, 1, `t${String(from + i)}.example`));
    await exchange(epoch, 1, { lines: targets(0, 150) });
    await exchange(epoch, 2, { lines: targets(100, 400) });
    const { rows } = await lumi.service.db.pool.query(
      `SELECT count(*)::int AS rows, sum(bytes_up)::int AS up, max(bytes_up)::int AS other FROM proxy.usage_hour
        WHERE subject = $1`,
      [id],
    );
    expect(rows).toEqual([{ rows: 201, up: 450, other: 200 }]);
    expect(who.accountId).not.toBe('');
  });

  it('marks the proxy and the allowed address that were used', async () => {
    const { who, body } = await lumi.buyer({
      ...ORDER,
      items: [{ country: 'XA', quantity: 1 }],
      auth: { mode: 'both' },
    });
    const id = body.proxies[0]?.id ?? '';
    await lumi.send(who, 'post', '/allowlist', { ip_or_cidr: '203.0.113.9' });
    const { epoch } = await register();
    const at = '2026-11-24T12:00:30Z';
    await exchange(epoch, 1, { seen: [{ subject: id, block: '203.0.113.9', at }] });
    expect((await lumi.get(who, '/allowlist')).body.items).toMatchObject([{ last_used_at: at }]);
    expect((await lumi.get(who, `/proxies/${id}`)).body.last_used_at).toBe(at);
    await exchange(epoch, 2, { exits_changed: [{ subject: id, address: '127.99.1.2', at: '2026-11-24T12:00:00Z' }] });
    expect((await lumi.get(who, `/proxies/${id}`)).body).toMatchObject({
      exit_ip: '127.99.1.2',
      subnet: '127.99.1.0/24',
    });
  });

  it('is not made up beside a node', async () => {
    const who = await lumi.account({ balance: '1000' });
    const { id } = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 10, label: 'sandbox:traffic' })).body
      .plan;
    const { epoch } = await register();
    await pushAccess(lumi.deps());
    clock.advance(14 * 60_000);
    await collectUsage(lumi.deps());
    expect((await lumi.get(who, `/traffic-plans/${String(id)}`)).body.gb_used).toBe(0);
    await call('post', 'node_local/leave', {}, { epoch });
    clock.advance(6 * 60_000);
    await collectUsage(lumi.deps());
    expect((await lumi.get(who, `/traffic-plans/${String(id)}`)).body.gb_used).toBe(0.05);
    clock.advance(-20 * 60_000);
  });

  it('goes on after a silence of 15 minutes, in which the leases were freed', async () => {
    const who = await lumi.account({ balance: '1000' });
    const { id } = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 1 })).body.plan;
    const { epoch } = await register();
    await exchange(epoch, 1, { wants: [{ subject: id, want: 100_000_000 }] });
    const held = async () =>
      (await lumi.service.db.pool.query('SELECT bytes_leased::int AS b FROM proxy.traffic_plan WHERE id = $1', [id]))
        .rows[0].b;
    clock.advance(14 * 60_000);
    await careForNodes(lumi.deps());
    expect(await held()).toBe(100_000_000);
    clock.advance(2 * 60_000);
    await careForNodes(lumi.deps());
    expect(await held()).toBe(0);
    const late = await exchange(epoch, 2, { lines: [line(id, 0, 60_000_000)] });
    expect(late.body.leases).toMatchObject([{ granted: 60_000_000, used: 60_000_000 }]);
    expect((await lumi.get(who, `/traffic-plans/${String(id)}`)).body.gb_used).toBe(0.06);
    clock.advance(-16 * 60_000);
  });
});
