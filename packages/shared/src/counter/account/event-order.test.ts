import { Client } from 'pg';
import { testDatabase, until } from '../../testing';

const database = testDatabase();
const clients: Client[] = [];

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: database.ownerUrl });
  clients.push(client);
  await client.connect();
  return client;
}

afterAll(() => Promise.all(clients.map((client) => client.end())));

const write = (client: Client, id: string, account: string): Promise<bigint> =>
  client
    .query<{ seq: string }>(
      `INSERT INTO platform.event (id, account_id, product, type, subject, data)
        VALUES ($1, $2, 'domains', 'test.order', 'x', '{}') RETURNING seq`,
      [id, account],
    )
    .then(({ rows }) => BigInt(rows[0]?.seq ?? 0));

describe('the order of events', () => {
  it('is the order of the commits within one account: the second writer waits for its number', async () => {
    const [slow, quick, other, observer] = [await connect(), await connect(), await connect(), await connect()];
    await slow.query('BEGIN');
    const first = await write(slow, 'evt_slow', 'usr_a');
    const waiting = write(quick, 'evt_quick', 'usr_a');
    await until(
      async () =>
        (
          await observer.query(
            `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid
              FROM pg_database WHERE datname = current_database())`,
          )
        ).rowCount === 1,
    );
    const elsewhere = await write(other, 'evt_other', 'usr_b');
    await slow.query('COMMIT');
    const second = await waiting;
    expect(second).toBeGreaterThan(first);
    expect(second).toBeGreaterThan(elsewhere);
  });
});
