// Syncing many names at once, and names that the registry does not know.
import { recoverOperations } from '@lumi/shared/operations';
import { domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => {
  jest.restoreAllMocks();
  t.clock.shiftMs = 0;
  expect(await t.breaches()).toEqual([]);
});

async function bought(who: Who, domain: string, body: object = {}) {
  return (await t.buy(who, { domain, ...body }).expect(201)).body.domain as { domain: string; expires_at: string };
}
const renew = (who: Who, domain: string, current: string, body: object = {}) =>
  t.pay(who, `/domains/${domain}/renew`, { years: 1, current_expires_at: current, ...body });
const sync = (who: Who, domain: string) => t.post(who, `/domains/${domain}/sync`, {});
const eventsOf = async (who: Who, domain: string) =>
  (
    (await t.get(who, `/events?limit=200`)).body.items as {
      type: string;
      subject: string;
      data: Record<string, unknown>;
    }[]
  ).filter((one) => one.subject === domain);
const columns = async (domain: string) =>
  (await t.owner.query('SELECT * FROM domains.domain WHERE name = $1 ORDER BY seq DESC LIMIT 1', [domain]))
    .rows[0] as Record<string, unknown>;

describe('a name that the registry does not know', () => {
  it('is kept and marked missing, refuses purchases and changes, and recovers when the registry knows it again', async () => {
    const who = await t.account();
    const { expires_at: ours } = await bought(who, 'drift-gone-a.test', { auto_renew: true });
    const refused = await renew(who, 'drift-gone-a.test', ours).expect(409);
    expect(refused.body.error).toMatchObject({
      code: 'state_conflict',
      details: [{ path: 'missing_since', message: expect.stringMatching(/Z$/) }],
    });
    const kept = (await t.get(who, '/domains/drift-gone-a.test').expect(200)).body;
    expect(kept).toMatchObject({
      state: 'active',
      expires_at: ours,
      missing_since: expect.stringMatching(/Z$/),
      can: { renew: { allowed: false }, change_ns: { allowed: false }, delete: { allowed: false } },
    });
    expect((await eventsOf(who, 'drift-gone-a.test')).map(({ type }) => type)).toContain('domain.missing');
    const orders = (await t.get(who, '/orders')).body.items.length;
    for (const answer of [
      await renew(who, 'drift-gone-a.test', ours),
      await t.patch(who, '/domains/drift-gone-a.test', { locked: false }),
      await t.pay(who, '/domains/drift-gone-a.test/restore', {}),
    ]) {
      expect([answer.status, answer.body.error.code]).toEqual([409, 'state_conflict']);
    }
    expect((await t.get(who, '/orders')).body.items).toHaveLength(orders);
    await t.owner.query(
      `INSERT INTO domains.sandbox_name (name, tld, sponsor, registered_at, expires_at, locked, privacy, updated_at)
        SELECT name, tld, 'us', registered_at, expires_at, locked, privacy, now() FROM domains.domain
          WHERE name = 'drift-gone-a.test'`,
    );
    expect((await sync(who, 'drift-gone-a.test').expect(200)).body).toMatchObject({
      missing_since: null,
      can: { renew: { allowed: true } },
    });
    await renew(who, 'drift-gone-a.test', ours).expect(200);
  });

  it('is kept when a change with an unknown end finds it missing', async () => {
    const who = await t.account();
    await bought(who, 'update-timeout-before-gone.test');
    await t.owner.query(`DELETE FROM domains.sandbox_name WHERE name = 'update-timeout-before-gone.test'`);
    await t.patch(who, '/domains/update-timeout-before-gone.test', { locked: false }).expect(502);
    expect(await columns('update-timeout-before-gone.test')).toMatchObject({
      ended_at: null,
      state: 'active',
      missing_since: expect.any(Date),
    });
  });

  it('moves to transferred_out when it is held at another registrar', async () => {
    const who = await t.account();
    await bought(who, 'drift-away-a.test');
    expect((await sync(who, 'drift-away-a.test').expect(200)).body.state).toBe('transferred_out');
    await t.get(who, '/domains/drift-away-a.test').expect(404);
    expect((await eventsOf(who, 'drift-away-a.test')).map(({ type }) => type)).toEqual([
      'domain.registered',
      'domain.synced',
      'domain.transferred_out',
    ]);
  });
});

describe('POST /domains/sync', () => {
  const { kind } = t.domains.syncs.domains;
  const kinds = new Map([[kind.kind, kind]]);
  const age = () => t.owner.query(`UPDATE platform.sync_turn SET asked_at = asked_at - interval '61 seconds'`);

  it('reads all domains in steps of the worker, and counts how many differed', async () => {
    const who = await t.account({ balance: '100' });
    for (let i = 0; i < 30; i += 1) await bought(who, `many-${String(i)}.test`);
    for (const name of ['drift-expiry-m.test', 'drift-gone-m.test', 'drift-away-m.test']) await bought(who, name);
    const { body } = await t.post(who, '/domains/sync', {}).expect(202);
    expect(body.operation).toMatchObject({ kind: 'domain_sync', state: 'processing', money: null });
    expect((await t.post(who, '/domains/sync', {}).expect(409)).body.error).toMatchObject({
      code: 'busy',
      details: [{ path: 'operation_id', message: body.operation_id }],
    });
    const state = async () => (await t.get(who, `/operations/${body.operation_id}`)).body.state as string;
    for (let step = 0; step < 10 && (await state()) === 'processing'; step += 1) {
      await t.owner.query(`UPDATE platform.operation SET wake_at = now() WHERE state = 'running'`);
      expect(await recoverOperations(t.domains.service.purchases, kinds, 'domains')).toBe(1);
    }
    expect(await state()).toBe('completed');
    expect((await eventsOf(who, who.accountId)).at(-1)).toMatchObject({
      type: 'domain.all_synced',
      data: { operation_id: body.operation_id, total: 33, changed: 2, missing: 1, failed: 0 },
    });
    expect(
      (await t.get(who, '/domains?q=drift')).body.items.map(({ domain }: { domain: string }) => domain).sort(),
    ).toEqual(['drift-expiry-m.test', 'drift-gone-m.test']);
  });

  it('is allowed once a minute for each account', async () => {
    const who = await t.account();
    await t.post(who, '/domains/sync', {}).expect(202);
    const refused = await t.post(who, '/domains/sync', {}).expect(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    await t.post(await t.account(), '/domains/sync', {}).expect(202);
    await age();
    await t.post(who, '/domains/sync', {}).expect(202);
  });

  it('requires user_id from an operator', async () => {
    const operator = await t.operator();
    await t.post(operator, '/domains/sync', {}).expect(422);
    const who = await t.account();
    expect(
      (await t.post(operator, `/domains/sync?user_id=${who.accountId}`, {}).expect(202)).body.operation,
    ).toMatchObject({ user_id: who.accountId, state: 'completed' });
  });
});
