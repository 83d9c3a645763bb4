// When the supplier's data of a machine differ from ours, they are read, stored and shown.
import type { TestAccount, TestKey } from '@lumi/shared/testing';
import { ACTION_MS, hostingWorld } from './world';

const world = hostingWorld();
const {
  account,
  keyOf,
  operator,
  buy,
  get,
  post,
  send,
  clock,
  owner,
  round,
  pass,
  server: makeServer,
  audit,
  vps,
} = world;

let who: TestAccount;
beforeEach(async () => {
  who = await account({ balance: '500' });
});
afterEach(async () => {
  jest.restoreAllMocks();
  expect(await audit()).toEqual([]);
});

const sync = (key: TestKey, id: string) => post(key, `/servers/${id}/sync`);
const eventsOf = async (id: string) =>
  (
    (await get(who, '/events?limit=200')).body.items as {
      type: string;
      subject: string;
      data: Record<string, unknown>;
    }[]
  ).filter(({ subject }) => subject === id);

describe('POST /servers/{id}/sync', () => {
  it("answers the server with the supplier's addresses, and lists what differed", async () => {
    const made = await makeServer(who, { hostname: 'sandbox-drift-address.example.com' });
    const { status, body } = await sync(who, made.id);
    expect([status, body.ips.length, body.missing_since]).toEqual([200, 2, null]);
    expect(body.ips.map(({ ip }: { ip: string }) => ip)).not.toEqual(made.ips.map(({ ip }: { ip: string }) => ip));
    expect((await get(who, `/servers/${made.id}`)).body.ips).toEqual(body.ips);
    expect((await get(who, `/servers?ip=${body.ips[0].ip}`)).body.items).toMatchObject([{ id: made.id }]);
    expect((await get(who, `/servers?ip=${made.ips[0].ip}`)).body.items).toEqual([]);
    expect((await eventsOf(made.id)).at(-1)).toMatchObject({
      type: 'server.synced',
      data: { changes: { ips: { from: made.ips, to: body.ips } } },
    });
  });

  it('notices that the machine does not run', async () => {
    const made = await makeServer(who, { hostname: 'sandbox-drift-power' });
    expect(made.power).toBe('running');
    expect((await sync(who, made.id)).body.power).toBe('stopped');
    await post(who, `/servers/${made.id}/actions/start`);
    await pass(ACTION_MS);
    expect((await get(who, `/servers/${made.id}`)).body.power).toBe('running');
  });

  it('keeps fields that agree, reverse names included, and writes no event', async () => {
    const made = await makeServer(who);
    await send(who, 'put', `/servers/${made.id}/ips/${made.ips[0].ip}/rdns`, { body: { ptr: 'web-1.example.com' } });
    await pass(ACTION_MS);
    const before = (await get(who, `/servers/${made.id}`)).body;
    expect((await sync(who, made.id)).body).toEqual({ ...before, synced_at: expect.any(String) });
    expect((await eventsOf(made.id)).map(({ type }) => type)).toEqual(['server.ready']);
  });

  it('is allowed once a minute for each server, and a failed sync does not count', async () => {
    const made = await makeServer(who);
    jest.spyOn(vps.hypervisor, 'read').mockRejectedValueOnce(new Error('away'));
    expect((await sync(who, made.id)).status).toBe(503);
    const { body } = await post(who, `/servers/${made.id}/actions/reboot`);
    expect((await sync(who, made.id)).body.error).toMatchObject({
      code: 'busy',
      details: [{ path: 'operation_id', message: body.operation_id }],
    });
    await pass(ACTION_MS);
    expect((await sync(who, made.id)).status).toBe(200);
    clock.advance(15_000);
    const refused = await sync(who, made.id);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '45']);
    clock.advance(45_000);
    expect((await sync(who, made.id)).status).toBe(200);
  });

  it('does not overwrite what changed meanwhile', async () => {
    const made = await makeServer(who);
    const read = vps.hypervisor.read.bind(vps.hypervisor);
    jest.spyOn(vps.hypervisor, 'read').mockImplementationOnce(async (machine, signal) => {
      const old = await read(machine, signal);
      await post(who, `/servers/${made.id}/actions/stop`);
      await pass(ACTION_MS);
      return old;
    });
    expect((await sync(who, made.id)).body.power).toBe('stopped');
  });

  it('requires vps:write, and finds no server of another account', async () => {
    const made = await makeServer(who);
    expect((await sync(await keyOf(who.accountId, { scopes: ['vps:read', 'vps:buy'] }), made.id)).status).toBe(403);
    expect((await sync(await account(), made.id)).status).toBe(404);
    expect((await sync(await operator(), made.id)).status).toBe(200);
  });
});

describe('a machine that the supplier does not know', () => {
  it('is marked missing by the first action on it; the server stays, and nothing can be bought for it', async () => {
    const made = await makeServer(who, { hostname: 'sandbox-drift-gone' });
    const { operation } = (await post(who, `/servers/${made.id}/actions/reboot`)).body;
    const failed = {
      state: 'failed',
      error: { code: 'state_conflict', details: [{ path: 'missing_since', message: expect.stringMatching(/Z$/) }] },
    };
    expect(operation).toMatchObject(failed);
    expect((await get(who, `/operations/${operation.id}`)).body).toMatchObject(failed);
    const kept = (await get(who, `/servers/${made.id}`)).body;
    expect(kept).toMatchObject({
      lifecycle: 'active',
      busy: null,
      missing_since: expect.stringMatching(/Z$/),
      can: {
        renew: { allowed: false },
        resize: { allowed: false },
        reboot: { allowed: false },
        delete: { allowed: true },
      },
    });
    expect((await eventsOf(made.id)).map(({ type }) => type)).toContain('server.missing');
    expect((await buy(who, `/servers/${made.id}/renew`, { current_expires_at: made.expires_at })).body.error.code).toBe(
      'state_conflict',
    );
    expect((await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's2' })).body.error.code).toBe(
      'state_conflict',
    );
    await owner(`UPDATE vps.sandbox_machine SET deleted_at = NULL WHERE hostname = 'sandbox-drift-gone'`);
    expect((await sync(who, made.id)).body).toMatchObject({ missing_since: null, can: { renew: { allowed: true } } });
  });

  it('refuses an upgrade, which costs nothing, and says that the machine is missing', async () => {
    const made = await makeServer(who, { hostname: 'sandbox-drift-gone-2' });
    const before = (await get(who, '/balance')).body.balance_usd;
    const answer = await buy(who, `/servers/${made.id}/actions/resize`, { plan_id: 's2' });
    expect(answer).toMatchObject({
      status: 409,
      body: {
        error: { code: 'state_conflict', details: [{ path: 'missing_since', message: expect.stringMatching(/Z$/) }] },
      },
    });
    expect((await get(who, '/balance')).body).toMatchObject({ balance_usd: before, held_usd: '0.00' });
  });

  it('can be deleted', async () => {
    const made = await makeServer(who, { hostname: 'sandbox-drift-gone-3' });
    await sync(who, made.id);
    expect((await send(who, 'delete', `/servers/${made.id}?when=now&confirm=${made.hostname}`)).status).toBe(202);
    await round();
    expect((await get(who, `/servers/${made.id}`)).body.lifecycle).toBe('terminating');
  });
});

describe('POST /servers/sync', () => {
  it('reads all servers of the account, in the background, once a minute', async () => {
    const [gone, moved, same] = [
      await makeServer(who, { hostname: 'sandbox-drift-gone-4' }),
      await makeServer(who, { hostname: 'sandbox-drift-address-4' }),
      await makeServer(who),
    ];
    const { status, body } = await post(who, '/servers/sync');
    expect([status, body.operation.kind, body.operation.state]).toEqual([202, 'server_sync', 'completed']);
    expect((await eventsOf(who.accountId)).at(-1)).toMatchObject({
      type: 'server.all_synced',
      data: { total: 3, changed: 1, missing: 1, failed: 0 },
    });
    expect((await get(who, `/servers/${gone.id}`)).body.missing_since).not.toBeNull();
    expect((await get(who, `/servers/${moved.id}`)).body.ips).not.toEqual(moved.ips);
    expect((await get(who, `/servers/${same.id}`)).body.ips).toEqual(same.ips);
    expect((await post(who, '/servers/sync')).status).toBe(429);
  });
});

describe('snapshots', () => {
  const snapshotsOf = async (...names: string[]) => {
    const made = await makeServer(who);
    for (const name of names) {
      await post(who, `/servers/${made.id}/snapshots`, { name });
      await pass(ACTION_MS);
    }
    const { items } = (await get(who, `/servers/${made.id}/snapshots`)).body as {
      items: { id: string; size_gb: number }[];
    };
    return { made, ids: items.map(({ id }) => id), sizes: items.map(({ size_gb: size }) => size) };
  };

  it('are read: a missing one is kept, marked, and cannot be restored', async () => {
    const {
      made,
      ids: [second = '', first = ''],
      sizes,
    } = await snapshotsOf('one', 'two');
    await owner(`DELETE FROM vps.sandbox_snapshot WHERE id = '${first}'`);
    await owner(`UPDATE vps.sandbox_snapshot SET size_gb = size_gb + 7 WHERE id = '${second}'`);
    const { status, body } = await post(who, `/servers/${made.id}/snapshots/sync`);
    expect([status, body.next_cursor]).toEqual([200, null]);
    expect(body.items).toMatchObject([
      { id: second, size_gb: (sizes[0] ?? 0) + 7, missing_since: null, synced_at: expect.any(String) },
      { id: first, state: 'ready', missing_since: expect.any(String) },
    ]);
    expect((await get(who, `/servers/${made.id}/snapshots`)).body).toEqual(body);
    expect((await eventsOf(first)).at(-1)).toMatchObject({ type: 'snapshot.missing' });
    expect((await eventsOf(second)).at(-1)).toMatchObject({
      type: 'snapshot.synced',
      data: { changes: { size_gb: { from: sizes[0], to: (sizes[0] ?? 0) + 7 } } },
    });
    expect(
      (await post(who, `/servers/${made.id}/snapshots/${first}/restore`, { confirm: made.hostname })).body.error,
    ).toMatchObject({ code: 'state_conflict', details: [{ path: 'missing_since' }] });
    expect((await post(who, `/servers/${made.id}/snapshots/sync`)).status).toBe(429);
    await owner(
      `INSERT INTO vps.sandbox_snapshot (id, machine, size_gb) SELECT '${first}', machine, ${String(sizes[1])}
        FROM vps.sandbox_snapshot WHERE id = '${second}'`,
    );
    expect((await post(who, `/servers/${made.id}/snapshots/${first}/sync`)).body).toMatchObject({
      id: first,
      missing_since: null,
    });
    expect((await post(who, `/servers/${made.id}/snapshots/${first}/sync`)).status).toBe(429);
    expect((await post(await account(), `/servers/${made.id}/snapshots/${first}/sync`)).status).toBe(404);
  });

  it('are read again when a restoration finds one missing, and the event says so', async () => {
    const {
      made,
      ids: [one = ''],
    } = await snapshotsOf('one');
    await owner(`DELETE FROM vps.sandbox_snapshot WHERE id = '${one}'`);
    const { body } = await post(who, `/servers/${made.id}/snapshots/${one}/restore`, { confirm: made.hostname });
    expect(body.operation).toMatchObject({ state: 'failed', error: { code: 'state_conflict' } });
    expect(body.operation.error.details).toContainEqual({
      path: 'snapshot.missing_since',
      message: expect.stringMatching(/Z$/),
    });
    expect((await get(who, `/servers/${made.id}/snapshots/${one}`)).body.missing_since).not.toBeNull();
    await send(who, 'delete', `/servers/${made.id}/snapshots/${one}`);
    await pass(ACTION_MS);
    expect((await get(who, `/servers/${made.id}/snapshots/${one}`)).status).toBe(404);
  });

  it('wait for the operation that runs on their server', async () => {
    const { made } = await snapshotsOf('one');
    const { body } = await post(who, `/servers/${made.id}/actions/reboot`);
    expect((await post(who, `/servers/${made.id}/snapshots/sync`)).body.error).toMatchObject({
      code: 'busy',
      details: [{ path: 'operation_id', message: body.operation_id }],
    });
    await pass(ACTION_MS);
    expect((await post(who, `/servers/${made.id}/snapshots/sync`)).status).toBe(200);
  });
});
