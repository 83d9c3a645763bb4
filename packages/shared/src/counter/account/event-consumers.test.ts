// Lumi keeps the place of a reader of the feed, by name; what is no longer kept is reported as a gap.
import request from 'supertest';
import { sql } from '../../base/db';
import { accountFixture } from './test/account-fixture';
import { emitEvent } from './test/emit-event';
import { ownerOf } from './test/owner-client';
import type { TestAccount } from '../../testing';

const { api, get } = accountFixture();
const owner = ownerOf(api.database);

const ack = (who: TestAccount, body: object) => request(api.app).post('/events/ack').set(api.as(who)).send(body);
const written = async (who: TestAccount, count: number): Promise<string[]> => {
  const ids = [];
  for (let made = 0; made < count; made += 1)
    ids.push(await emitEvent(api.service, who.accountId, made % 2 === 0 ? 'batch.finished' : 'deposit.credited'));
  return ids;
};
const read = async (who: TestAccount, query: string): Promise<string[]> =>
  (await get(`/events?${query}`, who).expect(200)).body.items.map(({ id }: { id: string }) => id);

describe('GET /events?consumer', () => {
  it('begins with the oldest, and reads the same again until it is acknowledged', async () => {
    const who = await api.account();
    const ids = await written(who, 4);
    expect(await read(who, 'consumer=erp&limit=2')).toEqual(ids.slice(0, 2));
    // The reader has died: nothing was acknowledged.
    expect(await read(who, 'consumer=erp&limit=2')).toEqual(ids.slice(0, 2));
    const { body } = await ack(who, { consumer: 'erp', event_id: ids[1] }).expect(200);
    expect(body).toEqual({ consumer: 'erp', event_id: ids[1], acknowledged_at: expect.stringMatching(/Z$/) });
    expect(await read(who, 'consumer=erp')).toEqual(ids.slice(2));
    expect(await read(who, 'consumer=other')).toEqual(ids);
    expect(await read(who, 'consumer=erp&types=deposit.*')).toEqual([ids[3]]);
  });

  it('pages on by the cursor, with the consumer in the request and without it', async () => {
    const who = await api.account();
    const ids = await written(who, 3);
    await ack(who, { consumer: 'erp', event_id: ids[0] }).expect(200);
    const { body } = await get('/events?consumer=erp&limit=1', who).expect(200);
    expect(body.items[0].id).toBe(ids[1]);
    expect(await read(who, `consumer=erp&cursor=${body.resume_cursor}`)).toEqual([ids[2]]);
    expect(await read(who, `cursor=${body.resume_cursor}`)).toEqual([ids[2]]);
    await ack(who, { consumer: 'erp', event_id: ids[2] }).expect(200);
    const atEnd = (await get('/events?consumer=erp', who)).body;
    const [next] = await written(who, 1);
    expect(await read(who, `cursor=${atEnd.resume_cursor}`)).toEqual([next]);
  });

  it.each(['', 'a%20b', 'x'.repeat(65)])('refuses the name %j', async (name) => {
    const { status, body } = await get(`/events?consumer=${name}`, await api.account());
    expect([status, body.error.details[0].path]).toEqual([422, 'consumer']);
  });

  it('needs an account of an operator', async () => {
    const { status, body } = await get('/events?consumer=erp', await api.operator());
    expect([status, body.error.details[0].path]).toEqual([422, 'consumer']);
  });
});

describe('POST /events/ack', () => {
  it('never goes back: an earlier event changes nothing, and the answer is the position', async () => {
    const who = await api.account();
    const [first, second, third] = await written(who, 3);
    const at = (await ack(who, { consumer: 'erp', event_id: second }).expect(200)).body;
    for (const earlier of [first, second])
      expect((await ack(who, { consumer: 'erp', event_id: earlier }).expect(200)).body).toEqual(at);
    expect(await read(who, 'consumer=erp')).toEqual([third]);
  });

  it('ends at the furthest event, whichever of many at once comes last', async () => {
    const who = await api.account();
    const ids = await written(who, 12);
    await Promise.all(ids.map((id) => ack(who, { consumer: 'erp', event_id: id }).expect(200)));
    expect((await get('/event-consumers', who)).body.items).toMatchObject([{ consumer: 'erp', event_id: ids.at(-1) }]);
  });

  it('refuses the 21st consumer of the account and stores nothing, also when many come at once', async () => {
    const who = await api.account();
    const [id] = await written(who, 1);
    const names = Array.from({ length: 24 }, (_, index) => `reader-${String(index)}`);
    const answers = await Promise.all(names.map((consumer) => ack(who, { consumer, event_id: id })));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.map(({ status, body }) => [status, body.error.details[0].path])).toEqual(
      Array.from({ length: 4 }, () => [422, 'consumer']),
    );
    const { items } = (await get('/event-consumers', who)).body;
    expect(items).toHaveLength(20);
    // Those that are there go on, and a place that was given back is free.
    await ack(who, { consumer: items[0].consumer, event_id: id }).expect(200);
    const removed = await request(api.app).delete(`/event-consumers/${items[0].consumer}`).set(api.as(who)).expect(200);
    expect(removed.body).toEqual(items[0]);
    await ack(who, { consumer: 'one-more', event_id: id }).expect(200);
  });

  it('knows no event of another account, and no consumer of it', async () => {
    const [who, stranger] = [await api.account(), await api.account()];
    const [id] = await written(stranger, 1);
    await ack(stranger, { consumer: 'erp', event_id: id }).expect(200);
    for (const eventId of [id, 'evt_unknown'])
      expect((await ack(who, { consumer: 'erp', event_id: eventId })).body.error.code).toBe('not_found');
    expect((await get('/event-consumers', who)).body.items).toEqual([]);
    await request(api.app).delete('/event-consumers/erp').set(api.as(who)).expect(404);
    expect((await get('/event-consumers', stranger)).body.items).toHaveLength(1);
  });
});

describe('a gap', () => {
  const forget = async (ids: readonly string[]) => {
    await owner().query(`UPDATE platform.event SET created_at = now() - interval '91 days' WHERE id = ANY ($1)`, [ids]);
    await api.service.db.platform.$queryRaw(sql`SELECT platform.forget_events('domains', 500)`);
  };

  it('is reported to a position behind which events are gone, once, and the page begins with the oldest kept', async () => {
    const who = await api.account();
    const ids = await written(who, 6);
    const cursorAfter = async (count: number) =>
      (await get(`/events?limit=${String(count)}`, who)).body.resume_cursor as string;
    const [old, edge] = [await cursorAfter(2), await cursorAfter(4)];
    await ack(who, { consumer: 'slow', event_id: ids[1] }).expect(200);
    await ack(who, { consumer: 'quick', event_id: ids[3] }).expect(200);
    await forget(ids.slice(0, 4));
    for (const query of [`cursor=${old}`, 'consumer=slow']) {
      const { body } = await get(`/events?${query}`, who);
      expect([body.gap, body.items.map(({ id }: { id: string }) => id)]).toEqual([true, ids.slice(4)]);
      expect((await get(`/events?cursor=${body.resume_cursor}`, who)).body.gap).toBe(false);
    }
    for (const query of [`cursor=${edge}`, 'consumer=quick', 'consumer=new', '']) {
      const { body } = await get(`/events?${query}`, who);
      expect([query, body.gap, body.items.length]).toEqual([query, false, 2]);
    }
  });

  it('is reported once where nothing is left either', async () => {
    const who = await api.account();
    const ids = await written(who, 2);
    const { resume_cursor: old } = (await get('/events?limit=1', who)).body;
    await forget(ids);
    const { body } = await get(`/events?cursor=${old}`, who);
    expect(body).toMatchObject({ gap: true, items: [] });
    expect((await get(`/events?cursor=${body.resume_cursor}`, who)).body).toMatchObject({ gap: false, items: [] });
    expect((await get('/events', await api.account())).body.gap).toBe(false);
  });
});
