// What an operator has suspended is neither replaced nor paid for until he lifts it.
import { Client } from 'pg';
import request, { type Response } from 'supertest';
import { lifecycleLoops } from '@lumi/shared/lifecycle';
import { FixedClock } from '@lumi/shared/runtime';
import { runIfDue, until, type TestAccount } from '@lumi/shared/testing';
import { proxyLifecycle } from '../src/jobs/lifecycle-source';
import { NOW, ORDER, proxyTest } from './proxy-service';

const DAY_MS = 86_400_000;
const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const reason = 'Password guessing';
const ONE = { ...ORDER, items: [{ country: 'XA', quantity: 1 }] };

afterEach(async () => expect(await lumi.audit()).toEqual([]));

const operate = async (path: string, body: object = {}): Promise<Response> =>
  request(lumi.app)
    .post(`/admin/${path}`)
    .set(lumi.asMoney(await lumi.operator()))
    .send(body);

async function suspend(path: string): Promise<void> {
  expect((await operate(`${path}/suspend`, { reason })).status).toBe(200);
}

const codeOf = (answer: Response): unknown => [answer.status, answer.body.error?.code];
const SUSPENDED = [423, 'suspended'];

async function proxyOf(order: object = ONE): Promise<{ who: TestAccount; id: string; order: string; expires: string }> {
  const { who, body } = await lumi.buyer(order);
  return { who, id: body.proxies[0]?.id ?? '', order: body.order.id, expires: body.proxies[0]?.expires_at ?? '' };
}

const balanceOf = (who: TestAccount) => lumi.balance(who.accountId);
const replace = (who: TestAccount, id: string) => lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [id] } });

/** The request meets a suspension that has begun before its hold and ends after it has waited for the row. */
async function againstSuspension(
  table: 'proxy' | 'traffic_plan',
  id: string,
  pay: () => Promise<Response>,
): Promise<Response> {
  const client = new Client({ connectionString: lumi.database.ownerUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(`UPDATE proxy.${table} SET suspended_for = 'Spam' WHERE id = $1`, [id]);
    const answer = pay().then((one) => one);
    await until(async () => {
      const { rows } = await lumi.service.db.pool.query(
        `SELECT 1 FROM pg_stat_activity
         WHERE wait_event_type = 'Lock' AND query ~ 'purchase_' AND datname = current_database()`,
      );
      return rows.length > 0;
    });
    await client.query('COMMIT');
    return await answer;
  } finally {
    await client.end();
  }
}

describe('a suspended proxy', () => {
  it('is not replaced, quoted or rehearsed for a replacement, and is left out where proxies are chosen by a filter', async () => {
    const { who, body } = await lumi.buyer();
    const [first = '', second = ''] = body.proxies.map(({ id }) => id);
    await suspend(`proxies/${first}`);
    const refused = await replace(who, first);
    expect(codeOf(refused)).toEqual(SUSPENDED);
    expect(refused.body.error.message).toContain('operator');
    const rehearsal = await lumi.send(who, 'post', '/proxies/replace?dry_run=true', { select: { proxy_ids: [first] } });
    expect(codeOf(rehearsal)).toEqual(SUSPENDED);
    const quote = await lumi.send(who, 'post', '/quotes', { operation: 'replace', items: [{ proxy_ids: [first] }] });
    expect(quote.body.problems).toMatchObject([{ code: 'suspended' }]);
    expect((await lumi.get(who, `/proxies/${first}`)).body.can.replace.allowed).toBe(false);
    const chosen = await lumi.pay(who, '/proxies/replace', { select: { country: 'XA' } });
    expect(chosen.body.replacement.removed).toEqual([second]);
  });

  it('is not replaced when the suspension comes between the offer and the hold', async () => {
    const { who, id } = await proxyOf();
    expect(codeOf(await againstSuspension('proxy', id, () => replace(who, id)))).toEqual(SUSPENDED);
    expect((await lumi.get(who, '/replacements')).body.items).toEqual([]);
  });

  it.each(['pending', 'error-after', 'timeout-after'])(
    'hands its suspension and its settings to its replacement when it was suspended while the order was open (%s)',
    async (ending) => {
      const { who, id } = await proxyOf();
      await lumi.send(who, 'patch', `/proxies/${id}`, { label: `sandbox:${ending}` });
      expect((await replace(who, id)).status).toBe(202);
      await suspend(`proxies/${id}`);
      await lumi.send(who, 'patch', `/proxies/${id}`, {
        label: 'new',
        tags: ['t'],
        reference: 'r',
        metadata: { a: 1 },
      });
      expect(codeOf(await lumi.send(who, 'post', `/proxies/${id}/credentials/rotate`, {}))).toEqual([409, 'busy']);
      await lumi.recover(3);
      const old = (await lumi.get(who, `/proxies/${id}`)).body;
      expect((await lumi.get(who, `/proxies/${old.replaced_by}`)).body).toMatchObject({
        suspended: { reason },
        label: 'new',
        tags: ['t'],
        reference: 'r',
        metadata: { a: 1 },
      });
      expect((await operate(`proxies/${old.replaced_by}/unsuspend`)).status).toBe(200);
      expect((await lumi.get(who, `/proxies/${old.replaced_by}`)).body.suspended).toBeNull();
      expect((await lumi.send(who, 'post', `/proxies/${old.replaced_by}/credentials/rotate`, {})).status).toBe(200);
    },
  );

  it('hands on a suspension that is committed while its replacement is being delivered', async () => {
    const { who, id } = await proxyOf();
    await lumi.send(who, 'patch', `/proxies/${id}`, { label: 'sandbox:pending' });
    expect((await replace(who, id)).status).toBe(202);
    const client = new Client({ connectionString: lumi.database.ownerUrl });
    await client.connect();
    await client.query('BEGIN');
    await client.query("UPDATE proxy.proxy SET suspended_for = 'Spam' WHERE id = $1", [id]);
    const recovery = lumi.recover(3);
    await until(async () => {
      const { rows } = await lumi.service.db.pool.query(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
      );
      return rows.length > 0;
    });
    await client.query('COMMIT');
    await client.end();
    await recovery;
    const old = (await lumi.get(who, `/proxies/${id}`)).body;
    expect(old.state).toBe('replaced');
    expect((await lumi.get(who, `/proxies/${old.replaced_by}`)).body.suspended).toEqual({ reason: 'Spam' });
  });

  it('keeps the credentials that are set while its renewal is open; only a replacement copies them', async () => {
    const { who, id, order, expires } = await proxyOf();
    await lumi.send(who, 'patch', `/proxies/${id}`, { label: 'sandbox:pending' });
    const renewal = { period_days: 30, current_expires_at: expires };
    expect((await lumi.pay(who, `/orders/${order}/renew`, renewal)).status).toBe(202);
    expect((await lumi.send(who, 'post', `/proxies/${id}/credentials/rotate`, {})).status).toBe(200);
    await lumi.recover(3);
  });

  it('is not replaced with a pair that was changed between the offer and the hold', async () => {
    const { who, id } = await proxyOf();
    const client = new Client({ connectionString: lumi.database.ownerUrl });
    await client.connect();
    await client.query('BEGIN');
    await client.query("UPDATE proxy.proxy SET username = 'other' WHERE id = $1", [id]);
    const answer = replace(who, id).then((one) => one);
    await until(async () => {
      const { rows } = await lumi.service.db.pool.query(
        `SELECT 1 FROM pg_stat_activity
         WHERE wait_event_type = 'Lock' AND query ~ 'purchase_' AND datname = current_database()`,
      );
      return rows.length > 0;
    });
    await client.query('COMMIT');
    await client.end();
    expect(codeOf(await answer)).toEqual([409, 'state_conflict']);
  });
});

describe('money for what is suspended', () => {
  it('is not taken for renewals: an order, one of many, a quote; and again when it is lifted', async () => {
    const { who, id, order, expires } = await proxyOf();
    const before = await balanceOf(who);
    await suspend(`proxies/${id}`);
    const renewal = { period_days: 30, current_expires_at: expires };
    const refused = await lumi.pay(who, `/orders/${order}/renew`, renewal);
    expect(codeOf(refused)).toEqual(SUSPENDED);
    expect(refused.body.error.message).toContain('operator');
    const quote = await lumi.send(who, 'post', '/quotes', {
      operation: 'renew',
      items: [{ proxy_id: id, period_days: 30 }],
    });
    expect(quote.body.problems).toMatchObject([{ code: 'suspended' }]);
    const bulk = await lumi.pay(who, '/proxies/renew', { items: [{ proxy_id: id, ...renewal }] });
    expect(JSON.stringify(bulk.body)).toContain('"suspended"');
    expect((await lumi.get(who, `/proxies/${id}`)).body.can.renew.allowed).toBe(false);
    expect(await balanceOf(who)).toEqual(before);
    await operate(`proxies/${id}/unsuspend`);
    expect((await lumi.pay(who, `/orders/${order}/renew`, renewal)).status).toBe(200);
  });

  it('is not taken for a renewal when the suspension comes between the offer and the hold', async () => {
    const { who, id, order, expires } = await proxyOf();
    const before = await balanceOf(who);
    const renewal = { period_days: 30, current_expires_at: expires };
    const pay = () => lumi.pay(who, `/orders/${order}/renew`, renewal);
    expect(codeOf(await againstSuspension('proxy', id, pay))).toEqual(SUSPENDED);
    expect(await balanceOf(who)).toEqual(before);
  });

  it('is not taken by automatic renewal, whose event says why', async () => {
    const { who, id } = await proxyOf({ ...ONE, auto_renew: true });
    const before = await balanceOf(who);
    await suspend(`proxies/${id}`);
    clock.advance(29.5 * DAY_MS);
    for (const loop of lifecycleLoops(lumi.service, proxyLifecycle(lumi.deps())))
      for (let rounds = 0; rounds < 20 && (await runIfDue(lumi.service, loop)); rounds += 1);
    const events = (await lumi.get(who, '/events?limit=200')).body.items as { type: string; data: object }[];
    expect(events.find(({ type }) => type === 'proxy.auto_renew_failed')?.data).toMatchObject({
      proxy_id: id,
      reason: 'suspended',
    });
    expect(await balanceOf(who)).toEqual(before);
    clock.advance(-29.5 * DAY_MS);
  });

  it('is not taken for gigabytes of a plan, not even when the suspension comes before the hold', async () => {
    const who = await lumi.account({ balance: '1000' });
    const plan = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 3 })).body.plan.id as string;
    const before = await balanceOf(who);
    const topUp = () => lumi.pay(who, `/traffic-plans/${plan}/topup`, { gb: 1 }).then((one) => one);
    expect(codeOf(await againstSuspension('traffic_plan', plan, topUp))).toEqual(SUSPENDED);
    const refused = await topUp();
    expect(codeOf(refused)).toEqual(SUSPENDED);
    expect(refused.body.error.message).toContain('operator');
    const quote = { operation: 'topup', items: [{ traffic_plan_id: plan, gb: 1 }] };
    expect((await lumi.send(who, 'post', '/quotes', quote)).body.problems).toMatchObject([{ code: 'suspended' }]);
    expect((await lumi.get(who, `/traffic-plans/${plan}`)).body.can.topup.allowed).toBe(false);
    expect(await balanceOf(who)).toEqual(before);
    await operate(`traffic-plans/${plan}/unsuspend`);
    expect((await topUp()).status).toBe(200);
  });
});

it('an export and an export link leave suspended proxies out, unless a state is asked for', async () => {
  const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 2 }] });
  const [first, second] = body.proxies;
  await suspend(`proxies/${first?.id ?? ''}`);
  const link = await lumi.send(who, 'post', '/export-links', { template: '{ip}' });
  const path = new URL(link.body.url as string).pathname.replace(/^.*(?=\/exported\/)/, '');
  const read = async (at: string) => (await lumi.get(who, at)).text.trim().split('\n').sort();
  expect(await read('/export?template={ip}')).toEqual([second?.exit_ip]);
  expect(await read(path)).toEqual([second?.exit_ip]);
  expect(await read('/export?template={ip}&state=active')).toEqual([first?.exit_ip, second?.exit_ip].sort());
});

describe('a sub-user', () => {
  it('shows the reason of its plan wherever it is shown, and its own first', async () => {
    const who = await lumi.account({ balance: '1000' });
    const plan = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 3 })).body.plan.id as string;
    const sub = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: plan, limit_gb: 1 })).body.id as string;
    await suspend(`traffic-plans/${plan}`);
    const at = `/subusers/${sub}`;
    const answers = [
      (await lumi.get(who, at)).body,
      (await lumi.get(who, '/subusers')).body.items[0],
      (await lumi.send(who, 'patch', at, { label: 'x' })).body,
      (await lumi.send(who, 'post', `${at}/allocate`, { gb: 1 })).body,
      (await lumi.send(who, 'post', `${at}/reclaim`, { gb: 1 })).body,
      (await lumi.send(who, 'post', `${at}/credentials/rotate`, {})).body,
      (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: plan, limit_gb: 1 })).body,
    ];
    expect(answers.map(({ suspended }) => suspended)).toEqual(answers.map(() => ({ reason })));
    await operate(`subusers/${sub}/suspend`, { reason: 'Spam' });
    expect((await lumi.get(who, at)).body.suspended).toEqual({ reason: 'Spam' });
    await operate(`subusers/${sub}/unsuspend`);
    await operate(`traffic-plans/${plan}/unsuspend`);
    expect((await lumi.get(who, at)).body.suspended).toBeNull();
  });

  it('that was deleted, and a proxy that is over or replaced, cannot be suspended: 404 and no event', async () => {
    const who = await lumi.account({ balance: '1000' });
    const plan = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 3 })).body.plan.id as string;
    const sub = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: plan, limit_gb: 1 })).body.id as string;
    await lumi.send(who, 'delete', `/subusers/${sub}`);
    expect((await operate(`subusers/${sub}/suspend`, { reason })).status).toBe(404);
    const [replaced, over] = [await proxyOf(), await proxyOf()];
    expect((await replace(replaced.who, replaced.id)).status).toBe(201);
    expect((await operate(`proxies/${replaced.id}/suspend`, { reason })).status).toBe(404);
    clock.advance(60 * DAY_MS);
    expect((await operate(`proxies/${over.id}/suspend`, { reason })).status).toBe(404);
    clock.advance(-60 * DAY_MS);
    for (const one of [who, replaced.who, over.who])
      expect((await lumi.get(one, '/events?limit=200')).text).not.toContain('suspended');
  });
});
