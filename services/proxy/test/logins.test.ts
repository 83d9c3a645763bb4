// Credentials of plans and sub-users after a leak, and what an operator stops.
import request from 'supertest';
import { FixedClock } from '@lumi/shared/runtime';
import type { TestAccount } from '@lumi/shared/testing';
import { nodeClient } from './node-client';
import { pushAccess } from '../src/jobs/push-access';
import { NOW, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const { register, access } = nodeClient(lumi);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

async function traffic(): Promise<{ who: TestAccount; plan: string; sub: string }> {
  const who = await lumi.account({ balance: '1000' });
  const plan = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 3 })).body.plan.id as string;
  const sub = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: plan, limit_gb: 1 })).body.id as string;
  return { who, plan, sub };
}

/** What a node gets of a subject after the last change. */
async function told(subject: string) {
  await pushAccess(lumi.deps());
  return (await access(0)).rights.find((right) => right.subject === subject);
}

describe.each([
  ['a plan', 'traffic-plans', 'plan'],
  ['a sub-user', 'subusers', 'sub'],
] as const)('the credentials of %s', (_, path, noun) => {
  it('are shown once when they change, and the old pair works for its grace period', async () => {
    const all = await traffic();
    const at = `/${path}/${all[noun]}`;
    await register();
    const before = (await lumi.get(all.who, `${at}?reveal=1`)).body;
    const changed = await lumi.send(all.who, 'put', `${at}/credentials`, { username: `fresh_${noun}`, grace_s: 600 });
    expect([changed.status, changed.body]).toMatchObject([
      200,
      { username: `fresh_${noun}`, old_credentials_until: '2026-11-24T12:10:00Z', is_applied: false },
    ]);
    expect(changed.body.password).not.toBe(before.password);
    expect((await lumi.get(all.who, `${at}?reveal=1`)).body.password).toBe(changed.body.password);
    expect((await lumi.get(all.who, at)).body.password).toBe('********');
    expect((await told(all[noun]))?.['logins']).toMatchObject([
      { name: `fresh_${noun}`, until: null },
      { name: before.username, until: '2026-11-24T12:10:00.000Z' },
    ]);
    const rotated = await lumi.send(all.who, 'post', `${at}/credentials/rotate`, {});
    expect(rotated.body).toMatchObject({ username: `fresh_${noun}`, old_credentials_until: null });
    expect((await told(all[noun]))?.['logins']).toHaveLength(1);
  });

  it('have a name that nobody else has, in its grace period neither', async () => {
    const [one, other] = [await traffic(), await traffic()];
    const name = `unique_${noun}`;
    await lumi.send(one.who, 'put', `/traffic-plans/${one.plan}/credentials`, { username: name });
    const set = (username: string) => lumi.send(other.who, 'put', `/${path}/${other[noun]}/credentials`, { username });
    expect((await set(name)).body.error.code).toBe('state_conflict');
    await lumi.send(one.who, 'put', `/traffic-plans/${one.plan}/credentials`, { username: `${name}2`, grace_s: 60 });
    expect((await set(name)).status).toBe(409);
    clock.advance(61_000);
    expect((await set(name)).status).toBe(200);
    clock.advance(-61_000);
    const race = await Promise.all([
      set(`${name}3`),
      lumi.send(one.who, 'put', `/subusers/${one.sub}/credentials`, { username: `${name}3` }),
    ]);
    expect(race.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});

describe.each([
  ['a proxy', 'proxies', 'rotate-credentials'],
  ['a plan', 'traffic-plans', 'rotate-plan-credentials'],
  ['a sub-user', 'subusers', 'rotate-subuser-credentials'],
] as const)('a change of the credentials of %s', (_, path, route) => {
  const holder = async () => {
    if (path === 'proxies') {
      const { who, body } = await lumi.buyer();
      return { who, id: body.proxies[0]?.id ?? '' };
    }
    const { who, plan, sub } = await traffic();
    return { who, id: path === 'subusers' ? sub : plan };
  };
  const reveals = async (id: string) =>
    (
      await lumi.service.db.pool.query<{ route: string }>(
        `SELECT route FROM proxy.reveal WHERE $1 = ANY (subjects) AND route LIKE '%credentials' ORDER BY seq`,
        [id],
      )
    ).rows.map(({ route }) => route);

  it('gives a new name that a rotation at the same time does not undo', async () => {
    const { who, id } = await holder();
    const wanted = Array.from({ length: 10 }, (__, pair) => `${path.replace('-', '_')}_${String(pair)}`);
    const names: string[] = [];
    for (const username of wanted) {
      const answers = await Promise.all([
        lumi.send(who, 'put', `/${path}/${id}/credentials`, { username }),
        lumi.send(who, 'post', `/${path}/${id}/credentials/rotate`, {}),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      names.push((await lumi.get(who, `/${path}/${id}`)).body.username as string);
    }
    expect(names).toEqual(wanted);
    expect(await reveals(id)).toHaveLength(20);
  });

  it('is recorded as a reveal under its own name, and not when it was refused', async () => {
    const { who, id } = await holder();
    await lumi.send(who, 'post', `/${path}/${id}/credentials/rotate`, {});
    expect(await reveals(id)).toEqual([route]);
    const name = `held_${path.replace('-', '_')}`;
    const other = await traffic();
    await lumi.send(other.who, 'put', `/subusers/${other.sub}/credentials`, { username: name });
    if (path === 'proxies') await owner(lumi, `UPDATE proxy.proxy SET state = 'ended' WHERE id = $1`, [id]);
    const refused = await lumi.send(who, 'put', `/${path}/${id}/credentials`, { username: name });
    expect([refused.status, await reveals(id)]).toEqual([409, [route]]);
  });
});

it('a sub-user has limits and targets of its own, or those of its pool', async () => {
  const { who, sub } = await traffic();
  await register();
  expect(await told(sub)).toMatchObject({ concurrency: 1_000, bandwidth_bps: null, allowed_domains: null });
  const own = {
    concurrency: 5,
    bandwidth_mbps: 20,
    domains_allow: ['example.com'],
    domains_block: ['bad.example.com'],
  };
  const changed = await lumi.send(who, 'patch', `/subusers/${sub}`, own);
  expect([changed.status, changed.body]).toMatchObject([200, own]);
  expect(await told(sub)).toMatchObject({
    concurrency: 5,
    bandwidth_bps: 20_000_000,
    allowed_domains: ['example.com'],
    blocked_domains: ['bad.example.com'],
  });
  await lumi.send(who, 'patch', `/subusers/${sub}`, { concurrency: null, bandwidth_mbps: null, domains_allow: [] });
  expect(await told(sub)).toMatchObject({ concurrency: 1_000, bandwidth_bps: null, allowed_domains: null });
});

describe('an operator', () => {
  const operate = async (path: string, body: object = {}) =>
    request(lumi.app)
      .post(`/admin/${path}`)
      .set(lumi.asMoney(await lumi.operator()))
      .send(body);

  it('stops a plan with its sub-users; its owner sees why, and it goes on later', async () => {
    const { who, plan, sub } = await traffic();
    await register();
    const reason = 'Password guessing';
    const stopped = await operate(`traffic-plans/${plan}/suspend`, { reason });
    expect([stopped.status, stopped.body]).toEqual([200, { id: plan, suspended: { reason } }]);
    expect((await lumi.get(who, `/traffic-plans/${plan}`)).body).toMatchObject({ suspended: { reason } });
    expect(await told(plan)).toMatchObject({ suspended_for: reason });
    expect(await told(sub)).toMatchObject({ suspended_for: reason });
    await operate(`traffic-plans/${plan}/suspend`, { reason }); // again: nothing new
    expect((await operate(`traffic-plans/${plan}/unsuspend`)).body).toEqual({ id: plan, suspended: null });
    expect(await told(sub)).toMatchObject({ suspended_for: null });
    const events = (await lumi.get(who, '/events')).body.items
      .filter((event: { type: string }) => event.type.includes('suspended'))
      .map((event: { type: string; data: object }) => [event.type, event.data]);
    expect(events).toEqual(
      expect.arrayContaining([
        ['traffic.suspended', { traffic_plan_id: plan, reason }],
        ['traffic.unsuspended', { traffic_plan_id: plan }],
      ]),
    );
    expect(events).toHaveLength(2);
  });

  it('stops a proxy and a sub-user, and nobody else may', async () => {
    const { who, sub } = await traffic();
    const { body, who: buyer } = await lumi.buyer();
    const id = body.proxies[0]?.id ?? '';
    expect((await operate(`proxies/${id}/suspend`, { reason: 'Spam' })).status).toBe(200);
    expect((await lumi.get(buyer, `/proxies/${id}`)).body.suspended).toEqual({ reason: 'Spam' });
    expect((await operate(`subusers/${sub}/suspend`, { reason: 'Spam' })).status).toBe(200);
    expect((await lumi.get(who, `/subusers/${sub}`)).body.suspended).toEqual({ reason: 'Spam' });
    expect((await operate('proxies/prx_01k000000000000000000000/suspend', { reason: 'x' })).status).toBe(404);
    const refused = await request(lumi.app).post(`/admin/proxies/${id}/unsuspend`).set(lumi.asMoney(buyer)).send({});
    expect(refused.status).toBe(403);
    const log = await lumi.get(await lumi.operator(), '/admin/audit-log');
    expect(log.body.items.slice(0, 2)).toMatchObject([{ action: 'subuser.suspend' }, { action: 'proxy.suspend' }]);
  });
});
