// Endpoints: what is taken, what is refused, what is shown.
import { createHmac } from 'node:crypto';
import { Writable } from 'node:stream';
import { Webhook } from 'standardwebhooks';
import { createLog } from '../../ground/runtime';
import { until } from '../../testing';
import { webhookFixture, type Received } from './test/webhook-fixture';

const lines: string[] = [];
const stream = new Writable({
  write: (chunk: Buffer, _encoding, done) => {
    lines.push(chunk.toString('utf8'));
    done();
  },
});
const log = createLog({ level: 'debug', process: 'test', stream });
const { api, send, work, receiver, hook, emit, deliveries, clock } = webhookFixture({ log });

const headersOf = ({ headers }: Received): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

afterEach(() => {
  clock.shiftMs = 0;
});

describe('an endpoint', () => {
  it('is made, read, changed and deleted; its secret is shown once', async () => {
    const who = await api.account();
    const { url } = await receiver();
    const made = await send('post', '/webhooks', who, { url, events: ['order.*', 'order.*'], description: ' a ' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ url, events: ['order.*'], description: 'a', enabled: true });
    expect(made.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made.headers['location']).toBe(`/api/v1/webhooks/${String(made.body.id)}`);
    const path = `/webhooks/${String(made.body.id)}`;
    const { secret: _secret, ...shown } = made.body;
    expect((await send('get', path, who)).body).toEqual(shown);
    expect((await send('get', '/webhooks', who)).body.items).toEqual([shown]);
    const changed = await send('patch', path, who, { events: ['*'], description: null, enabled: false });
    expect(changed.body).toMatchObject({ events: ['*'], description: null, enabled: false, url });
    expect(changed.body).toMatchObject({ disabled_reason: 'requested', disabled_at: expect.any(String) });
    expect((await send('patch', path, who, { enabled: true })).body).toMatchObject({
      enabled: true,
      disabled_at: null,
      disabled_reason: null,
    });
    expect((await send('delete', path, who)).body).toEqual({ id: made.body.id, deleted: true });
    expect((await send('get', path, who)).status).toBe(404);
    expect((await send('get', '/webhooks', who)).body.items).toEqual([]);
  });

  it.each([
    [{ url: 'http://example.com/', events: ['*'] }, 'url'],
    [{ url: 'https://localhost/', events: ['*'] }, 'url'],
    [{ url: 'https://10.0.0.1/', events: ['*'] }, 'url'],
    [{ url: `https://example.com/${'a'.repeat(2_048)}`, events: ['*'] }, 'url'],
    [{ url: 'http://127.0.0.1:1/', events: ['order.unknown'] }, 'events.0'],
    [{ url: 'http://127.0.0.1:1/', events: ['order.failed', 'server.*'] }, 'events.1'],
    [{ url: 'http://127.0.0.1:1/', events: ['ord*'] }, 'events.0'],
    [{ url: 'http://127.0.0.1:1/', events: [] }, 'events'],
    [{ url: 'http://127.0.0.1:1/' }, 'events'],
  ])('with %j is refused at %s', async (body, path) => {
    const who = await api.account();
    const { status, body: answer } = await send('post', '/webhooks', who, body);
    expect([status, answer.error?.code, answer.error?.details?.[0]?.path]).toEqual([422, 'validation_error', path]);
    expect((await send('get', '/webhooks', who)).body.items).toEqual([]);
  });

  it('is one of at most ten, also when they are made at once', async () => {
    const who = await api.account();
    const make = () => send('post', '/webhooks', who, { url: 'http://127.0.0.1:1/', events: ['*'] });
    const statuses = (await Promise.all(Array.from({ length: 13 }, make))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(10);
    expect(statuses.filter((status) => status === 422)).toHaveLength(3);
    const { body } = await send('get', '/webhooks', who);
    expect((await make()).body.error.details[0].path).toBe('url');
    await send('delete', `/webhooks/${String(body.items[0].id)}`, who).expect(200);
    expect((await make()).status).toBe(201);
  });

  it('of another account is not found, whatever is asked of it', async () => {
    const [who, other] = [await api.account(), await api.account()];
    const { id } = await hook(who, 'http://127.0.0.1:1/');
    for (const [method, path, body] of [
      ['get', ''],
      ['patch', '', { enabled: false }],
      ['delete', ''],
      ['post', '/test', {}],
      ['post', '/rotate-secret', {}],
      ['get', '/deliveries'],
      ['get', '/deliveries/dlv_1'],
      ['post', '/deliveries/dlv_1/redeliver'],
      ['post', '/recover', { since: '2026-01-01T00:00:00Z' }],
    ] as const)
      expect([path, (await send(method, `/webhooks/${id}${path}`, other, body)).status]).toEqual([path, 404]);
    expect((await send('get', `/webhooks/${id}`, who)).body.enabled).toBe(true);
    expect((await send('get', `/webhooks/${id}/deliveries/dlv_1`, who)).status).toBe(404);
  });

  it('is changed with `write` alone and read with `read`', async () => {
    const who = await api.account({ scopes: ['domains:read'] });
    expect((await send('get', '/webhooks', who)).status).toBe(200);
    const { status, body } = await send('post', '/webhooks', who, { url: 'http://127.0.0.1:1/', events: ['*'] });
    expect([status, body.error.code]).toEqual([403, 'forbidden_scope']);
  });

  it('refuses an overlap of more than a week, and another type of a test', async () => {
    const who = await api.account();
    const { id } = await hook(who, 'http://127.0.0.1:1/');
    const rotated = await send('post', `/webhooks/${id}/rotate-secret`, who, { overlap_seconds: 604_801 });
    expect([rotated.status, rotated.body.error.details[0].path]).toEqual([422, 'overlap_seconds']);
    const test = await send('post', `/webhooks/${id}/test`, who, { type: 'server.created' });
    expect([test.status, test.body.error.details[0].path]).toEqual([422, 'type']);
  });
});

describe('a delivery', () => {
  it('is the event byte for byte, and verifies with the official package until the secret’s overlap ends', async () => {
    const who = await api.account();
    const to = await receiver();
    const { id, secret } = await hook(who, to.url);
    work();
    const [event = ''] = await emit(who.accountId);
    const [first] = await until(() => to.received.length === 1 && to.received);
    if (first === undefined) throw new Error('nothing came');
    expect(first.headers).toMatchObject({
      'webhook-id': event,
      'content-type': 'application/json',
      'user-agent': 'Lumi-Webhooks/1',
    });
    expect(first.body).toBe((await send('get', `/events/${event}`, who)).text);
    const headers = headersOf(first);
    expect(new Webhook(secret).verify(first.body, headers)).toMatchObject({ id: event });
    const bad =
      (body: string, given = headers, key = secret) =>
      () =>
        new Webhook(key).verify(body, given);
    expect(bad(`${first.body} `)).toThrow();
    expect(bad(first.body, headers, `whsec_${Buffer.alloc(32).toString('base64')}`)).toThrow();
    const old = String(Number(headers['webhook-timestamp']) - 360);
    const mac = createHmac('sha256', Buffer.from(secret.slice(6), 'base64')).update(`${event}.${old}.${first.body}`);
    const stale = { ...headers, 'webhook-timestamp': old, 'webhook-signature': `v1,${mac.digest('base64')}` };
    expect(bad(first.body, stale)).toThrow(/old/);

    const rotated = await send('post', `/webhooks/${id}/rotate-secret`, who, { overlap_seconds: 60 }).expect(200);
    await emit(who.accountId);
    const second = (await until(() => to.received.length === 2 && to.received))[1];
    if (second === undefined) throw new Error('nothing came');
    expect(String(second.headers['webhook-signature']).split(' ')).toHaveLength(2);
    for (const key of [secret, String(rotated.body.secret)]) new Webhook(key).verify(second.body, headersOf(second));
    clock.shiftMs = 61_000;
    await emit(who.accountId);
    const third = (await until(() => to.received.length === 3 && to.received))[2];
    if (third === undefined) throw new Error('nothing came');
    expect(String(third.headers['webhook-signature']).split(' ')).toHaveLength(1);
    expect(bad(third.body, headersOf(third))).toThrow(/signature/);
  });

  it('has the same id and bytes at each attempt, and shows its attempts', async () => {
    const who = await api.account();
    const to = await receiver((_one, nth) => (nth < 3 ? 500 : 204));
    const { id } = await hook(who, to.url);
    work();
    const [event = ''] = await emit(who.accountId);
    const [one] = await until(async () => {
      const found = await deliveries(who, id, '&state=delivered');
      return found.length > 0 && found;
    });
    expect(to.received.map(({ headers, body }) => [headers['webhook-id'], body])).toEqual(
      [1, 2, 3].map(() => [event, to.received[0]?.body]),
    );
    expect(one).toMatchObject({ event_id: event, type: 'order.failed', attempt_count: 3, next_attempt_at: null });
    const { body } = await send('get', `/webhooks/${id}/deliveries/${String(one?.['id'])}`, who);
    expect(body.body).toBe(to.received[0]?.body);
    expect(body.attempts).toMatchObject([
      { status: 500, error: 'http_status', answer: 'taken' },
      { status: 500, error: 'http_status' },
      { status: 204, error: null, answer: '' },
    ]);
    const again = await send('post', `/webhooks/${id}/deliveries/${String(one?.['id'])}/redeliver`, who);
    expect(again.status).toBe(202);
    await until(() => to.received.length === 4);
    expect(to.received[3]?.headers['webhook-id']).toBe(event);
    expect(to.received[3]?.body).toBe(to.received[0]?.body);
  });

  it('of a test is the example of its type, to this endpoint alone, and is in no feed', async () => {
    const who = await api.account();
    const [to, other] = [await receiver(), await receiver()];
    const { id, secret } = await hook(who, to.url, ['order.*']);
    await hook(who, other.url);
    work();
    const sent = await send('post', `/webhooks/${id}/test`, who, { type: 'deposit.credited' }).expect(202);
    expect(sent.body).toMatchObject({ type: 'deposit.credited', test: true, state: 'pending' });
    const [one] = await until(() => to.received.length === 1 && to.received);
    if (one === undefined) throw new Error('nothing came');
    expect(new Webhook(secret).verify(one.body, headersOf(one))).toMatchObject({
      test: true,
      type: 'deposit.credited',
      product: null,
      user_id: who.accountId,
    });
    expect((await send('get', '/events?types=deposit.*', who)).body.items).toEqual([]);
    expect(other.received).toEqual([]);
  });

  it('is made of events that the endpoint wants, of its product and of the account, from its creation on', async () => {
    const who = await api.account();
    const to = await receiver();
    await emit(who.accountId);
    const { id } = await hook(who, to.url, ['order.failed', 'deposit.*']);
    const [mine = ''] = await emit(who.accountId);
    const batch = JSON.stringify([
      {
        id: 'evt_of_a_batch',
        type: 'batch.finished',
        subject: 'bat_1',
        data: { batch_id: 'bat_1', kind: 'x', status: 'completed', total: 1, ok: 1, failed: 0 },
      },
      {
        id: 'evt_of_the_account',
        type: 'deposit.credited',
        subject: 'dep_1',
        data: {
          deposit_id: 'dep_1',
          status: 'credited',
          provider: 'sandbox',
          amount_usd: '1.00',
          reference: null,
          is_late: false,
        },
      },
    ]);
    await api.service.db.pool.query('SELECT platform.emit_events($1, $2, $3)', [who.accountId, 'domains', batch]);
    work();
    await until(() => to.received.length === 2);
    expect(to.received.map(({ headers }) => headers['webhook-id'])).toEqual([mine, 'evt_of_the_account']);
    expect((await deliveries(who, id)).map(({ type }) => type).sort()).toEqual(['deposit.credited', 'order.failed']);
  });
});

it('no secret of an endpoint is in a log, a list, an event or an error', async () => {
  const who = await api.account();
  const to = await receiver((_one, nth) => (nth === 1 ? 410 : 200));
  const { id, secret } = await hook(who, to.url);
  work();
  await emit(who.accountId);
  await until(async () => (await send('get', `/webhooks/${id}`, who)).body.enabled === false);
  const shown = await Promise.all(
    ['/webhooks', `/webhooks/${id}`, `/webhooks/${id}/deliveries`, '/events', '/webhooks/whk_none'].map(
      async (path) => (await send('get', path, who)).text,
    ),
  );
  const all = [...shown, ...lines].join('\n');
  expect(all).toContain('webhook.disabled');
  expect(all).not.toContain(secret);
  expect(all).not.toContain(secret.slice(6));
  expect(all).not.toContain('whsec_');
  const { rows } = await api.service.admin.pool.query<{ text: string }>(
    'SELECT w::text AS text FROM platform.webhook w',
  );
  expect(rows.map(({ text }) => text).join()).not.toContain('whsec_');
});
