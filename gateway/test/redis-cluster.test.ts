// Gateways that share a Redis Cluster of three real nodes. Runs only when Redis is available.
import { revokeKey } from '@lumi/shared/keys';
import { testDatabase, testRedis, testRedisCluster, until } from '@lumi/shared/testing';
import { ask, openFixture, type Fixture, type TestGateway } from './fixture';

const itWithRedis = testRedis() === null ? it.skip : it;
const database = testDatabase();
let fixture: Fixture;
let gateways: readonly TestGateway[] = [];

beforeAll(async () => {
  fixture = await openFixture(database, null);
  const cluster = await testRedisCluster();
  if (cluster !== null)
    gateways = [await fixture.gateway({ REDIS_URL: cluster.url }), await fixture.gateway({ REDIS_URL: cluster.url })];
}, 60_000);
afterAll(() => fixture.close());

const statuses = async (key: string): Promise<number[]> =>
  Promise.all(gateways.map(async (gateway) => (await ask(gateway, { path: '/api/v1/me', key })).status));

itWithRedis('count together on every node that holds a key’s bucket', async () => {
  for (let i = 0; i < 6; i += 1) {
    const { key } = await fixture.newKey({ limits: { regularPerMinute: 8 } });
    const answers = await Promise.all(Array.from({ length: 10 }, () => statuses(key)));
    const admitted = answers.flat().filter((status) => status === 200).length;
    // Gateways that count alone would admit twice as many. A token refills every 7.5 s.
    expect(admitted).toBeGreaterThanOrEqual(8);
    expect(admitted).toBeLessThan(16);
  }
});

itWithRedis('refuse a revoked key on all gateways after its notification', async () => {
  const { key, id } = await fixture.newKey();
  expect(await statuses(key)).toEqual([200, 200]);
  await revokeKey(fixture.owner, id);
  await until(async () => (await statuses(key)).join() === '401,401');
});
