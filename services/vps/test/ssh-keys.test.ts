// SSH keys.
import type { TestAccount } from '@lumi/shared/testing';
import { CREATE_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, buy, get, post, send, order, pass, audit, owner } = world;
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDFUQ0KEq7e1xE1nGwk5SxFvk1kv3nWq0sZ7gGq2m1y9 laptop';

let who: TestAccount;
beforeEach(async () => {
  who = await account();
});
afterEach(async () => expect(await audit()).toEqual([]));

describe('SSH keys', () => {
  it('are added, used, renamed and deleted', async () => {
    const added = await post(who, '/ssh-keys', { name: 'laptop', public_key: KEY });
    expect(added).toMatchObject({
      status: 201,
      body: { fingerprint: expect.stringMatching(/^SHA256:[\w+/]{43}$/), used_by: 0 },
    });
    expect((await post(who, '/ssh-keys', { name: 'again', public_key: KEY })).body.error.code).toBe('already_owned');
    const bought = await buy(who, '/servers', order({ ssh_key_ids: [added.body.id] }));
    await pass(CREATE_MS);
    expect((await get(who, `/operations/${bought.body.operation_id}`)).body).not.toHaveProperty('secret');
    expect(await owner(`SELECT ssh_keys FROM vps.server WHERE id = $1`, [bought.body.server.id])).toEqual([
      { ssh_keys: [KEY] },
    ]);
    expect((await send(who, 'patch', `/ssh-keys/${added.body.id}`, { body: { name: 'old' } })).body).toMatchObject({
      name: 'old',
      used_by: 1,
    });
    const stranger = await account();
    expect((await buy(stranger, '/servers', order({ ssh_key_ids: [added.body.id] }))).body.error.code).toBe(
      'not_found',
    );
    expect((await send(stranger, 'delete', `/ssh-keys/${added.body.id}`)).status).toBe(404);
    expect((await send(who, 'delete', `/ssh-keys/${added.body.id}`)).status).toBe(200);
    expect((await get(who, '/ssh-keys')).body.items).toEqual([]);
  });

  it.each([
    '',
    'ssh-dss AAAA',
    'ssh-ed25519 not!base64',
    'ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==',
    'command="x" ssh-ed25519 AAAA',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5',
  ])('refuses %j', async (publicKey) => {
    expect((await post(who, '/ssh-keys', { name: 'x', public_key: publicKey })).status).toBe(422);
  });
});
