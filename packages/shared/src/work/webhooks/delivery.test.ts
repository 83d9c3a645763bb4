// Deliveries under faults: slow and dead endpoints, endpoints that are switched off, events that commit late.
import { Client } from 'pg';
import { until } from '../../testing';
import { webhookFixture } from './test/webhook-fixture';

const { api, send, work, receiver, hook, emit, deliveries, clock } = webhookFixture({
  settings: { WEBHOOK_RETRY_S: '0,30,30,30,30,30,30,30,30,30', WEBHOOK_TIMEOUT_MS: '15000' },
});
const DAY_MS = 86_400_000;

afterEach(() => {
  clock.shiftMs = 0;
});

describe('a delivery', () => {
  it('to a healthy endpoint is within 10 s of its commit beside one that hangs and one that answers slowly', async () => {
    const who = await api.account();
    const [good, silent, slow] = [await receiver(), await receiver(() => 'hang'), await receiver(() => 'drip')];
    for (const { url } of [silent, slow, good]) await hook(who, url);
    work();
    const began = Date.now();
    const ids: string[] = [];
    for (let i = 0; i < 20; i += 1) ids.push(...(await emit(who.accountId, 10)));
    await until(() => good.received.length === 200, { timeoutMs: 30_000 });
    expect(good.received.map(({ headers }) => headers['webhook-id']).sort()).toEqual(ids.sort());
    expect(Math.max(...good.received.map(({ atMs }) => atMs)) - began).toBeLessThan(10_000);
    expect(silent.received).toHaveLength(5);
    expect(slow.received).toHaveLength(5);
  }, 40_000);

  it('starts in the order of the feed', async () => {
    const who = await api.account();
    const to = await receiver();
    const { id } = await hook(who, to.url);
    const ids = await emit(who.accountId, 60);
    work();
    await until(async () => (await deliveries(who, id, '&state=delivered')).length === 60, { timeoutMs: 25_000 });
    const { rows } = await api.service.admin.pool.query<{ event_id: string }>(
      `SELECT d.event_id FROM platform.webhook_attempt a JOIN platform.webhook_delivery d ON d.webhook_id = a.webhook_id
        AND d.id = a.delivery_id WHERE a.webhook_id = $1 ORDER BY a.at, d.event_seq`,
      [id],
    );
    expect(rows.map(({ event_id }) => event_id)).toEqual(ids);
    expect(to.received).toHaveLength(60);
  }, 40_000);

  it('of an event that commits after a later one of another account is made', async () => {
    const [who, other] = [await api.account(), await api.account()];
    const to = await receiver();
    for (const one of [who, other]) await hook(one, to.url);
    work();
    const client = new Client({ connectionString: api.database.ownerUrl });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO platform.event (id, account_id, product, type, subject, data) VALUES
          ('evt_late', $1, 'domains', 'order.failed', 'x', '{"order_id":"ord_1","code":"x"}')`,
        [who.accountId],
      );
      const [quick = ''] = await emit(other.accountId);
      await until(() => to.received.some(({ headers }) => headers['webhook-id'] === quick));
      expect(to.received).toHaveLength(1);
      await client.query('COMMIT');
      await until(() => to.received.some(({ headers }) => headers['webhook-id'] === 'evt_late'));
    } finally {
      await client.end();
    }
  });

  it('is tried again after the time that the endpoint asks for', async () => {
    const who = await api.account();
    const to = await receiver((_one, nth) => (nth === 1 ? 503 : 200));
    const { id } = await hook(who, to.url);
    work();
    await emit(who.accountId);
    const [one] = await until(async () => {
      const found = await deliveries(who, id);
      return found[0]?.['attempt_count'] === 1 && to.received.length === 1 && found;
    });
    const dueIn = (): number => Date.parse(String(one?.['next_attempt_at'])) - Date.now();
    await until(async () => {
      const { rows } = await api.service.admin.pool.query(
        `SELECT 1 FROM platform.webhook_delivery WHERE webhook_id = $1 AND step = 1`,
        [id],
      );
      return rows.length === 1;
    });
    expect(dueIn()).toBeLessThan(34_000);
    clock.shiftMs = 34_000;
    await until(() => to.received.length === 2);
  });
});

describe('an endpoint', () => {
  it('that answers 410 is switched off at once, the feed says so, and what was missed is sent when asked for', async () => {
    const who = await api.account();
    let status = 410;
    const to = await receiver(() => status);
    const { id } = await hook(who, to.url);
    work();
    const [first = ''] = await emit(who.accountId);
    const off = async () => (await send('get', `/webhooks/${id}`, who)).body;
    await until(async () => (await off()).enabled === false);
    expect(await off()).toMatchObject({ disabled_reason: 'gone', disabled_at: expect.any(String) });
    const feed = (await send('get', '/events?types=webhook.*', who)).body.items;
    expect(feed).toMatchObject([
      { type: 'webhook.disabled', product: null, subject: id, data: { webhook_id: id, reason: 'gone' } },
    ]);
    const missed = await emit(who.accountId, 3);
    expect((await send('post', `/webhooks/${id}/recover`, who, { since: '2026-01-01T00:00:00Z' })).status).toBe(409);
    await send('patch', `/webhooks/${id}`, who, { enabled: true }).expect(200);
    status = 200;
    const [later = ''] = await emit(who.accountId);
    await until(() => to.received.some(({ headers }) => headers['webhook-id'] === later));
    expect(to.received).toHaveLength(2);
    const recovered = await send('post', `/webhooks/${id}/recover`, who, { since: '2026-01-01T00:00:00Z' });
    // The one that was answered 410, the event about that, and the three of meanwhile.
    expect(recovered.body).toEqual({ count: 5 });
    await until(() => to.received.length === 7);
    const came = to.received.slice(2).map(({ headers }) => headers['webhook-id']);
    expect(came.sort()).toEqual([first, feed[0].id, ...missed].sort());
    expect((await send('post', `/webhooks/${id}/recover`, who, { since: '2026-01-01T00:00:00Z' })).body).toEqual({
      count: 0,
    });
  });

  it('of which every attempt failed for five days is switched off, and not before', async () => {
    const who = await api.account();
    const to = await receiver(() => 500);
    const { id } = await hook(who, to.url);
    work();
    await emit(who.accountId, 9);
    const failures = async (): Promise<number> =>
      (
        await api.service.admin.pool.query<{ failures: number }>(
          'SELECT failures FROM platform.webhook WHERE id = $1',
          [id],
        )
      ).rows[0]?.failures ?? 0;
    await until(async () => (await failures()) === 9);
    clock.shiftMs = 4.9 * DAY_MS;
    await until(async () => (await failures()) >= 18);
    expect((await send('get', `/webhooks/${id}`, who)).body.enabled).toBe(true);
    clock.shiftMs = 5.1 * DAY_MS;
    await until(async () => (await send('get', `/webhooks/${id}`, who)).body.disabled_reason === 'failing');
    const { body } = await send('get', '/events?types=webhook.*', who);
    expect(body.items).toMatchObject([{ data: { reason: 'failing' } }]);
    const left = await deliveries(who, id, '&state=pending');
    expect(left).toEqual([]);
  }, 20_000);

  it('that failed 20 times in a row gets one attempt at a time until one succeeds', async () => {
    const who = await api.account();
    let status = 500;
    const to = await receiver(() => status);
    const { id } = await hook(who, to.url);
    work();
    await emit(who.accountId, 24);
    await until(() => to.received.length >= 20);
    const probing = async (): Promise<boolean> => {
      // No result is outstanding: it would put off the next attempt by the clock of its time.
      const { rows } = await api.service.admin.pool.query<{ is_probing: boolean }>(
        `SELECT probe_at > $2 AND NOT EXISTS (SELECT 1 FROM platform.webhook_delivery d WHERE d.webhook_id = w.id
          AND d.leased_until IS NOT NULL) AS is_probing FROM platform.webhook w WHERE w.id = $1`,
        [id, clock.now()],
      );
      return rows[0]?.is_probing === true;
    };
    await until(probing);
    const came = to.received.length;
    expect(came).toBeLessThanOrEqual(24);
    await emit(who.accountId, 3);
    clock.shiftMs = 31_000;
    await until(() => to.received.length > came);
    await until(probing);
    expect(to.received).toHaveLength(came + 1);
    status = 200;
    clock.shiftMs = 62_000;
    await until(async () => (await deliveries(who, id, '&state=delivered')).length === 27);
  }, 20_000);

  it('that leads to an address that is not allowed now gets no connection, and the attempt names no address', async () => {
    const who = await api.account();
    const to = await receiver();
    const { id } = await hook(who, to.url);
    const owner = new Client({ connectionString: api.database.ownerUrl });
    await owner.connect();
    await owner.query(`UPDATE platform.webhook SET url = 'https://169.254.169.254/' WHERE id = $1`, [id]);
    await owner.end();
    work();
    await emit(who.accountId);
    const [one] = await until(async () => {
      const found = await deliveries(who, id);
      return Number(found[0]?.['attempt_count']) > 0 && found;
    });
    const detail = await until(async () => {
      const { body } = await send('get', `/webhooks/${id}/deliveries/${String(one?.['id'])}`, who);
      return body.attempts.length > 0 && body;
    });
    expect(detail.attempts).toMatchObject([{ status: null, error: 'address_not_allowed', answer: null }]);
    expect(JSON.stringify(detail.attempts)).not.toContain('169');
  });
});
