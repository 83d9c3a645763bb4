// Names that come from other registrars, and auth codes for names that leave.
import { parseUsd as usd } from '@lumi/shared/money';
import { CONTACT, domainsService } from './domains-fixture';

const t = domainsService();

afterEach(async () => expect(await t.breaches()).toEqual([]));

const AUTH = { auth_code: 'right-code' };

describe('POST /transfers', () => {
  it('holds the price until the registry is done, then charges and delivers', async () => {
    const who = await t.account({ balance: '5' });
    const { body } = await t
      .pay(
        who,
        '/transfers',
        { domain: 'Elsewhere-a.test', ...AUTH, auto_renew: true, reference: 'in-1' },
        'transfer-key',
      )
      .expect(202);
    expect(body.transfer).toMatchObject({
      id: body.operation_id,
      domain: 'elsewhere-a.test',
      state: 'pending',
      waiting_for: 'losing_registrar',
      reference: 'in-1',
    });
    expect(await t.balance(who.accountId)).toMatchObject({ posted: usd('5'), held: usd('1') });
    await t.recover();
    expect((await t.get(who, `/transfers/${body.operation_id}`).expect(200)).body).toMatchObject({
      state: 'completed',
      step: 'done',
      waiting_for: null,
    });
    expect((await t.get(who, '/domains/elsewhere-a.test').expect(200)).body).toMatchObject({
      auto_renew: true,
      state: 'active',
      can: { transfer_out: { allowed: false } },
    });
    expect(await t.balance(who.accountId)).toMatchObject({ posted: usd('4'), held: 0n });
    const replay = await t
      .pay(
        who,
        '/transfers',
        { domain: 'Elsewhere-a.test', ...AUTH, auto_renew: true, reference: 'in-1' },
        'transfer-key',
      )
      .expect(201);
    expect(replay.body.domain.domain).toBe('elsewhere-a.test');
    expect((await t.pay(who, '/transfers', { domain: 'elsewhere-a.test', ...AUTH }).expect(409)).body.error.code).toBe(
      'already_owned',
    );
  });

  it('charges nothing when the auth code is wrong, the name is free or the name cannot move', async () => {
    const who = await t.account({ balance: '5' });
    const codeOf = async (body: object) => (await t.pay(who, '/transfers', body)).body.error.code as string;
    expect(await codeOf({ domain: 'elsewhere-b.test', auth_code: 'wrong' })).toBe('validation_error');
    expect(await codeOf({ domain: 'elsewhere-b.test' })).toBe('requirements_missing');
    expect(await codeOf({ domain: 'nobody-has-it.test', ...AUTH })).toBe('not_available');
    expect(await codeOf({ domain: 'taken-b.test', ...AUTH })).toBe('state_conflict');
    expect(await codeOf({ domain: 'elsewhere-refused-b.test', ...AUTH })).toBe('supplier_error');
    expect(await t.balance(who.accountId)).toMatchObject({ posted: usd('5'), held: 0n });
    expect((await t.get(who, '/transfers?state=refused')).body.items).toHaveLength(3);
  });

  it('does not keep the auth code in clear', async () => {
    const who = await t.account();
    const { body } = await t
      .pay(who, '/transfers', { domain: 'elsewhere-c.test', auth_code: 'right-code' })
      .expect(202);
    const { rows } = await t.owner.query<{ item: string }>('SELECT item::text FROM platform.orders WHERE id = $1', [
      body.order.id,
    ]);
    expect(rows[0]?.item).not.toContain('right-code');
    await t.recover();
  });

  it.each([
    'elsewhere-timeout-before-d.test',
    'elsewhere-timeout-after-success-d.test',
    'elsewhere-pending-then-done-3-d.test',
  ])('settles %s by recovery', async (domain) => {
    const who = await t.account({ balance: '5' });
    await t.pay(who, '/transfers', { domain, ...AUTH }).expect(202);
    for (let round = 0; round < 4; round += 1) await t.recover();
    await t.get(who, `/domains/${domain}`).expect(200);
    expect(await t.balance(who.accountId)).toMatchObject({ posted: usd('4'), held: 0n });
  });

  it('releases the money when the losing registrar refuses', async () => {
    const who = await t.account({ balance: '5' });
    const { body } = await t
      .pay(who, '/transfers', { domain: 'elsewhere-pending-then-refused-e.test', ...AUTH })
      .expect(202);
    for (let round = 0; round < 3; round += 1) await t.recover();
    expect((await t.get(who, `/transfers/${body.operation_id}`)).body).toMatchObject({
      state: 'refused',
      reason: expect.any(String),
    });
    expect(await t.balance(who.accountId)).toMatchObject({ posted: usd('5'), held: 0n });
  });

  it('supports a dry run, and takes contacts and name servers', async () => {
    const who = await t.account();
    expect(
      (await t.post(who, '/transfers?dry_run=true', { domain: 'elsewhere-f.test', ...AUTH }).expect(200)).body,
    ).toMatchObject({ dry_run: true, price_usd: '1.00' });
    await t
      .pay(who, '/transfers', {
        domain: 'elsewhere-f.test',
        ...AUTH,
        contacts: { registrant: CONTACT },
        nameservers: ['ns1.example.net'],
      })
      .expect(202);
    await t.recover();
    const { body } = await t.get(who, '/domains/elsewhere-f.test');
    expect(body.nameservers).toEqual(['ns1.example.net']);
    await t.get(who, `/contacts/${body.contacts.registrant}`).expect(200);
  });
});

describe('POST /transfers/{id}/cancel', () => {
  it('withdraws the transfer and releases the money at once', async () => {
    const who = await t.account({ balance: '5' });
    const { body } = await t.pay(who, '/transfers', { domain: 'elsewhere-g.test', ...AUTH }, 'cancel-key').expect(202);
    expect((await t.post(who, `/transfers/${body.operation_id}/cancel`, {}).expect(200)).body).toMatchObject({
      state: 'cancelled',
      reason: null,
    });
    expect(await t.balance(who.accountId)).toMatchObject({ posted: usd('5'), held: 0n });
    expect((await t.post(who, `/transfers/${body.operation_id}/cancel`, {}).expect(409)).body.error.code).toBe(
      'state_conflict',
    );
    await t.recover();
    await t.get(who, '/domains/elsewhere-g.test').expect(404);
    expect(
      (await t.pay(who, '/transfers', { domain: 'elsewhere-g.test', ...AUTH }, 'cancel-key').expect(409)).body.error
        .code,
    ).toBe('state_conflict');
    await t.pay(who, '/transfers', { domain: 'elsewhere-g.test', ...AUTH }).expect(202);
    await t.recover();
  });

  it('ends the transfer exactly once when it races with recovery', async () => {
    const who = await t.account({ balance: '5' });
    const { body } = await t.pay(who, '/transfers', { domain: 'elsewhere-h.test', ...AUTH }).expect(202);
    await Promise.all([t.post(who, `/transfers/${body.operation_id}/cancel`, {}), t.recover()]);
    await t.recover();
    const { body: after } = await t.get(who, `/transfers/${body.operation_id}`);
    const { posted } = await t.balance(who.accountId);
    expect([after.state, posted]).toEqual(
      after.state === 'completed' ? ['completed', usd('4')] : ['cancelled', usd('5')],
    );
  });

  it('finds transfers of the own account only', async () => {
    const [who, other] = [await t.account(), await t.account()];
    const { body } = await t.pay(who, '/transfers', { domain: 'elsewhere-i.test', ...AUTH }).expect(202);
    const fixed = 'req_000000000000000000000000';
    const texts = await Promise.all(
      [`/transfers/${body.operation_id}/cancel`, '/transfers/op_01k0000000000000000000000/cancel'].map(
        async (path) => (await t.post(other, path, {}).set('x-request-id', fixed).expect(404)).text,
      ),
    );
    expect(texts[0]).toBe(texts[1]);
    await t.get(other, `/transfers/${body.operation_id}`).expect(404);
    expect((await t.get(other, '/transfers')).body.items).toEqual([]);
    expect((await t.get(who, '/transfers?domain=ELSEWHERE-i.test')).body.items).toHaveLength(1);
    await t.recover();
  });
});

it('POST /transfers/check lists what prevents a transfer', async () => {
  const who = await t.account();
  await t.buy(who, { domain: 'already-here.test' }).expect(201);
  const check = async (domain: string) => (await t.post(who, '/transfers/check', { domain }).expect(200)).body;
  expect(await check('elsewhere-x.test')).toEqual({
    domain: 'elsewhere-x.test',
    transferable: true,
    blockers: [],
    price_usd: '1.00',
    years: 1,
    auth_code_required: true,
  });
  expect((await check('already-here.test')).blockers).toMatchObject([{ code: 'already_owned' }]);
  expect((await check('free-name.test')).blockers).toMatchObject([{ code: 'not_available' }]);
  expect(await check('check-fails-x.test')).toMatchObject({
    transferable: false,
    price_usd: null,
    blockers: [{ code: 'supplier_error' }],
  });
});

describe('auth codes', () => {
  it('are made on demand, shown once, never stored in clear, and revoked', async () => {
    const who = await t.account();
    await t.buy(who, { domain: 'leaving.test' }).expect(201);
    const { body } = await t.post(who, '/domains/leaving.test/auth-code', { ttl_hours: 24 }).expect(200);
    expect(body).toMatchObject({
      domain: 'leaving.test',
      auth_code: expect.stringMatching(/^\S{20}$/),
      expires_at: expect.any(String),
    });
    expect((await t.get(who, '/domains/leaving.test')).body.auth_code_expires_at).toBe(body.expires_at);
    const { rows } = await t.owner.query<{ text: string }>(
      `SELECT to_jsonb(d)::text AS text FROM domains.domain d WHERE name = 'leaving.test' UNION ALL
        SELECT to_jsonb(n)::text FROM domains.sandbox_name n WHERE name = 'leaving.test'`,
    );
    for (const { text } of rows) expect(text).not.toContain(body.auth_code);
    expect((await t.post(who, '/domains/leaving.test/auth-code', {}).expect(200)).body.auth_code).not.toBe(
      body.auth_code,
    );
    expect((await t.remove(who, '/domains/leaving.test/auth-code').expect(200)).body).toEqual({
      domain: 'leaving.test',
      auth_code_expires_at: null,
    });
    await t.post(await t.account(), '/domains/leaving.test/auth-code', {}).expect(404);
  });
});
