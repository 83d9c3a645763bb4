import type { TestAccount } from '@lumi/shared/testing';
import { ACTION_MS, CREATE_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, buy, get, post, send, order, pass, round, server: makeServer, audit, log, stock } = world;
const UNKNOWN = 'srv_01k000000000000000000000';

let who: TestAccount;
beforeEach(async () => {
  who = await account();
});
afterEach(async () => expect(await audit()).toEqual([]));

const operation = async (id: string) => (await get(who, `/operations/${id}`)).body;

describe('power', () => {
  it.each([
    ['stop', 'stopped'],
    ['shutdown', 'stopped'],
    ['start', 'running'],
    ['reboot', 'running'],
    ['reset', 'running'],
  ])('%s leaves it %s, and is an operation', async (action, power) => {
    const { id } = await makeServer(who);
    const answer = await post(who, `/servers/${id}/actions/${action}`);
    expect(answer).toMatchObject({
      status: 202,
      body: { operation: { kind: `server_${action}`, subject: id, state: 'processing', money: null, order_id: null } },
    });
    expect((await get(who, `/servers/${id}`)).body.busy).toEqual({ operation_id: answer.body.operation_id, action });
    await pass(ACTION_MS);
    expect(await operation(answer.body.operation_id)).toMatchObject({
      state: 'completed',
      progress: { done: 100, total: 100 },
    });
    expect((await get(who, `/servers/${id}`)).body).toMatchObject({ power, busy: null });
    expect(await log(answer.body.operation_id)).toEqual([{ reference: answer.body.operation_id, action }]);
    expect((await get(who, `/operations?subject=${id}`)).body.items.map(({ kind }: { kind: string }) => kind)).toEqual([
      `server_${action}`,
      'server_create',
    ]);
  });

  it('runs one operation at a time, and names that operation in the refusal of the next', async () => {
    const { id } = await makeServer(who);
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(who, `/servers/${id}/actions/reboot`)));
    const [first] = answers.filter(({ status }) => status === 202);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
    for (const { body } of answers.filter(({ status }) => status === 409))
      expect(body.error).toMatchObject({
        code: 'busy',
        details: [{ path: 'operation_id', message: first?.body.operation_id }],
      });
    expect((await buy(who, `/servers/${id}/actions/resize`, { plan_id: 's2' })).body.error).toMatchObject({
      code: 'busy',
      details: [{ message: first?.body.operation_id }],
    });
    await pass(ACTION_MS);
  });

  it('refuses a server that is still being created, and hides servers of other accounts', async () => {
    const bought = await buy(who, '/servers', order());
    const { id } = bought.body.server;
    expect((await post(who, `/servers/${id}/actions/stop`)).body.error.code).toBe('state_conflict');
    await pass(CREATE_MS);
    const stranger = await account();
    const [foreign, unknown] = [
      await post(stranger, `/servers/${id}/actions/stop`),
      await post(stranger, `/servers/${UNKNOWN}/actions/stop`),
    ];
    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    expect({ ...foreign.body.error, request_id: '' }).toEqual({ ...unknown.body.error, request_id: '' });
  });

  it.each(['slow', 'timeout-before', 'timeout-after', 'error-after', 'refused', 'build-fails'])(
    'ends as the host name says: %s',
    async (ending) => {
      const { id } = await makeServer(who, { hostname: `sandbox-action-${ending}.example.com` });
      const {
        body: { operation_id: operationId },
      } = await post(who, `/servers/${id}/actions/stop`);
      for (let i = 0; i < 3; i += 1) await pass(ACTION_MS * 5);
      const isFailed = ending === 'refused' || ending === 'build-fails';
      expect(await operation(operationId)).toMatchObject(
        isFailed ? { state: 'failed', error: { code: 'supplier_error' } } : { state: 'completed' },
      );
      expect(await log(operationId)).toHaveLength(isFailed ? 0 : 1);
      expect((await get(who, `/servers/${id}`)).body).toMatchObject({
        busy: null,
        power: isFailed ? 'running' : 'stopped',
      });
    },
  );
});

describe('rebuild and passwords', () => {
  it('installs another image and shows the new password on every read', async () => {
    const made = await makeServer(who);
    expect(
      (await post(who, `/servers/${made.id}/actions/rebuild`, { image_id: 'alma-9', confirm: 'other' })).status,
    ).toBe(422);
    expect(
      (await post(who, `/servers/${made.id}/actions/rebuild`, { image_id: 'windows-2025', confirm: made.hostname }))
        .status,
    ).toBe(422);
    const { body } = await post(who, `/servers/${made.id}/actions/rebuild`, {
      image_id: 'alma-9',
      confirm: made.hostname,
      user_data: '#cloud-config',
    });
    await pass(ACTION_MS);
    const { secret } = await operation(body.operation_id);
    expect(secret).toMatch(/^\w{24}$/);
    expect((await operation(body.operation_id)).secret).toBe(secret);
    expect((await get(who, `/servers/${made.id}`)).body).toMatchObject({ image_id: 'alma-9', ips: made.ips });
    const reset = await post(who, `/servers/${made.id}/actions/reset-password`);
    await pass(ACTION_MS);
    expect((await operation(reset.body.operation_id)).secret).toMatch(/^\w{24}$/);
  });

  it('refuses a rebuild of a protected server', async () => {
    const made = await makeServer(who);
    await send(who, 'patch', `/servers/${made.id}`, { body: { protection: true } });
    expect((await post(who, `/servers/${made.id}/actions/rebuild`, { confirm: made.hostname })).body.error.code).toBe(
      'state_conflict',
    );
    expect(
      (await send(who, 'delete', `/servers/${made.id}`, { body: { when: 'now', confirm: made.hostname } })).body.error
        .code,
    ).toBe('state_conflict');
    expect((await get(who, `/servers/${made.id}`)).body.can).toMatchObject({
      delete: { allowed: false, reason: expect.stringContaining('protected') },
      reboot: { allowed: true },
    });
  });
});

describe('PATCH /servers/{id}', () => {
  it('changes the named fields; auto_renew requires vps:buy', async () => {
    const made = await makeServer(who, { label: 'a' });
    expect(
      (await send(who, 'patch', `/servers/${made.id}`, { body: { label: null, tags: ['x'], auto_renew: true } })).body,
    ).toMatchObject({ label: null, tags: ['x'], auto_renew: true });
    expect((await send(who, 'patch', `/servers/${made.id}`, { body: { label: ' Web ' } })).body.label).toBe('Web');
    for (const label of [' ', '\u200b', 'a\nb'])
      expect((await send(who, 'patch', `/servers/${made.id}`, { body: { label } })).body.error).toMatchObject({
        code: 'validation_error',
        details: [{ path: 'label' }],
      });
    for (const [path, fields] of [
      ['/ssh-keys', { public_key: 'x' }],
      [`/servers/${made.id}/snapshots`, {}],
    ] as const) {
      expect((await post(who, path, { ...fields, name: '\u3164' })).body.error).toMatchObject({
        code: 'validation_error',
        details: [{ path: 'name' }],
      });
    }
    const writer = await world.keyOf(who.accountId, { scopes: ['vps:write'] });
    expect((await send(writer, 'patch', `/servers/${made.id}`, { body: { auto_renew: true } })).body.error.code).toBe(
      'forbidden_scope',
    );
    expect(
      (await send(writer, 'patch', `/servers/${made.id}`, { body: { auto_renew: false, reference: 'r' } })).body,
    ).toMatchObject({ auto_renew: false, reference: 'r', tags: ['x'] });
  });
});

describe('POST /servers/bulk-actions', () => {
  it('answers one item each, in order; a second action on the same server is busy', async () => {
    const [a, b] = [await makeServer(who, { tags: ['t'] }), await makeServer(who)];
    const answer = await post(who, '/servers/bulk-actions', {
      action: 'stop',
      server_ids: [a.id, UNKNOWN, a.id, b.id],
    });
    expect(answer.body).toMatchObject({ total: 4, ok: 2, failed: 2 });
    expect(
      answer.body.items.map(({ ref, error }: { ref: string; error?: { code: string } }) => [ref, error?.code]),
    ).toEqual([
      [a.id, undefined],
      [UNKNOWN, 'not_found'],
      [a.id, 'busy'],
      [b.id, undefined],
    ]);
    await pass(ACTION_MS);
    expect(
      (await post(who, '/servers/bulk-actions', { action: 'start', filter: { tag: 't', power: 'stopped' } })).body,
    ).toMatchObject({ total: 1, ok: 1 });
    await pass(ACTION_MS);
    expect((await post(who, '/servers/bulk-actions', { action: 'start', filter: {} })).status).toBe(422);
    expect(
      (await post(who, '/servers/bulk-actions', { action: 'start', server_ids: Array(501).fill('x') })).status,
    ).toBe(413);
  });
});

describe('deletion', () => {
  it('switches the server off at once, can be undone, and releases stock and addresses at its end', async () => {
    const made = await makeServer(who);
    const left = await stock();
    const url = `/servers/${made.id}`;
    expect((await send(who, 'delete', url, { body: { when: 'now', confirm: made.hostname } })).status).toBe(202);
    await pass(ACTION_MS);
    expect((await get(who, url)).body).toMatchObject({
      lifecycle: 'terminating',
      power: 'stopped',
      terminates_at: expect.any(String),
      can: { undelete: { allowed: true }, start: { allowed: false } },
    });
    await post(who, `${url}/undelete`);
    await pass(ACTION_MS);
    expect((await get(who, url)).body).toMatchObject({
      lifecycle: 'active',
      power: 'running',
      terminates_at: null,
      expires_at: made.expires_at,
    });
    await send(who, 'delete', url, { body: { when: 'now', confirm: made.hostname } });
    await pass(ACTION_MS);
    await pass(72 * 3_600_000);
    await pass(ACTION_MS);
    expect((await get(who, url)).body).toMatchObject({ lifecycle: 'terminated', ips: [] });
    expect((await get(who, '/servers')).body.items).toEqual([]);
    expect(await stock()).toBe(left + 1);
    expect((await post(who, `${url}/undelete`)).body.error.code).toBe('state_conflict');
  });

  it('at the end of the period happens at expiry, unless the server is renewed', async () => {
    const made = await makeServer(who, { auto_renew: true });
    const url = `/servers/${made.id}`;
    expect((await send(who, 'delete', url, { body: { confirm: made.hostname } })).body).toMatchObject({
      delete_at_expiry: true,
      auto_renew: false,
      lifecycle: 'active',
    });
    expect((await post(who, `${url}/undelete`)).body).toMatchObject({ delete_at_expiry: false });
    expect((await post(who, `${url}/undelete`)).body.error.code).toBe('state_conflict');
    await send(who, 'delete', url, { body: { when: 'period_end', confirm: made.hostname } });
    await pass(32 * 86_400_000);
    await pass(ACTION_MS);
    expect((await get(who, url)).body).toMatchObject({ lifecycle: 'terminating', power: 'stopped' });
    await round();
  });
});
