// When the network's data of a proxy or a plan differ from ours, they are read, stored and shown.
import { FixedClock } from '@lumi/shared/runtime';
import type { TestAccount, TestKey } from '@lumi/shared/testing';
import { pushAccess } from '../src/jobs/push-access';
import { NOW, ORDER, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const ONE = { ...ORDER, items: [{ country: 'XA', quantity: 1 }] };

afterEach(async () => {
  jest.restoreAllMocks();
  expect(await lumi.audit()).toEqual([]);
});

const buyer = async (label?: string, order: object = ONE) => {
  const { who, body } = await lumi.buyer({ ...order, ...(label === undefined ? {} : { label }) });
  return { who, id: body.proxies[0]?.id ?? '', expires: body.proxies[0]?.expires_at ?? '', orderId: body.order.id };
};
const sync = (who: TestKey, id: string) => lumi.send(who, 'post', `/proxies/${id}/sync`);
const renew = (who: TestKey, orderId: string, current: string) =>
  lumi.pay(who, `/orders/${orderId}/renew`, { period_days: 30, current_expires_at: current });
const eventsOf = async (who: TestAccount, subject: string) =>
  (
    (await lumi.get(who, '/events?limit=200')).body.items as {
      type: string;
      subject: string;
      data: Record<string, unknown>;
    }[]
  ).filter((one) => one.subject === subject);
const daysLater = (time: string, days: number): string =>
  new Date(Date.parse(time) + days * 86_400_000).toISOString().replace('.000Z', 'Z');

describe('POST /proxies/{id}/sync', () => {
  it('answers the address and the expiry of the network, and lists what differed', async () => {
    const moved = await buyer('sandbox:drift-ip');
    const before = (await lumi.get(moved.who, `/proxies/${moved.id}`)).body;
    const { status, body } = await sync(moved.who, moved.id);
    // Nodes leave by the old address until they have the new one.
    expect([status, body.missing_since, body.is_applied]).toEqual([200, null, false]);
    expect(body.exit_ip).not.toBe(before.exit_ip);
    expect((await lumi.get(moved.who, `/proxies?subnet=${body.subnet}`)).body.items).toMatchObject([
      { id: moved.id, exit_ip: body.exit_ip },
    ]);
    expect((await eventsOf(moved.who, moved.id)).at(-1)).toMatchObject({
      type: 'proxy.synced',
      data: { changes: { exit_ip: { from: before.exit_ip, to: body.exit_ip }, subnet: { to: body.subnet } } },
    });
    expect(await lumi.deps().db.proxy.findUnique({ where: { id: moved.id } })).toMatchObject({ access_version: 2 });
    const longer = await buyer('sandbox:drift-expiry');
    const true1 = daysLater(longer.expires, 10);
    expect((await sync(longer.who, longer.id)).body).toMatchObject({ expires_at: true1, is_applied: false });
  });

  it('keeps fields that agree and writes no event', async () => {
    const { who, id } = await buyer();
    const before = (await lumi.get(who, `/proxies/${id}`)).body;
    expect((await sync(who, id)).body).toEqual({ ...before, synced_at: expect.any(String) });
    expect(await eventsOf(who, id)).toEqual([]);
  });

  it('is allowed once a minute, and a failed sync does not count', async () => {
    const { who, id } = await buyer();
    jest.spyOn(lumi.deps().networks.get('sandbox'), 'readExits').mockRejectedValueOnce(new Error('away'));
    expect((await sync(who, id)).status).toBe(503);
    expect((await sync(who, id)).status).toBe(200);
    const refused = await sync(who, id);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60']);
  });

  it('waits for an order that holds the proxy', async () => {
    const { who, id, orderId, expires } = await buyer();
    await lumi.send(who, 'patch', `/proxies/${id}`, { label: 'sandbox:pending' });
    const { body } = await renew(who, orderId, expires);
    expect((await sync(who, id)).body.error).toMatchObject({
      code: 'busy',
      details: [{ path: 'operation_id', message: body.operation_id }],
    });
    await lumi.recover(3);
    expect((await sync(who, id)).body.expires_at).toBe(daysLater(expires, 30));
  });

  it('requires proxy:write, and finds no proxy of another account', async () => {
    const { who, id } = await buyer();
    expect((await sync(await lumi.keyOf(who.accountId, { scopes: ['proxy:read', 'proxy:buy'] }), id)).status).toBe(403);
    expect((await sync(await lumi.account(), id)).status).toBe(404);
    expect((await sync(await lumi.operator(), id)).status).toBe(200);
  });
});

describe('a renewal', () => {
  it('from the network’s expiry succeeds even when ours differs', async () => {
    const { who, orderId, expires } = await buyer('sandbox:drift-expiry');
    const answer = await renew(who, orderId, daysLater(expires, 10));
    expect([answer.status, answer.body.proxies?.[0]?.expires_at]).toEqual([200, daysLater(expires, 40)]);
  });

  it('of a proxy that the network does not run is refused with the reason, and is not sent again', async () => {
    const { who, id, orderId, expires } = await buyer('sandbox:drift-gone');
    const refused = await renew(who, orderId, expires);
    expect(refused).toMatchObject({
      status: 409,
      body: {
        error: { code: 'state_conflict', details: [{ path: 'missing_since', message: expect.stringMatching(/Z$/) }] },
      },
    });
    const kept = (await lumi.get(who, `/proxies/${id}`)).body;
    expect(kept).toMatchObject({
      state: 'active',
      expires_at: expires,
      missing_since: expect.any(String),
      can: { renew: { allowed: false }, rotate: { allowed: false }, replace: { allowed: true } },
    });
    expect((await eventsOf(who, id)).map(({ type }) => type)).toContain('proxy.missing');
    const before = await lumi.executed();
    expect((await renew(who, orderId, expires)).body.error.code).toBe('state_conflict');
    expect(await lumi.executed()).toEqual(before);
    await owner(
      lumi,
      `WITH back AS (UPDATE proxy.sandbox_exit SET is_in_use = true WHERE reference = $1 RETURNING product_id, country)
        UPDATE proxy.sandbox_stock s SET taken = taken + 1 FROM back WHERE s.product_id = back.product_id
          AND s.country = back.country`,
      [orderId],
    );
    expect((await sync(who, id)).body).toMatchObject({ missing_since: null, can: { renew: { allowed: true } } });
    expect((await renew(who, orderId, expires)).status).toBe(200);
  });
});

describe('a replacement and a rotation', () => {
  it('name the reason when the network does not run the proxy, and the proxy is read again', async () => {
    const replaced = await buyer('sandbox:drift-gone');
    jest
      .spyOn(lumi.deps().networks.get('sandbox'), 'replace')
      .mockResolvedValueOnce({ kind: 'refused', code: 'not_found' });
    expect(await lumi.pay(replaced.who, '/proxies/replace', { select: { proxy_ids: [replaced.id] } })).toMatchObject({
      status: 409,
      body: {
        error: { code: 'state_conflict', details: [{ path: 'missing_since', message: expect.stringMatching(/Z$/) }] },
      },
    });
    expect((await lumi.get(replaced.who, `/proxies/${replaced.id}`)).body.missing_since).not.toBeNull();
    const rotated = await buyer('sandbox:drift-gone', {
      product_id: 'mobile',
      items: [{ country: 'XA', quantity: 1 }],
      period_days: 3,
    });
    expect(await lumi.send(rotated.who, 'post', `/proxies/${rotated.id}/rotate`)).toMatchObject({
      status: 409,
      body: { error: { code: 'state_conflict', details: [{ path: 'missing_since' }] } },
    });
    expect((await lumi.get(rotated.who, '/operations?kind=proxy_rotate')).body.items[0].error).toMatchObject({
      code: 'state_conflict',
      details: [{ path: 'missing_since' }],
    });
  });
});

describe('traffic plans', () => {
  const plan = async (label: string) => {
    const who = await lumi.account({ balance: '1000' });
    return {
      who,
      id: (await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 5, label })).body.plan.id as string,
    };
  };

  it('store another host when the network has one', async () => {
    const { who, id } = await plan('sandbox:drift-host');
    const { body } = await lumi.send(who, 'post', `/traffic-plans/${id}/sync`);
    expect(body.host).toMatch(/^moved-/);
    expect((await eventsOf(who, id)).at(-1)).toMatchObject({
      type: 'traffic.synced',
      data: { changes: { host: { to: body.host } } },
    });
    expect((await lumi.send(who, 'post', `/traffic-plans/${id}/sync`)).status).toBe(429);
  });

  it('are kept when the network does not know them, and cannot be topped up', async () => {
    const { who, id } = await plan('sandbox:drift-gone');
    const refused = await lumi.pay(who, `/traffic-plans/${id}/topup`, { gb: 5 });
    expect(refused).toMatchObject({
      status: 409,
      body: { error: { code: 'state_conflict', details: [{ path: 'missing_since' }] } },
    });
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({
      gb_total: 5,
      missing_since: expect.any(String),
      can: { topup: { allowed: false } },
    });
    expect((await lumi.pay(who, `/traffic-plans/${id}/topup`, { gb: 5 })).body.error.code).toBe('state_conflict');
  });
});

describe('POST /proxies/sync and /traffic-plans/sync', () => {
  it('read all of the account, in the background, once a minute', async () => {
    const { who } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 30 }], label: 'sandbox:drift-ip' });
    const { status, body } = await lumi.send(who, 'post', '/proxies/sync');
    expect([status, body.operation.kind, body.operation.state]).toEqual([202, 'proxy_sync', 'processing']);
    await lumi.recover(8); // steps of at least five
    expect((await lumi.get(who, `/operations/${body.operation_id}`)).body.state).toBe('completed');
    expect((await eventsOf(who, who.accountId)).at(-1)).toMatchObject({
      type: 'proxy.all_synced',
      data: { total: 30, changed: 30, missing: 0, failed: 0 },
    });
    expect((await lumi.send(who, 'post', '/proxies/sync')).status).toBe(429);
    const plans = await lumi.send(who, 'post', '/traffic-plans/sync');
    expect([plans.status, plans.body.operation.kind, plans.body.operation.state]).toEqual([
      202,
      'traffic_sync',
      'completed',
    ]);
  });
});

describe('sub-users and allow-lists', () => {
  const withSubuser = async () => {
    const who = await lumi.account({ balance: '1000' });
    const { id: planId } = (await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 5 })).body.plan as {
      id: string;
    };
    const { id } = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: planId, limit_gb: 1 })).body as {
      id: string;
    };
    await pushAccess(lumi.deps());
    return { who, planId, id };
  };
  const inForce = async (subject: string) =>
    (
      await lumi.service.db.pool.query(
        'SELECT version, is_enabled, blocks FROM proxy.sandbox_access WHERE subject = $1',
        [subject],
      )
    ).rows[0] as { version: number; is_enabled: boolean; blocks: string[] } | undefined;

  it('are pushed again when the network’s state of them differs or is missing', async () => {
    const { who, id } = await withSubuser();
    expect((await lumi.send(who, 'post', `/subusers/${id}/sync`)).body).toMatchObject({
      is_applied: true,
      synced_at: expect.any(String),
    });
    expect(await eventsOf(who, id)).toEqual([]);
    expect((await lumi.send(who, 'post', `/subusers/${id}/sync`)).status).toBe(429);
    for (const spoil of [
      'UPDATE proxy.sandbox_access SET is_enabled = false, version = version + 5 WHERE subject = $1',
      'DELETE FROM proxy.sandbox_access WHERE subject = $1',
    ]) {
      await owner(lumi, spoil, [id]);
      clock.advance(60_000);
      expect((await lumi.send(who, 'post', `/subusers/${id}/sync`)).body).toMatchObject({ is_applied: false });
      expect((await eventsOf(who, id)).at(-1)).toMatchObject({
        type: 'subuser.synced',
        data: { changes: { is_applied: { from: true, to: false } } },
      });
      await pushAccess(lumi.deps());
      expect((await inForce(id))?.is_enabled).toBe(true);
      expect((await lumi.get(who, `/subusers/${id}`)).body.is_applied).toBe(true);
    }
    expect((await lumi.send(await lumi.account(), 'post', `/subusers/${id}/sync`)).status).toBe(404);
    jest.spyOn(lumi.deps().networks.get('sandbox'), 'readAccess').mockRejectedValueOnce(new Error('away'));
    clock.advance(60_000);
    expect((await lumi.send(who, 'post', `/subusers/${id}/sync`)).status).toBe(503);
  });

  it('of a proxy are in force at the network after a sync', async () => {
    const { who, id } = await buyer(undefined, { ...ONE, auth: { mode: 'both' } });
    await lumi.send(who, 'post', `/proxies/${id}/allowlist`, { ip_or_cidr: '198.51.100.7' });
    await pushAccess(lumi.deps());
    await owner(lumi, `UPDATE proxy.sandbox_access SET blocks = '{203.0.113.0/24}' WHERE subject = $1`, [id]);
    const { status, body } = await lumi.send(who, 'post', `/proxies/${id}/allowlist/sync`);
    expect([status, body]).toEqual([200, (await lumi.get(who, `/proxies/${id}/allowlist`)).body]);
    expect((await lumi.get(who, `/proxies/${id}`)).body.is_applied).toBe(false);
    await pushAccess(lumi.deps());
    expect((await inForce(id))?.blocks).toEqual(['198.51.100.7']);
  });

  it('of all proxies are compared in the background', async () => {
    const { who, planId, id } = await withSubuser();
    await lumi.pay(who, '/orders', ORDER);
    await pushAccess(lumi.deps());
    await owner(lumi, `DELETE FROM proxy.sandbox_access WHERE subject IN ($1, $2)`, [planId, id]);
    const [subusers, allowlist] = [
      await lumi.send(who, 'post', '/subusers/sync'),
      await lumi.send(who, 'post', '/allowlist/sync'),
    ];
    expect([subusers.status, subusers.body.operation.state, allowlist.status, allowlist.body.operation.state]).toEqual([
      202,
      'completed',
      202,
      'completed',
    ]);
    const told = (await eventsOf(who, who.accountId)).filter(({ type }) => type.endsWith('.all_synced'));
    expect(told).toMatchObject([
      { type: 'subuser.all_synced', data: { total: 1, changed: 1 } },
      { type: 'allowlist.all_synced', data: { total: 3, changed: 1 } },
    ]);
    await pushAccess(lumi.deps());
    expect([await inForce(planId), await inForce(id)]).not.toContain(undefined);
  });
});
