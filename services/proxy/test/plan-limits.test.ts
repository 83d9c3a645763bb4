// Alerts and the hard stop of a traffic plan, which count its sub-users too.
import { FixedClock } from '@lumi/shared/runtime';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { nodeClient, type Lease } from './node-client';
import { NOW, owner, proxyTest } from './proxy-service';

const GB = 1_000_000_000;
const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const { register, exchange } = nodeClient(lumi);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

type Who = Awaited<ReturnType<typeof lumi.account>>;

async function planOf(gb: number): Promise<{ who: Who; id: string }> {
  const who = await lumi.account({ balance: '1000' });
  return { who, id: (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb })).body.plan.id as string };
}

const change = (who: Who, id: string, body: object) => lumi.send(who, 'patch', `/traffic-plans/${id}`, body);
const line = (subject: string, bytes: number) => ({
  subject,
  hour: '2026-11-24T12:20:00Z',
  country: 'DE',
  target: 'example.com',
  up: 0,
  down: bytes,
  requests: 1,
  errors: 0,
});
const leaseOf = (answer: { body: { leases?: Lease[] } }, subject: string): Lease => {
  const found = answer.body.leases?.find((lease) => lease.subject === subject);
  if (found === undefined) throw new Error(`no lease of ${subject}`);
  return found;
};
async function events(who: Who): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const { items } = (await lumi.get(who, '/events?types=traffic.alert,traffic.exhausted')).body as {
    items: { type: string; data: Record<string, unknown> }[];
  };
  return items.map(({ type, data }) => ({ type, data }));
}

describe('alerts', () => {
  it('come once for each threshold that is passed, sub-users included, and not for what was used before', async () => {
    const { who, id } = await planOf(10);
    const sub = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 4 })).body.id as string;
    const { epoch } = await register();
    await exchange(epoch, 1, { lines: [line(id, 1.5 * GB)] });
    const answer = await change(who, id, { alerts_gb: [4, 1, 2, 3] });
    expect(answer.body).toMatchObject({ alerts_gb: [1, 2, 3, 4], hard_stop_gb: null, gb_used_with_subusers: 1.5 });
    await exchange(epoch, 2, { lines: [line(id, 0.4 * GB)] });
    expect(await events(who)).toEqual([]);
    const last = { lines: [line(sub, 1 * GB), line(id, 0.2 * GB)] };
    await exchange(epoch, 3, last);
    await exchange(epoch, 3, last);
    await careForNodes(lumi.deps());
    const about = { traffic_plan_id: id, gb_used_with_subusers: 3.1 };
    const passed = [
      { type: 'traffic.alert', data: { ...about, alert_gb: 2 } },
      { type: 'traffic.alert', data: { ...about, alert_gb: 3 } },
    ];
    expect(await events(who)).toEqual(passed);
    // Deleted, its bytes are the plan's: together they are the same.
    await lumi.send(who, 'delete', `/subusers/${sub}`);
    await exchange(epoch, 4, { lines: [line(sub, 0.1 * GB)] });
    expect(await events(who)).toEqual(passed);
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({ gb_used_with_subusers: 3.2 });
    await change(who, id, { alerts_gb: [] });
    await exchange(epoch, 5, { lines: [line(id, 2 * GB)] });
    expect(await events(who)).toEqual(passed);
  });

  it('come from the worker when the process that took the usage ended before it wrote them', async () => {
    const { who, id } = await planOf(2);
    await change(who, id, { alerts_gb: [1] });
    const { epoch } = await register();
    // As if it had ended between the batch and the event.
    await owner(lumi, `UPDATE proxy.traffic_plan SET next_alert = NULL, is_exhausted_told = true WHERE id = $1`, [id]);
    await exchange(epoch, 1, { lines: [line(id, 2 * GB)] });
    expect(await events(who)).toEqual([]);
    await owner(lumi, `UPDATE proxy.traffic_plan SET next_alert = $2, is_exhausted_told = false WHERE id = $1`, [
      id,
      GB,
    ]);
    await careForNodes(lumi.deps());
    await careForNodes(lumi.deps());
    expect((await events(who)).map(({ type }) => type)).toEqual(['traffic.alert', 'traffic.exhausted']);
  });

  it('and stops of another account are not found, and wrong ones are refused', async () => {
    const { who, id } = await planOf(2);
    expect((await change(await lumi.account(), id, { hard_stop_gb: 1 })).status).toBe(404);
    for (const body of [
      { alerts_gb: [0] },
      { alerts_gb: [1.5] },
      { alerts_gb: ['1'] },
      { alerts_gb: null },
      { alerts_gb: [1, 1] },
      { alerts_gb: Array.from({ length: 11 }, (_, i) => i + 1) },
      { alerts_gb: [100_001] },
      { hard_stop_gb: 0 },
      { hard_stop_gb: -1 },
      { hard_stop_gb: '1' },
      { hard_stop_gb: 100_001 },
    ])
      expect([body, (await change(who, id, body)).status]).toEqual([body, 422]);
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({ alerts_gb: [], hard_stop_gb: null });
  });
});

describe('a hard stop', () => {
  it('is what the plan and its sub-users get together, with one event', async () => {
    const { who, id } = await planOf(10);
    const sub = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 5 })).body.id as string;
    await change(who, id, { hard_stop_gb: 2 });
    const { epoch } = await register();
    const wants = [
      { subject: id, want: 4 * GB },
      { subject: sub, want: 4 * GB },
    ];
    let granted = 0;
    for (let seq = 1; seq <= 60; seq += 1) {
      const { leases } = (await exchange(epoch, seq, { wants })).body as { leases: Lease[] };
      granted = leases.reduce((sum, lease) => sum + lease.granted, 0);
      expect(granted).toBeLessThanOrEqual(2 * GB);
    }
    expect(granted).toBe(2 * GB);
    const all = (await exchange(epoch, 61, { wants })).body as { leases: Lease[] };
    const lines = all.leases.map(({ subject, granted: bytes }) => line(subject, bytes));
    const dry = await exchange(epoch, 62, { lines, wants });
    for (const subject of [id, sub])
      expect(leaseOf(dry, subject)).toMatchObject({ free: 0, elsewhere: 0, is_stopped: false });
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({
      state: 'exhausted',
      gb_used_with_subusers: 2,
      hard_stop_gb: 2,
    });
    const told = [
      { type: 'traffic.exhausted', data: { traffic_plan_id: id, gb_used_with_subusers: 2, by: 'hard_stop' } },
    ];
    expect(await events(who)).toEqual(told);
    expect((await lumi.get(who, `/traffic-plans/${id}/diagnose`)).body.checks).toContainEqual(
      expect.objectContaining({ check: 'quota', refusal: 'quota' }),
    );
    // Raised, and then gone, the next exchange gives more.
    await change(who, id, { hard_stop_gb: 3 });
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({ state: 'active' });
    const more = await exchange(epoch, 63, { wants });
    const left = (answer: typeof more) => {
      const { granted: has, used } = leaseOf(answer, sub);
      return has - used;
    };
    expect(left(more)).toBeGreaterThan(0);
    await change(who, id, { hard_stop_gb: null });
    expect(left(await exchange(epoch, 64, { wants }))).toBeGreaterThan(left(more));
    expect(await events(who)).toEqual(told);
  });

  it('below what is used calls back what nodes hold: what was used by then is billed, and nothing more is given', async () => {
    const { who, id } = await planOf(10);
    const { epoch } = await register();
    await exchange(epoch, 1, { lines: [line(id, 2 * GB)], wants: [{ subject: id, want: GB }] });
    await change(who, id, { hard_stop_gb: 1 });
    expect((await events(who)).map(({ data }) => data['by'])).toEqual(['hard_stop']);
    // An idle node is asked too, and repeats its last bytes.
    const called = await exchange(epoch, 2, {});
    expect(leaseOf(called, id)).toMatchObject({ is_stopped: true, free: 0 });
    const back = await exchange(epoch, 3, { lines: [line(id, 1_000)], wants: [{ subject: id, keep: 0, want: GB }] });
    expect(leaseOf(back, id)).toMatchObject({ granted: 2 * GB + 1_000, used: 2 * GB + 1_000, free: 0, elsewhere: 0 });
    const { rows } = await lumi.service.db.pool.query(
      'SELECT bytes_used, bytes_leased FROM proxy.traffic_plan WHERE id = $1',
      [id],
    );
    expect(rows).toEqual([{ bytes_used: String(2 * GB + 1_000), bytes_leased: '0' }]);
    await change(who, id, { hard_stop_gb: 3 });
    const on = leaseOf(await exchange(epoch, 4, { wants: [{ subject: id, want: GB }] }), id);
    expect(on.granted - on.used).toBe(Math.floor((GB - 1_000) / 2));
  });

  it('is checked by the database', async () => {
    const { who, id } = await planOf(10);
    await change(who, id, { hard_stop_gb: 1 });
    await expect(
      owner(lumi, 'UPDATE proxy.traffic_plan SET bytes_leased = 1000000001 WHERE id = $1', [id]),
    ).rejects.toThrow('traffic_plan_stop');
  });

  it('that one sub-user waits for calls back what another of the plan holds', async () => {
    const { who, id } = await planOf(10);
    const [a, b] = await Promise.all(
      ['a', 'b'].map(async () => {
        const made = await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 5 });
        return made.body.id as string;
      }),
    );
    if (a === undefined || b === undefined) throw new Error('there are no sub-users');
    await change(who, id, { hard_stop_gb: 1 });
    const { epoch } = await register();
    for (let seq = 1; seq <= 30; seq += 1) await exchange(epoch, seq, { wants: [{ subject: a, want: GB }] });
    const short = await exchange(epoch, 31, { wants: [{ subject: b, want: GB }] });
    expect(leaseOf(short, a)).toMatchObject({ is_needed: true });
    expect(leaseOf(short, b)).toMatchObject({ granted: 0, free: 0, elsewhere: GB, is_needed: false });
    await exchange(epoch, 32, {
      wants: [
        { subject: a, keep: 0, want: 0 },
        { subject: b, want: GB },
      ],
    });
    const filled = await exchange(epoch, 33, { wants: [{ subject: b, want: GB }] });
    expect(leaseOf(filled, b).granted).toBeGreaterThan(0.5 * GB);
  });
});

it('a quota that is used up brings one event, and another after a top-up', async () => {
  const { who, id } = await planOf(1);
  const { epoch } = await register();
  await exchange(epoch, 1, { lines: [line(id, GB)] });
  await exchange(epoch, 2, { lines: [line(id, 1)] });
  const about = { traffic_plan_id: id, by: 'quota' };
  const first = { type: 'traffic.exhausted', data: { ...about, gb_used_with_subusers: 1 } };
  expect(await events(who)).toEqual([first]);
  expect((await lumi.pay(who, `/traffic-plans/${id}/topup`, { gb: 1 })).status).toBe(200);
  await exchange(epoch, 3, { lines: [line(id, 5)] });
  expect(await events(who)).toEqual([first]);
  await exchange(epoch, 4, { lines: [line(id, GB)] });
  expect(await events(who)).toEqual([
    first,
    { type: 'traffic.exhausted', data: { ...about, gb_used_with_subusers: 2 } },
  ]);
});
