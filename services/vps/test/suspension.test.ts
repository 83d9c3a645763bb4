// Suspensions by operators, for reasons that no payment removes.
import type { TestAccount, TestKey } from '@lumi/shared/testing';
import { ACTION_MS, hostingWorld } from './world';

const world = hostingWorld();
const { account, operator: makeOperator, get, buy, send, pass, server: makeServer, audit, balance, clock } = world;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let who: TestAccount;
let operator: TestKey;
beforeEach(async () => {
  [who, operator] = [await account(), await makeOperator()];
});
afterEach(async () => expect(await audit()).toEqual([]));

const suspend = (id: string, body: object = {}) =>
  send(operator, 'post', `/admin/servers/${id}/suspend`, {
    body: { kind: 'abuse', reason: 'Port scans, case 1.', ...body },
  });
const lift = (id: string) => send(operator, 'post', `/admin/servers/${id}/unsuspend`);
const read = async (id: string) => (await get(who, `/servers/${id}`)).body;
const passUntil = (moment: string, afterMs: number) => pass(Date.parse(moment) + 1_000 + afterMs - clock.nowMs());

it('enters each decision that is carried out in the audit log, and none that is refused', async () => {
  const { id } = await makeServer(who);
  expect((await suspend(id, { deadline_days: 3 })).status).toBe(202);
  await pass(ACTION_MS);
  expect((await suspend(id)).body.error.code).toBe('state_conflict');
  expect((await lift(id)).status).toBe(202);
  await pass(ACTION_MS);
  const { items } = (await get(operator, `/admin/audit-log?subject=${id}`)).body as { items: object[] };
  expect(items).toEqual([
    expect.objectContaining({ action: 'server.unsuspend', key_id: operator.keyId, before: { lifecycle: 'suspended' } }),
    expect.objectContaining({
      action: 'server.suspend',
      before: { lifecycle: 'active' },
      after: { lifecycle: 'suspended', kind: 'abuse', reason: 'Port scans, case 1.', deadline_days: 3 },
    }),
  ]);
});

it('switches the server off, shows the reason, is lifted by operators only, and costs nothing', async () => {
  const { id, expires_at } = await makeServer(who);
  const before = await balance(who.accountId);
  expect((await suspend(id)).status).toBe(202);
  expect(await read(id)).toMatchObject({
    lifecycle: 'suspended',
    busy: { action: 'suspend' },
    suspension: { kind: 'abuse', reason: 'Port scans, case 1.' },
  });
  await pass(ACTION_MS);
  expect(await read(id)).toMatchObject({
    lifecycle: 'suspended',
    power: 'stopped',
    busy: null,
    terminates_at: null,
    can: { start: { allowed: false }, renew: { allowed: false }, delete: { allowed: true } },
  });
  expect((await get(who, `/servers/${id}/suspension`)).body).toMatchObject({
    kind: 'abuse',
    self_unsuspend: false,
    price_usd: null,
  });
  expect((await buy(who, `/servers/${id}/renew`, { current_expires_at: expires_at })).body.error.code).toBe(
    'suspended',
  );
  expect((await send(who, 'post', `/admin/servers/${id}/unsuspend`)).body.error.code).toBe('forbidden_scope');
  expect((await suspend(id)).body.error.code).toBe('state_conflict');

  expect((await lift(id)).status).toBe(202);
  await pass(ACTION_MS);
  expect(await read(id)).toMatchObject({ lifecycle: 'active', power: 'running', suspension: null, expires_at });
  expect((await lift(id)).body.error.code).toBe('state_conflict');
  expect(await balance(who.accountId)).toEqual(before);
  const types = (await get(who, '/events')).body.items.map(({ type }: { type: string }) => type);
  expect(types).toEqual(expect.arrayContaining(['server.suspended', 'server.unsuspended']));
});

it("a renewal does not lift an operator's suspension, and an operator does not lift one for non-payment", async () => {
  const { id, expires_at } = await makeServer(who);
  await passUntil(expires_at, 0);
  await passUntil(expires_at, 48 * HOUR);
  await pass(ACTION_MS);
  expect(await read(id)).toMatchObject({ lifecycle: 'suspended', suspension: { kind: 'unpaid' } });
  expect((await lift(id)).body.error.code).toBe('state_conflict');
  await buy(who, `/servers/${id}/renew`, { current_expires_at: expires_at });
  await pass(ACTION_MS);
  expect(await read(id)).toMatchObject({ lifecycle: 'active' });
});

it('a suspension lifted after the paid time gives a new grace period, and then the usual end', async () => {
  const { id, expires_at } = await makeServer(who);
  await suspend(id);
  await pass(ACTION_MS);
  await passUntil(expires_at, 0);
  await passUntil(expires_at, 5 * DAY);
  expect(await read(id)).toMatchObject({
    lifecycle: 'suspended',
    suspension: { kind: 'abuse' },
    terminates_at: new Date(Date.parse(expires_at) + 14 * DAY).toISOString().replace('.000', ''),
  });
  await lift(id);
  await pass(ACTION_MS);
  expect(await read(id)).toMatchObject({ lifecycle: 'grace', power: 'running', terminates_at: null });
  await pass(47 * HOUR);
  expect(await read(id)).toMatchObject({ lifecycle: 'grace' });
  await pass(3 * HOUR);
  await pass(ACTION_MS);
  await pass(ACTION_MS);
  expect(await read(id)).toMatchObject({ lifecycle: 'suspended', power: 'stopped', suspension: { kind: 'unpaid' } });
});

it('a suspension ends with the deletion of the server at its deadline', async () => {
  const { id } = await makeServer(who);
  await suspend(id, { kind: 'operator', deadline_days: 3 });
  await pass(ACTION_MS);
  await pass(3 * DAY);
  await pass(ACTION_MS);
  expect(await read(id)).toMatchObject({ lifecycle: 'terminated', ips: [] });
});
