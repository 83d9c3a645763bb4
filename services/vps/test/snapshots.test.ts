// Snapshots and reverse names.
import type { TestAccount } from '@lumi/shared/testing';
import { ACTION_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, get, post, send, pass, server: makeServer, audit } = world;

let who: TestAccount;
beforeEach(async () => {
  who = await account();
});
afterEach(async () => expect(await audit()).toEqual([]));

const operation = async (id: string) => (await get(who, `/operations/${id}`)).body;

describe('snapshots', () => {
  it('are taken, restored and deleted, up to three', async () => {
    const { id, hostname } = await makeServer(who);
    for (const name of ['a', 'b', 'c']) {
      expect((await post(who, `/servers/${id}/snapshots`, { name })).body).toMatchObject({
        snapshot: { name, state: 'creating' },
        operation: { kind: 'snapshot_create' },
      });
      await pass(ACTION_MS);
    }
    expect((await post(who, `/servers/${id}/snapshots`, { name: 'd' })).body.error.code).toBe('state_conflict');
    const { items } = (await get(who, `/servers/${id}/snapshots`)).body;
    expect(items.map(({ name, state, size_gb }: Record<string, unknown>) => [name, state, size_gb])).toEqual([
      ['c', 'ready', 2],
      ['b', 'ready', 2],
      ['a', 'ready', 2],
    ]);
    const url = `/servers/${id}/snapshots/${items[0].id}`;
    const restored = await post(who, `${url}/restore`, { confirm: hostname });
    expect((await send(who, 'delete', url)).body.error.code).toBe('busy');
    await pass(ACTION_MS);
    expect(await operation(restored.body.operation_id)).toMatchObject({ kind: 'snapshot_restore', state: 'completed' });
    await send(who, 'delete', url);
    expect((await get(who, url)).body.state).toBe('deleting');
    await pass(ACTION_MS);
    expect((await get(who, url)).status).toBe(404);
    expect((await get(await account(), `/servers/${id}/snapshots`)).status).toBe(404);
  });

  it('do not exist when taking them failed', async () => {
    const { id } = await makeServer(who, { hostname: 'sandbox-action-build-fails' });
    await post(who, `/servers/${id}/snapshots`, { name: 'a' });
    await pass(ACTION_MS);
    expect((await get(who, `/servers/${id}/snapshots`)).body.items).toEqual([]);
  });
});

describe('reverse names', () => {
  it('are set and removed, for addresses of the own server only', async () => {
    const made = await makeServer(who);
    const { ip } = made.ips[0];
    await send(who, 'put', `/servers/${made.id}/ips/${ip}/rdns`, { body: { ptr: 'web-1.example.com' } });
    await pass(ACTION_MS);
    expect((await get(who, `/servers/${made.id}`)).body.ips[0]).toMatchObject({ ip, rdns: 'web-1.example.com' });
    await send(who, 'put', `/servers/${made.id}/ips/${ip}/rdns`, { body: { ptr: null } });
    await pass(ACTION_MS);
    expect((await get(who, `/servers/${made.id}`)).body.ips[0]).toMatchObject({ ip, rdns: null });
    expect(
      (await send(who, 'put', `/servers/${made.id}/ips/100.64.255.255/rdns`, { body: { ptr: null } })).status,
    ).toBe(404);
  });
});
