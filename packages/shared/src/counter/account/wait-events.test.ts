// A waiting reader of the feed gets what is committed, once, and holds no connection meanwhile.
import { Client } from 'pg';
import { until } from '../../testing';
import { accountFixture } from './test/account-fixture';

const { api, get, buy } = accountFixture();
const clients: Client[] = [];

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: api.database.ownerUrl });
  clients.push(client);
  await client.connect();
  return client;
}

afterAll(() => Promise.all(clients.map((client) => client.end())));

const write = (client: Client, id: string, account: string) =>
  client.query(
    `INSERT INTO platform.event (id, account_id, product, type, subject, data)
      VALUES ($1, $2, 'domains', 'test.waited', $1, '{}')`,
    [id, account],
  );
type Item = { id: string };
const idsOf = (body: { items: Item[] }) => body.items.map(({ id }) => id);

describe('GET /events?wait', () => {
  it('answers two waiting readers as soon as an event is committed, each of them once', async () => {
    const account = await api.account();
    const owner = await connect();
    await owner.query('BEGIN');
    await write(owner, 'evt_two', account.accountId);
    let answered = 0;
    const readers = [1, 2].map(async () => {
      const { body } = await get('/events?wait=30', account);
      answered += 1;
      return body;
    });
    const observer = await connect();
    // The pool of the service has no statement running while both wait.
    await until(
      async () =>
        (
          await observer.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
          AND state = 'idle in transaction' AND usename <> current_user`)
        ).rowCount === 0,
    );
    expect(answered).toBe(0);
    await owner.query('COMMIT');
    for (const body of await Promise.all(readers)) {
      expect(idsOf(body)).toEqual(['evt_two']);
      expect((await get(`/events?cursor=${body.resume_cursor}`, account)).body.items).toEqual([]);
    }
  });

  it('skips no event of two open transactions: the reader gets both, in the order of their commits', async () => {
    const account = await api.account();
    const [slow, quick] = [await connect(), await connect()];
    await slow.query('BEGIN');
    await write(slow, 'evt_slow', account.accountId);
    const second = quick.query('BEGIN').then(() => write(quick, 'evt_quick', account.accountId));
    const first = get('/events?wait=30', account).then((answer) => answer);
    await slow.query('COMMIT');
    const { body } = await first;
    expect(idsOf(body)[0]).toBe('evt_slow');
    await second;
    await quick.query('COMMIT');
    const rest = (await get(`/events?wait=30&cursor=${body.resume_cursor}`, account)).body;
    expect([...idsOf(body), ...idsOf(rest)]).toEqual(['evt_slow', 'evt_quick']);
  });

  it('waits on for an event that the filter asks for', async () => {
    const account = await api.account();
    const waiting = get('/events?wait=30&types=order.*&subject=wanted', account).then((answer) => answer);
    await buy(account, { name: 'other', ending: 'refused' }).expect(409);
    await buy(account, { name: 'wanted', ending: 'refused' }).expect(409);
    expect((await waiting).body.items).toMatchObject([{ subject: 'wanted' }]);
  });

  it('answers an empty page when the time is over', async () => {
    expect((await get('/events?wait=1', await api.account())).body).toMatchObject({ items: [], has_more: false });
  });

  it('refuses more than 30 seconds, and names the field', async () => {
    const { status, body } = await get('/events?wait=31', await api.account());
    expect([status, body.error.details[0].path]).toEqual([422, 'wait']);
  });
});

describe('GET /events', () => {
  it('filters by subject and by time, and its items can be read alone', async () => {
    const account = await api.account();
    await buy(account, { name: 'one' }).expect(201);
    await buy(account, { name: 'two' }).expect(201);
    const { items } = (await get('/events?subject=two', account)).body;
    expect(items).toMatchObject([{ subject: 'two', type: 'gadget.delivered', timestamp: items[0].created_at }]);
    expect((await get('/events?since=2100-01-01T00:00:00Z', account)).body.items).toEqual([]);
    expect((await get('/events?since=2000-01-01T00:00:00Z', account)).body.items).toHaveLength(2);
    expect((await get(`/events/${items[0].id}`, account)).body).toEqual(items[0]);
    expect((await get(`/events/${items[0].id}`, await api.account())).status).toBe(404);
  });
});
