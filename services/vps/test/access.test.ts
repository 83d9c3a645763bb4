// A field that was left out neither locks an owner out of a server nor loses data.
import { gzipSync } from 'node:zlib';
import type { TestAccount } from '@lumi/shared/testing';
import { ACTION_MS, CREATE_MS, hostingWorld } from './world';

const { account, buy, get, post, send, order, pass, server: makeServer, audit, owner, vps } = hostingWorld();
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDFUQ0KEq7e1xE1nGwk5SxFvk1kv3nWq0sZ7gGq2m1y9 laptop';

let who: TestAccount;
beforeEach(async () => {
  who = await account();
});
afterEach(async () => expect(await audit()).toEqual([]));

const addKey = async (): Promise<string> => (await post(who, '/ssh-keys', { name: 'laptop', public_key: KEY })).body.id;
const builtWith = async (id: string) =>
  (
    await owner<{ ssh_keys: string[]; user_data: Buffer | null }>(
      `SELECT ssh_keys, user_data FROM vps.server WHERE id = $1`,
      [id],
    )
  )[0];
const rebuild = (made: { id: string; hostname: string }, body: object = {}) =>
  post(who, `/servers/${made.id}/actions/rebuild`, { confirm: made.hostname, ...body });

describe('a rebuild', () => {
  it('keeps the keys and the user data when the request does not name them', async () => {
    const made = await makeServer(who, { ssh_key_ids: [await addKey()], user_data: '#cloud-config' });
    const asked = jest.spyOn(vps.hypervisor, 'act');
    const { status, body } = await rebuild(made, { image_id: 'alma-9' });
    await pass(ACTION_MS);
    expect(status).toBe(202);
    expect(asked.mock.calls.map(([, , action]) => action)).toContainEqual({
      action: 'rebuild',
      imageId: 'alma-9',
      sshKeys: [KEY],
      userData: new Uint8Array(Buffer.from('#cloud-config')),
      rootPassword: null,
    });
    asked.mockRestore();
    expect(await builtWith(made.id)).toEqual({ ssh_keys: [KEY], user_data: Buffer.from('#cloud-config') });
    expect((await get(who, `/servers/${made.id}`)).body.ssh_key_ids).toEqual(made.ssh_key_ids);
    expect((await get(who, `/operations/${body.operation_id}`)).body).not.toHaveProperty('secret');
  });

  it('keeps a key that was deleted from the account meanwhile', async () => {
    const keyId = await addKey();
    const made = await makeServer(who, { ssh_key_ids: [keyId] });
    await send(who, 'delete', `/ssh-keys/${keyId}`);
    await rebuild(made);
    await pass(ACTION_MS);
    expect(await builtWith(made.id)).toMatchObject({ ssh_keys: [KEY] });
  });

  it('removes them when the request says so, and then makes a password', async () => {
    const made = await makeServer(who, { ssh_key_ids: [await addKey()], user_data: '#cloud-config' });
    const { body } = await rebuild(made, { ssh_key_ids: [], user_data: null });
    await pass(ACTION_MS);
    expect(await builtWith(made.id)).toEqual({ ssh_keys: [], user_data: null });
    expect((await get(who, `/operations/${body.operation_id}`)).body.secret).toMatch(/^\w{24}$/);
  });

  it('makes a password when the new image does not take the keys', async () => {
    await owner(`UPDATE vps.image SET cloud_init = false WHERE id = 'debian-12'`);
    const made = await makeServer(who, { ssh_key_ids: [await addKey()] });
    const { body } = await rebuild(made, { image_id: 'debian-12' });
    await pass(ACTION_MS);
    expect((await get(who, `/operations/${body.operation_id}`)).body.secret).toMatch(/^\w{24}$/);
    expect((await rebuild(made, { image_id: 'debian-12', password_mode: 'none' })).body.error.details).toEqual([
      { path: 'password_mode', message: expect.stringContaining('nobody could log in') },
    ]);
    await owner(`UPDATE vps.image SET cloud_init = true WHERE id = 'debian-12'`);
  });

  it('is refused when there would be no way to log in', async () => {
    const made = await makeServer(who);
    expect(await rebuild(made, { password_mode: 'none' })).toMatchObject({
      status: 422,
      body: { error: { details: [{ path: 'password_mode' }] } },
    });
    expect((await rebuild(made, { password_mode: 'none', user_data: '#cloud-config' })).status).toBe(202);
    await pass(ACTION_MS);
  });
});

describe('a new server without password and keys', () => {
  it('is refused, alone and in a bulk', async () => {
    const refusal = {
      code: 'validation_error',
      details: [{ path: 'password_mode', message: expect.stringContaining('nobody could log in') }],
    };
    expect(await buy(who, '/servers', order({ password_mode: 'none' }))).toMatchObject({
      status: 422,
      body: { error: refusal },
    });
    expect((await buy(who, '/servers/bulk', { items: [order({ password_mode: 'none' })] })).body.items).toMatchObject([
      { status: 'failed', error: refusal },
    ]);
    expect((await get(who, '/servers')).body.items).toEqual([]);
  });

  it.each([
    { user_data: '#cloud-config\nusers: []' },
    { user_data_base64: gzipSync('#cloud-config').toString('base64') },
  ])('is accepted when user data may create a user: %j', async (body) => {
    expect((await buy(who, '/servers', order({ password_mode: 'none', ...body }))).status).toBe(202);
    await pass(CREATE_MS);
  });
});

describe('user data in base64', () => {
  it('reaches the machine byte for byte, when it is made and when it is rebuilt', async () => {
    const [first, second] = [gzipSync('#cloud-config'), Buffer.from([0, 255, 10, 13, 0])];
    const create = jest.spyOn(vps.hypervisor, 'create');
    const made = await makeServer(who, { user_data_base64: first.toString('base64') });
    expect(Buffer.from(create.mock.calls[0]?.[0].userData ?? [])).toEqual(first);
    create.mockRestore();
    await rebuild(made, { user_data_base64: second.toString('base64') });
    await pass(ACTION_MS);
    expect((await builtWith(made.id))?.user_data).toEqual(second);
  });

  it('may be 64 KiB long', async () => {
    expect(
      (
        await buy(
          who,
          '/servers',
          order({ user_data_base64: Buffer.alloc(65_536, 1).toString('base64') }),
          'sixty-four-kib',
        )
      ).status,
    ).toBe(202);
    await pass(CREATE_MS);
    expect(
      (await buy(who, '/servers', order({ user_data_base64: Buffer.alloc(65_537, 1).toString('base64') }))).status,
    ).toBe(422);
  });

  it.each(['not base64!', 'YWJj\nZGVm', 'YQ', 'YQ==='])('is refused as %j', async (text) => {
    expect((await buy(who, '/servers', order({ user_data_base64: text }))).body.error).toMatchObject({
      code: 'validation_error',
      details: [{ path: 'user_data_base64' }],
    });
  });

  it('is refused together with text', async () => {
    expect((await buy(who, '/servers', order({ user_data_base64: 'YQ==', user_data: 'a' }))).body.error).toMatchObject({
      code: 'validation_error',
      details: [{ path: 'user_data_base64' }],
    });
  });
});

describe('actions that destroy data', () => {
  const protectedServer = async () => {
    const made = await makeServer(who);
    await post(who, `/servers/${made.id}/snapshots`, { name: 'before' });
    await pass(ACTION_MS);
    const { items } = (await get(who, `/servers/${made.id}/snapshots`)).body;
    const snapshot = `/servers/${made.id}/snapshots/${items[0].id}`;
    await send(who, 'patch', `/servers/${made.id}`, { body: { protection: true } });
    return { made, snapshot };
  };

  it('are refused on a protected server: deletion, rebuild, and restoring or deleting its snapshots', async () => {
    const { made, snapshot } = await protectedServer();
    const answers = [
      await send(who, 'delete', `/servers/${made.id}`, { body: { when: 'now', confirm: made.hostname } }),
      await send(who, 'delete', `/servers/${made.id}?confirm=${made.hostname}`),
      await rebuild(made),
      await post(who, `${snapshot}/restore`, { confirm: made.hostname }),
      await send(who, 'delete', snapshot),
    ];
    expect(answers.map(({ status, body }) => [status, body.error?.code])).toEqual(
      answers.map(() => [409, 'state_conflict']),
    );
    expect((await get(who, `/servers/${made.id}`)).body.can).toMatchObject({
      restore_snapshot: { allowed: false },
      delete_snapshot: { allowed: false },
      snapshot: { allowed: true },
    });
    await send(who, 'patch', `/servers/${made.id}`, { body: { protection: false } });
    expect((await post(who, `${snapshot}/restore`, { confirm: made.hostname })).status).toBe(202);
    await pass(ACTION_MS);
  });

  it('require the host name in `confirm`', async () => {
    const { made, snapshot } = await protectedServer();
    await send(who, 'patch', `/servers/${made.id}`, { body: { protection: false } });
    const answers = [
      await send(who, 'delete', `/servers/${made.id}`),
      await send(who, 'delete', `/servers/${made.id}?confirm=other`),
      await post(who, `/servers/${made.id}/actions/rebuild`),
      await post(who, `${snapshot}/restore`),
      await post(who, `${snapshot}/restore`, { confirm: 'other' }),
      await send(who, 'delete', `${snapshot}?confirm=other`),
    ];
    expect(answers.map(({ status, body }) => [status, body.error?.details?.[0]?.path])).toEqual(
      answers.map(() => [422, 'confirm']),
    );
  });

  it('take `confirm` in the query as well, for clients that send no body with DELETE', async () => {
    const made = await makeServer(who);
    expect(
      (
        await send(who, 'delete', `/servers/${made.id}?when=now&confirm=${made.hostname}`, {
          body: { confirm: 'other' },
        })
      ).body.error.details,
    ).toEqual([{ path: 'confirm', message: 'differs between query and body' }]);
    expect((await send(who, 'delete', `/servers/${made.id}?when=now&confirm=${made.hostname}`)).status).toBe(202);
    await pass(ACTION_MS);
  });
});
