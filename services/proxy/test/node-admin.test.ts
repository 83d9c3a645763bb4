// What operators do with nodes.
import request from 'supertest';
import { FixedClock } from '@lumi/shared/runtime';
import { until } from '@lumi/shared/testing';
import { nodeClient, REGISTRATION } from './node-client';
import { NOW, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const node = nodeClient(lumi);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

const administer = async (path: string, body: object, key?: string) =>
  request(lumi.app)
    .post(path)
    .set(lumi.asMoney(await lumi.operator(), key))
    .send(body);
const listed = async (id: string) =>
  (await lumi.get(await lumi.operator(), '/admin/nodes?limit=100')).body.items.find(
    (one: { id: string }) => one.id === id,
  );

/** In the order of their commits. */
const actsOn = async (subject: string): Promise<{ action: string; before: unknown; after: unknown }[]> =>
  (await lumi.get(await lumi.operator(), '/admin/audit-log')).body.items
    .filter((act: { subject: string }) => act.subject === subject)
    .reverse();

describe('POST /admin/nodes', () => {
  it('enrols a node, shows its token once, and records who did it', async () => {
    const enrolled = await administer('/admin/nodes', { name: 'fra-1' });
    expect([enrolled.status, enrolled.body]).toMatchObject([201, { name: 'fra-1', state: 'enrolled', ports: null }]);
    const { id, token } = enrolled.body as { id: string; token: string };
    expect(await listed(id)).not.toHaveProperty('token');
    const registered = await node.call('post', `${id}/register`, { token }, REGISTRATION);
    expect(registered.status).toBe(200);
    expect(await listed(id)).toMatchObject({ state: 'up', version: '1', ports: REGISTRATION.ports });
    const log = await lumi.get(await lumi.operator(), '/admin/audit-log');
    expect(log.body.items[0]).toMatchObject({ action: 'node.enrol', after: { name: 'fra-1' } });
    expect(JSON.stringify(log.body)).not.toContain(token);
    const { rows } = await lumi.service.db.pool.query('SELECT count(*)::int AS n FROM proxy.node WHERE id = $1', [id]);
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('gives the same token again for the same Idempotency-Key', async () => {
    const operator = await lumi.operator();
    const enrol = () =>
      request(lumi.app).post('/admin/nodes').set(lumi.asMoney(operator, 'enrol-twice-0001')).send({ name: 'a' });
    const [first, second] = [await enrol(), await enrol()];
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotent-replayed']).toBe('true');
  });

  it('is not for resellers', async () => {
    const who = await lumi.account();
    for (const path of ['/admin/nodes', '/admin/nodes/node_local/drain', '/admin/nodes/node_local/retire'])
      expect((await request(lumi.app).post(path).set(lumi.asMoney(who)).send({ name: 'a' })).status).toBe(403);
    expect((await lumi.get(who, '/admin/nodes')).status).toBe(403);
  });
});

describe('a node that is to end', () => {
  it('learns with its next exchange that it drains, leaves, and serves again when it comes back', async () => {
    const { epoch } = await node.register();
    expect((await administer('/admin/nodes/node_local/drain', { drain_s: 60 })).body).toMatchObject({
      state: 'draining',
      drain_s: 60,
    });
    expect((await node.exchange(epoch, 1)).body).toMatchObject({ drain_s: 60 });
    await node.leave(epoch);
    expect(await listed('node_local')).toMatchObject({ state: 'left' });
    await node.register();
    expect(await listed('node_local')).toMatchObject({ state: 'up', drain_s: null });
  });

  it('goes on draining when its process dies and starts again before it has left', async () => {
    const { epoch } = await node.register();
    await administer('/admin/nodes/node_local/drain', { drain_s: 60 });
    const again = await node.register();
    expect(again.epoch).toBe(epoch + 1);
    expect(await listed('node_local')).toMatchObject({ state: 'draining', drain_s: 60 });
    expect((await node.exchange(again.epoch, 1)).body).toMatchObject({ drain_s: 60 });
    await node.leave(again.epoch);
    const { epoch: last } = await node.register();
    expect(await listed('node_local')).toMatchObject({ state: 'up', drain_s: null });
    expect((await node.exchange(last, 1)).body).toMatchObject({ drain_s: null });
  });

  it('gets its refusal at once when it waits for changes while it is retired', async () => {
    const { id, token } = (await administer('/admin/nodes', { name: 'waits' })).body;
    await node.call('post', `${String(id)}/register`, { token }, REGISTRATION);
    const { number } = (await node.call('get', `${String(id)}/access?after=0`, { token })).body;
    const waiting = node.call('get', `${String(id)}/access?after=${String(number)}&wait=25`, { token });
    const confirmed = async () =>
      (await lumi.service.db.pool.query('SELECT access_number::int AS n FROM proxy.node WHERE id = $1', [id])).rows[0]
        ?.n;
    await until(async () => (await confirmed()) === number);
    await administer(`/admin/nodes/${String(id)}/retire`, {});
    expect((await waiting).status).toBe(401);
  });

  it('shows how far behind it is', async () => {
    await node.register();
    const { number } = await node.access(0);
    await node.access(number);
    expect(await listed('node_local')).toMatchObject({ access_lag_s: 0 });
    clock.advance(20_000);
    expect(await listed('node_local')).toMatchObject({ state: 'silent' });
    clock.advance(-20_000);
  });

  it('is let in no more after it was retired, and what it held is free', async () => {
    const { id, token } = (await administer('/admin/nodes', { name: 'b' })).body;
    const { epoch } = (await node.call('post', `${id}/register`, { token }, REGISTRATION)).body;
    const who = await lumi.account({ balance: '100' });
    const plan = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 1 })).body.plan.id;
    const wants = [{ subject: plan, want: 1_000_000 }];
    const nothing = { lines: [], seen: [], exits_changed: [], state: { connections: 0, bytes_per_s: 0 } };
    const asked = await node.call('post', `${id}/exchange`, { token }, { epoch, seq: 1, ...nothing, wants });
    expect(asked.body.leases).toMatchObject([{ granted: 1_000_000 }]);
    const retire = () => administer(`/admin/nodes/${String(id)}/retire`, {});
    expect((await retire()).body).toMatchObject({ state: 'retired', retired_at: '2026-11-24T12:00:00Z' });
    expect((await retire()).status).toBe(200);
    expect((await node.call('get', `${id}/access?after=0`, { token })).status).toBe(401);
    const { rows } = await lumi.service.db.pool.query(
      'SELECT bytes_leased::int AS held FROM proxy.traffic_plan WHERE id = $1',
      [plan],
    );
    expect(rows).toEqual([{ held: 0 }]);
    expect((await administer('/admin/nodes/node_01k000000000000000000000/retire', {})).status).toBe(404);
  });

  it('says that a retired node cannot be drained, and records nothing of it', async () => {
    const { id } = (await administer('/admin/nodes', { name: 'c' })).body;
    await administer(`/admin/nodes/${String(id)}/retire`, {});
    const refused = await administer(`/admin/nodes/${String(id)}/drain`, { drain_s: 5 });
    expect([refused.status, refused.body.error]).toMatchObject([
      409,
      { code: 'state_conflict', message: expect.stringContaining('Enrol') as string },
    ]);
    expect((await actsOn(id)).map(({ action }) => action)).toEqual(['node.enrol', 'node.retire']);
    expect((await administer('/admin/nodes/node_01k000000000000000000000/drain', {})).status).toBe(404);
  });

  it('has a record of each act that begins where the one before ended, of two operators at once too', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = (await administer('/admin/nodes', { name: `both ${String(round)}` })).body;
      const answers = await Promise.all([
        administer(`/admin/nodes/${String(id)}/drain`, {}),
        administer(`/admin/nodes/${String(id)}/retire`, {}),
      ]);
      expect([200, 409]).toContain(answers[0].status);
      const [, ...acts] = await actsOn(id);
      expect(acts.map(({ before }) => before)).toEqual([
        { state: 'active' },
        ...acts.slice(0, -1).map(({ after }) => after),
      ]);
    }
  });
});
