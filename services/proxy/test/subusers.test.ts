// Sub-users never get more than the plan has.
import { FixedClock } from '@lumi/shared/runtime';
import { takeBatch } from '../src/store/batches';
import { nodeClient } from './node-client';
import { NOW, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const node = nodeClient(lumi);

async function plan(gb = 10, label?: string) {
  const who = await lumi.account({ balance: '1000' });
  const answer = await lumi.pay(who, '/traffic-plans', {
    pool: 'residential',
    gb,
    ...(label === undefined ? {} : { label }),
  });
  expect(answer.status).toBe(201);
  return { who, id: answer.body.plan.id as string, body: answer.body };
}

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('sub-users', () => {
  it('draw from the plan, return unused bytes, and are deleted with their use', async () => {
    const { who, id } = await plan();
    const made = await lumi.send(who, 'post', '/subusers', {
      traffic_plan_id: id,
      limit_gb: 4,
      label: 'client',
      domains_block: ['bank.example'],
    });
    expect(made.status).toBe(201);
    expect(made.body.password).toMatch(/^[A-Za-z0-9]{16}$/);
    const sub = made.body.id as string;
    expect((await lumi.get(who, `/subusers/${sub}`)).body).toMatchObject({
      password: '********',
      limit_gb: 4,
      used_gb: 0,
    });
    expect((await lumi.send(who, 'post', `/subusers/${sub}/allocate`, { gb: 7 })).body.error.code).toBe(
      'state_conflict',
    );
    expect((await lumi.send(who, 'post', `/subusers/${sub}/allocate`, { gb: 6 })).body.limit_gb).toBe(10);
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({ gb_reserved: 10, gb_free: 0 });
    expect((await lumi.send(who, 'post', `/subusers/${sub}/reclaim`, { gb: 3 })).body.limit_gb).toBe(7);
    const used = {
      subject: sub,
      hour: new Date(NOW),
      country: 'DE',
      target: 'example.com',
      up: 0,
      down: 2_000_000_000,
    };
    const batch = { source: 'sandbox', epoch: 1, seq: 1, lines: [{ ...used, requests: 1, errors: 0 }] };
    expect(await takeBatch(lumi.service.db.platform, batch, [], new Date(NOW))).toMatchObject({ outcome: 'taken' });
    expect((await lumi.send(who, 'post', `/subusers/${sub}/reclaim`, { gb: 6 })).body.error.code).toBe(
      'state_conflict',
    );
    expect((await lumi.send(who, 'post', `/subusers/${sub}/reclaim`, {})).body).toMatchObject({
      limit_gb: 2,
      used_gb: 2,
    });
    expect((await lumi.send(who, 'patch', `/subusers/${sub}`, { status: 'disabled', label: null })).body).toMatchObject(
      { status: 'disabled', label: null },
    );
    expect((await lumi.send(who, 'post', `/traffic-plans/${id}/generate`, { subuser_id: sub })).text).toContain(
      made.body.username,
    );
    expect((await lumi.send(who, 'delete', `/subusers/${sub}`)).body).toEqual({ id: sub, deleted: true });
    expect((await lumi.send(who, 'delete', `/subusers/${sub}`)).status).toBe(404);
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({
      gb_used: 2,
      gb_reserved: 0,
      gb_free: 8,
    });
  });

  it('leave their user name to others when they are deleted, and no old pair', async () => {
    const { who, id } = await plan();
    const made = await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id });
    const sub = made.body.id as string;
    const first = { username: 'client_of_mine', grace_s: 600 };
    expect((await lumi.send(who, 'put', `/subusers/${sub}/credentials`, first)).status).toBe(200);
    await lumi.send(who, 'delete', `/subusers/${sub}`);
    const next = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id })).body.id as string;
    const names = ['client_of_mine', made.body.username as string];
    for (const username of names) {
      const answer = await lumi.send(who, 'put', `/subusers/${next}/credentials`, { username });
      expect([answer.status, answer.body.username]).toEqual([200, username]);
    }
    const { rows } = await lumi.service.db.pool.query(
      'SELECT username, old_username, old_password, old_until FROM proxy.subuser WHERE id = $1',
      [sub],
    );
    expect(rows).toEqual([{ username: sub, old_username: null, old_password: null, old_until: null }]);
  });

  it('that were refused an allocation or a reclaim read that nodes hold some of it', async () => {
    const { who, id } = await plan(4);
    const sub = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 2 })).body.id as string;
    const refusal = async (move: 'allocate' | 'reclaim', gb: number) => {
      const answer = await lumi.send(who, 'post', `/subusers/${sub}/${move}`, { gb });
      return [answer.status, answer.body.error.message];
    };
    const tooMuch = 'The plan has not that many gigabytes free.';
    const unused = 'The sub-user has not that many gigabytes unused.';
    expect([await refusal('allocate', 3), await refusal('reclaim', 3)]).toEqual([
      [409, tooMuch],
      [409, unused],
    ]);
    const { epoch } = await node.register();
    await node.exchange(epoch, 1, { wants: [id, sub].map((subject) => ({ subject, want: 1_000_000 })) });
    const held = 'Some is held by nodes that carry traffic; try again in a few seconds, or take less.';
    expect([await refusal('allocate', 2), await refusal('reclaim', 2)]).toEqual([
      [409, `${tooMuch} ${held}`],
      [409, `${unused} ${held}`],
    ]);
    // What no node holds would not make it enough either.
    expect([await refusal('allocate', 3), await refusal('reclaim', 3)]).toEqual([
      [409, tooMuch],
      [409, unused],
    ]);
    const more = await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 2 });
    expect(more.body.error.message).toBe(`${tooMuch} ${held}`);
    await node.leave(epoch);
  });

  it('record no reveal of a password when a sub-user was refused', async () => {
    const { who, id } = await plan();
    const wish = { traffic_plan_id: id, limit_gb: 1 };
    const refused = [
      await lumi.send(who, 'post', '/subusers', { ...wish, expires_at: '2001-01-01' }),
      await lumi.send(who, 'post', '/subusers', { ...wish, limit_gb: 999 }),
    ];
    const noted = async () =>
      (await lumi.service.db.pool.query(`SELECT 1 FROM proxy.reveal WHERE key_id = $1`, [who.keyId])).rows.length;
    expect([refused.map(({ status }) => status), await noted()]).toEqual([[422, 409], 0]);
    expect([(await lumi.send(who, 'post', '/subusers', wish)).status, await noted()]).toEqual([201, 1]);
  });

  it('never get more than the plan has, with many requests at once', async () => {
    const { who, id } = await plan(10);
    const made = await Promise.all(
      Array.from({ length: 8 }, () => lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 3 })),
    );
    expect(made.filter((answer) => answer.status === 201)).toHaveLength(3);
    const subs = made.flatMap((answer) => (answer.status === 201 ? [answer.body.id as string] : []));
    const moves = await Promise.all(
      subs.flatMap((sub) => [
        lumi.send(who, 'post', `/subusers/${sub}/allocate`, { gb: 1 }),
        lumi.send(who, 'post', `/subusers/${sub}/reclaim`, { gb: 2 }),
        lumi.send(who, 'post', `/subusers/${sub}/allocate`, { gb: 2 }),
        lumi.send(who, 'delete', `/subusers/${sub}`),
      ]),
    );
    // A refusal is a correct answer; a violated constraint is not. A move that reads the state before its wait would
    // take back too much.
    for (const move of moves) expect([200, 404, 409]).toContain(move.status);
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({ gb_reserved: 0, gb_free: 10 });
  });

  it('are not found by another account', async () => {
    const { who, id } = await plan();
    const sub = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id })).body.id as string;
    const stranger = await lumi.account({ balance: '50' });
    const answers = await Promise.all([
      lumi.get(stranger, `/subusers/${sub}`),
      lumi.send(stranger, 'patch', `/subusers/${sub}`, { status: 'disabled' }),
      lumi.send(stranger, 'delete', `/subusers/${sub}`),
      lumi.send(stranger, 'post', `/subusers/${sub}/allocate`, { gb: 1 }),
      lumi.send(stranger, 'post', `/subusers/${sub}/reclaim`, {}),
      lumi.send(stranger, 'post', '/subusers', { traffic_plan_id: id }),
      lumi.get(stranger, `/traffic-plans/${id}`),
      lumi.send(stranger, 'patch', `/traffic-plans/${id}`, { label: 'a' }),
      lumi.send(stranger, 'post', `/traffic-plans/${id}/generate`, {}),
      lumi.pay(stranger, `/traffic-plans/${id}/topup`, { gb: 1 }),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => 404));
  });
});
