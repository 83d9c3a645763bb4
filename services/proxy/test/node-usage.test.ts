// Usage that nodes report, and the leases from which they spend.
import { FixedClock } from '@lumi/shared/runtime';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { collectUsage } from '../src/jobs/collect-usage';
import { pushAccess } from '../src/jobs/push-access';
import { nodeClient, type Lease } from './node-client';
import { NOW, ORDER, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const { register, exchange, leave } = nodeClient(lumi);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

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
    const leases = [...(granted.leases as Lease[])].sort((a, b) => b.granted - a.granted);
    expect(leases).toEqual([
      {
        subject: sub,
        granted: 500_000_000,
        used: 0,
        free: 500_000_000,
        elsewhere: 0,
        is_needed: false,
        is_stopped: false,
      },
      {
        subject: id,
        granted: 1_000_000,
        used: 0,
        free: 999_000_000,
        elsewhere: 0,
        is_needed: false,
        is_stopped: false,
      },
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
    // What a node holds cannot be given to another.
    expect((await lumi.send(who, 'post', `/subusers/${String(sub)}/reclaim`, { gb: 1 })).status).toBe(409);
    // A deleted sub-user's late bytes are its plan's.
    await lumi.send(who, 'delete', `/subusers/${String(sub)}`);
    await exchange(epoch, 3, { lines: [line(sub, 0, 5_000)] });
    expect((await lumi.get(who, `/traffic-plans/${String(id)}`)).body).toMatchObject({
      gb_used: 0.000016,
      gb_reserved: 0,
    });
    await leave(epoch);
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
    const path = `/usage?group_by=target&subject=${id}&to=2026-11-24T13:00:00Z&limit=1`;
    expect((await lumi.get(who, path)).body).toMatchObject({ totals: { bytes_up: 450 }, items: [{ bytes_up: 200 }] });
    expect((await lumi.get(await lumi.account(), path)).body).toMatchObject({ totals: { bytes_up: 0 }, items: [] });
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
    await exchange(epoch, 3, { exits_changed: [{ subject: id, address: '127.99.1.2', at: '2026-11-24T12:00:00Z' }] });
    const events = (await lumi.get(who, '/events')).body.items.filter(
      (one: { type: string }) => one.type === 'proxy.rotated',
    );
    expect(events).toMatchObject([
      { subject: id, data: { new_ip: '127.99.1.2', subnet: '127.99.1.0/24', changed: true } },
    ]);
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
    await leave(epoch);
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
