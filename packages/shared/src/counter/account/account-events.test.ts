// What is about the account itself is in the feed of every product; what is about one product is in its feed alone.
import { PRODUCTS, newId, type Product } from '../../ground/contract';
import { specOf } from '../../ground/events';
import { silentLog } from '../../ground/runtime';
import { openDatabase } from '../../base/db';
import { testDatabase } from '../../testing';
import { ownerOf } from './test/owner-client';
import { findEvent, listEvents, newestEvents } from './event-store';

const database = testDatabase();
const closers: (() => Promise<unknown>)[] = [];
const owner = ownerOf(database);

function asProduct(product: Product) {
  const url = database.urlFor(`lumi_${product}`);
  const db = openDatabase({ url, connections: 1, log: silentLog, name: `feed-of-${product}` });
  closers.push(() => db.close());
  return db.platform;
}

afterAll(() => Promise.all(closers.map((close) => close())));

const ALL = { patterns: [], subject: null, since: null };
const START = { limit: 50, afterSeq: null };
const account = () => newId('usr', Date.now());

/** Its id is its subject. */
async function write(id: string, accountId: string, product: Product, { type = 'test.written', secondsAgo = 0 } = {}) {
  await owner().query(
    `INSERT INTO platform.event (id, account_id, product, type, subject, data, created_at)
      VALUES ($1, $2, $3, $4, $1, $5, now() - make_interval(secs => $6))`,
    [id, accountId, product, type, type === 'deposit.credited' ? specOf(type).example : {}, secondsAgo],
  );
}

describe('an event about the account itself', () => {
  it('has no product, and each product shows it in its place, alone and to those who wait', async () => {
    const accountId = account();
    await write('evt_1', accountId, 'vps');
    await write('evt_2', accountId, 'domains', { type: 'deposit.credited' });
    await write('evt_3', accountId, 'vps');
    await write('evt_other', account(), 'vps', { type: 'deposit.credited' });
    for (const product of PRODUCTS) {
      const db = asProduct(product);
      const whose = { reach: { kind: 'account', accountId }, product } as const;
      const feed = await listEvents(db, whose, ALL, START);
      expect([product, feed.map(({ id }) => id)]).toEqual([
        product,
        product === 'vps' ? ['evt_1', 'evt_2', 'evt_3'] : ['evt_2'],
      ]);
      const [first] = await listEvents(db, whose, { ...ALL, patterns: ['deposit.*'] }, { ...START, limit: 1 });
      expect(first).toMatchObject({ id: 'evt_2', product: null });
      expect(await findEvent(db, whose, 'evt_2')).toEqual(first);
      expect((await findEvent(db, whose, 'evt_1'))?.product).toBe(product === 'vps' ? 'vps' : undefined);
      expect(await findEvent(db, whose, 'evt_other')).toBeNull();
      const after = async (seq = 0n) => (await newestEvents(db, product, new Map([[accountId, seq]]))).get(accountId);
      expect(await after()).toBe(feed.at(-1)?.seq);
      expect(await after(feed.at(-1)?.seq)).toBeUndefined();
    }
  });

  it('is the only kind that may have no product', async () => {
    const noProduct = `INSERT INTO platform.event (id, account_id, type, subject, data)
      VALUES ('evt_none', 'usr_a', 'test.written', 's', '{}')`;
    await expect(owner().query(noProduct)).rejects.toMatchObject({ code: '23502' });
  });
});

describe('the feed of all accounts', () => {
  const ids = async (product: Product) =>
    (await listEvents(asProduct(product), { reach: { kind: 'all' }, product }, ALL, START)).map(({ id }) => id);

  it('ends before the first number that is young, or a later page would never show that event', async () => {
    await owner().query(`UPDATE platform.event SET created_at = created_at - interval '1 minute'`);
    await write('evt_old', account(), 'proxy', { secondsAgo: 60 });
    await write('evt_young', account(), 'domains', { type: 'deposit.credited' });
    await write('evt_behind', account(), 'proxy', { secondsAgo: 60 });
    expect(await ids('proxy')).toContain('evt_old');
    expect(await ids('proxy')).not.toContain('evt_behind');
    await owner().query(`UPDATE platform.event SET created_at = now() - interval '40 seconds' WHERE id = 'evt_young'`);
    expect((await ids('proxy')).slice(-3)).toEqual(['evt_old', 'evt_young', 'evt_behind']);
  });

  it('has the time at which an event got its number, however long its transaction waited', async () => {
    const { rows } = await owner().query<{ is_later: boolean }>(
      `INSERT INTO platform.event (id, account_id, product, type, subject, data)
        VALUES ('evt_time', 'usr_time', 'vps', 'test.written', 's', '{}') RETURNING created_at > now() AS is_later`,
    );
    expect(rows).toEqual([{ is_later: true }]);
  });
});
