// Redis Cluster with three real nodes, so that a command with keys of two nodes is refused. Runs only when Redis is
// available.
import { z } from 'zod';
import { inTransaction, openDatabase, type Database } from '../../base/db';
import { RedisLimitStore, connectLimitRedis } from '../../base/limits';
import { isClusterUrl, silentLog, systemClock } from '../../ground/runtime';
import { testDatabase, testRedis, testRedisCluster, until } from '@lumi/shared/testing';
import { defineJob, done, stageJob, startJobHost, type JobHost } from '.';

const itWithRedis = testRedis() === null ? it.skip : it;
const database = testDatabase();
let db: Database;
let cluster: { url: string } | null = null;
const runs: string[] = [];

const work = defineJob({
  name: 'work',
  payload: z.object({ id: z.string() }),
  attempts: 3,
  backoffMs: 10,
  timeoutMs: 60_000,
  run: ({ id }) => {
    runs.push(id);
    const isFirst = runs.filter((one) => one === id).length === 1;
    if (id.startsWith('again') && isFirst) return Promise.reject(new Error('the first try'));
    return Promise.resolve(id.startsWith('later') && isFirst ? ({ kind: 'notYet', afterMs: 10 } as const) : done);
  },
});

beforeAll(async () => {
  cluster = await testRedisCluster();
  db = openDatabase({ url: database.urlFor('lumi_vps'), connections: 4, log: silentLog, name: 'test' });
}, 60_000);
afterAll(() => db.close());

function start(url: string): JobHost {
  return startJobHost({
    product: 'vps',
    jobs: [work],
    db: db.platform,
    clock: systemClock,
    log: silentLog,
    databaseUrl: database.urlFor('lumi_vps'),
    redisUrl: url,
    redisPrefix: 'cluster-test',
  });
}

it('is recognised as a cluster by its URL', () => {
  expect(
    [
      'redis://a:1,redis://b:2',
      'rediss://user:word@a:1?cluster=true',
      'redis://a:1',
      'redis://a:1/3?cluster=false',
    ].map(isClusterUrl),
  ).toEqual([true, true, false, false]);
});

itWithRedis.each(['all nodes', 'one node'])(
  'runs jobs through workers, tries them again and lets them wait, named by %s',
  async (named) => {
    if (cluster === null) throw new Error('there is no cluster');
    const url = named === 'all nodes' ? cluster.url : `${cluster.url.split(',')[1] ?? ''}?cluster=true`;
    const hosts = [start(url), start(url)];
    const ids = [
      ...Array.from({ length: 20 }, (_, i) => `plain ${named} ${String(i)}`),
      `again ${named}`,
      `later ${named}`,
    ];
    try {
      for (const id of ids)
        await inTransaction(db, (tx) => stageJob(tx, { product: 'vps', name: 'work', payload: { id } }));
      const wanted = [...ids, `again ${named}`, `later ${named}`].sort();
      await until(async () => {
        // the connection may not be open yet; the rows are passed later
        await hosts[0]?.relay().catch(() => undefined);
        return runs.filter((id) => id.includes(named)).length >= wanted.length;
      });
      expect(runs.filter((id) => id.includes(named)).sort()).toEqual(wanted);
    } finally {
      await Promise.all(hosts.map((host) => host.stop()));
    }
  },
);

itWithRedis('counts limits on all nodes, and exactly when many arrive at once', async () => {
  if (cluster === null) throw new Error('there is no cluster');
  const clients = [
    connectLimitRedis({ url: cluster.url, log: silentLog }),
    connectLimitRedis({ url: cluster.url, log: silentLog }),
  ];
  try {
    await until(() => clients.every(({ status }) => status === 'ready'));
    const stores = clients.map((client) => new RedisLimitStore(client, 'cluster-test'));
    const limit = { tokens: 20, periodMs: 3_600_000 };
    const keys = Array.from({ length: 12 }, (_, i) => `key ${String(i)}`);
    const answers = await Promise.all(
      keys.flatMap((key) =>
        Array.from({ length: 30 }, async (_, i) => ({ key, answer: await stores[i % 2]?.take(key, 1, limit) })),
      ),
    );
    for (const key of keys)
      expect(answers.filter((one) => one.key === key && one.answer?.allowed === true)).toHaveLength(20);
  } finally {
    for (const client of clients) client.disconnect();
  }
});
