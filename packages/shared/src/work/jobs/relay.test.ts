import { inTransaction, openDatabase, queueNameOf, sql, type Database } from '../../base/db';
import { silentLog } from '../../ground/runtime';
import { testDatabase } from '@lumi/shared/testing';
import { stageJob } from './outbox';
import { openProducer } from './queue';
import { relayStaged } from './relay';

const database = testDatabase();
let db: Database;

beforeAll(() => {
  db = openDatabase({ url: database.urlFor('lumi_vps'), connections: 2, log: silentLog, name: 'test' });
});
afterAll(() => db.close());

it('returns rows that the queue did not take: they are due again in a second, not after the whole lease', async () => {
  await inTransaction(db, (tx) => stageJob(tx, { product: 'vps', name: 'work', payload: { id: 'one' } }));
  const nowhere = new URL(database.urlFor('lumi_vps'));
  nowhere.port = '1';
  const producer = openProducer({
    name: queueNameOf('vps'),
    databaseUrl: nowhere.toString(),
    redisUrl: undefined,
    redisPrefix: 'lumi',
    log: silentLog,
  });
  try {
    await expect(relayStaged({ db: db.platform, product: 'vps', producer, jobs: new Map() })).rejects.toThrow();
    expect(
      await db.platform.$queryRaw(
        sql`SELECT payload, taken_until IS NOT NULL AND taken_until <= now() + interval '1 second' AS is_due
          FROM platform.outbox`,
      ),
    ).toEqual([{ payload: { id: 'one' }, is_due: true }]);
  } finally {
    await producer.close().catch(() => undefined); // it was never open
  }
});
