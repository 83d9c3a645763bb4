// Actions that lead to money happen once under their key, and become rows that cannot be changed.
import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import request from 'supertest';
import { autoRenewEndpoints } from '../../work/lifecycle';
import { retentionLoop } from '../retention';
import { accountEndpoints } from '../../counter/account';
import { shopEndpoints, testService, type TestKey } from '../../testing';
import { adminEndpoints } from '.';

const api = testService({
  endpoints: (service) => [
    ...accountEndpoints(service),
    ...adminEndpoints(service),
    ...autoRenewEndpoints(service),
    ...shopEndpoints(service),
  ],
});
const owner = new Pool({ connectionString: api.database.ownerUrl, max: 2 });
afterAll(() => owner.end());

let operator: TestKey;
beforeAll(async () => {
  operator = await api.operator({ signing: 'v1' });
});

const send = (
  method: 'post' | 'patch' | 'get',
  path: string,
  body?: object,
  { who = operator, key = randomBytes(9).toString('hex') }: { who?: TestKey; key?: string } = {},
) => request(api.app)[method](path).set(api.asMoney(who, key)).set('x-lumi-client-ip', '192.0.2.7').send(body);
const entries = async (query = '') =>
  (await send('get', `/admin/audit-log${query}`)).body.items as Record<string, unknown>[];
const count = async (table: string): Promise<number> =>
  Number((await owner.query(`SELECT count(*)::int AS n FROM platform.${table}`)).rows[0].n);
const secretsIn = async (): Promise<string> =>
  (
    await owner.query(
      `SELECT string_agg(coalesce(before::text, '') || coalesce(after::text, ''), ' ') AS text FROM platform.audit_log`,
    )
  ).rows[0].text as string;

describe('POST /admin/keys under one Idempotency-Key', () => {
  const body = { type: 'operator', signing: 'v1' };

  it('makes one key for all repeats, also at the same time', async () => {
    const [before, key] = [await count('api_key'), 'one-key-0001'];
    const all = await Promise.all(Array.from({ length: 6 }, () => send('post', '/admin/keys', body, { key })));
    const again = await send('post', '/admin/keys', body, { key });
    expect([...all, again].map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 201));
    expect(new Set([...all, again].map(({ text }) => text)).size).toBe(1);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await count('api_key')).toBe(before + 1);
    expect(await entries(`?action=key.issue&subject=${String(again.body.id)}`)).toHaveLength(1);
    expect((await send('post', '/admin/keys', { ...body, signing: 'v2' }, { key })).body.error.code).toBe(
      'idempotency_key_reused',
    );
  });

  it('keeps the answer sealed for a day; later a repeat learns only that it was answered', async () => {
    const key = 'sealed-key-0001';
    const made = (await send('post', '/admin/keys', body, { key }).expect(201)).body as {
      key: string;
      signing_secret: string;
    };
    const stored = async () =>
      (
        await owner.query<{ body: Buffer; sealed: boolean }>(
          'SELECT body, sealed FROM platform.idempotency WHERE key = $1',
          [key],
        )
      ).rows[0];
    const before = await stored();
    expect(before?.sealed).toBe(true);
    for (const secret of [made.key, made.signing_secret]) expect(before?.body.toString('latin1')).not.toContain(secret);
    expect((await send('get', `/requests/${key}`)).body).toMatchObject({
      state: 'done',
      status_code: 201,
      response: null,
    });

    await owner.query(`UPDATE platform.idempotency SET done_at = now() - interval '25 hours' WHERE key = $1`, [key]);
    const late = await send('post', '/admin/keys', body, { key });
    expect([late.status, late.body.error.code]).toEqual([409, 'state_conflict']);
    await retentionLoop(api.service).run();
    expect((await stored())?.body).toHaveLength(0);
    expect((await send('post', '/admin/keys', body, { key })).status).toBe(409);
  });

  it('stores no refusal: the same key works for the corrected request', async () => {
    const key = 'mended-0001';
    expect(
      (
        await send(
          'post',
          '/admin/keys',
          { type: 'reseller', user_id: 'usr_01k000000000000000000000', scopes: ['domains:read'] },
          { key },
        )
      ).status,
    ).toBe(404);
    expect((await send('post', '/admin/keys', body, { key })).status).toBe(201);
  });

  it('works without one for a key that does not sign, with a new key each time', async () => {
    const plain = await api.operator();
    const post = () => request(api.app).post('/admin/keys').set(api.as(plain)).send({ type: 'operator' });
    expect((await post().expect(201)).body.id).not.toBe((await post().expect(201)).body.id);
    const key = 'plain-key-0001';
    expect((await send('post', '/admin/keys', { type: 'operator' }, { who: plain, key })).text).toBe(
      (await send('post', '/admin/keys', { type: 'operator' }, { who: plain, key })).text,
    );
  });
});

describe('the audit log', () => {
  it('has a row for every action: actor, address, before and after, and no secret', async () => {
    const user = (await send('post', '/admin/users', { name: 'Audited Ltd' }).expect(201)).body.user_id as string;
    const issued = (
      await send('post', '/admin/keys', {
        type: 'reseller',
        user_id: user,
        scopes: ['domains:read'],
        signing: 'v1',
      }).expect(201)
    ).body;
    const rolled = (await send('post', `/admin/keys/${String(issued.id)}/roll`, { overlap_seconds: 60 }).expect(201))
      .body;
    await send('post', `/admin/keys/${String(rolled.id)}/revoke`, {}).expect(200);
    await send('post', `/admin/users/${user}/adjust`, { amount_usd: '25.00', reason: 'Welcome credit' }).expect(200);
    await send('patch', '/auto-renew-settings', { user_id: user, monthly_cap_usd: '500.00' }).expect(200);

    const seen = await entries(`?user_id=${user}`);
    expect(
      seen.map(({ action, actor, key_id: keyId, address, product }) => [action, actor, keyId, address, product]),
    ).toEqual(
      ['auto_renew_settings.update', 'user.adjust', 'key.revoke', 'key.roll', 'key.issue', 'user.create'].map(
        (action) => [action, 'operator', operator.keyId, '192.0.2.7', 'domains'],
      ),
    );
    expect(seen[0]).toMatchObject({ before: { monthly_cap_usd: null }, after: { monthly_cap_usd: '500.00' } });
    expect(seen[1]).toMatchObject({
      before: { balance_usd: '0.00' },
      after: { balance_usd: '25.00', reason: 'Welcome credit' },
    });
    expect(seen[2]).toMatchObject({ subject: rolled.id, before: { state: 'active' }, after: { state: 'revoked' } });
    expect(seen[3]).toMatchObject({
      subject: issued.id,
      before: { id: issued.id },
      after: { id: rolled.id, signing: 'v1' },
    });
    expect(seen[4]).toMatchObject({
      subject: issued.id,
      before: null,
      after: { scopes: ['domains:read'] },
      request_id: expect.stringMatching(/^req_/),
    });
    const text = await secretsIn();
    for (const secret of [issued.key, issued.signing_secret, rolled.key, rolled.signing_secret])
      expect(text).not.toContain(String(secret).slice(-20));
  });

  it('has no row of an action that was refused', async () => {
    const account = await api.account({ balance: '5' });
    const before = await count('audit_log');
    const key = 'refused-act-0001';
    expect(
      (
        await send(
          'post',
          `/admin/users/${account.accountId}/adjust`,
          { amount_usd: '-100', reason: 'too much' },
          { key },
        )
      ).body.error.code,
    ).toBe('insufficient_balance');
    await send('post', `/admin/keys/${account.keyId}/revoke`, {}).expect(200);
    expect((await send('post', `/admin/keys/${account.keyId}/roll`, { overlap_seconds: 1 })).status).toBe(404);
    expect(await count('audit_log')).toBe(before + 1);
    expect((await owner.query('SELECT 1 FROM platform.idempotency WHERE key = $1', [key])).rows).toEqual([]);
  });

  it('cannot be changed, not even by its owner', async () => {
    await send('post', '/admin/users', { name: 'Kept' }).expect(201);
    for (const text of [
      'UPDATE platform.audit_log SET actor = actor',
      'DELETE FROM platform.audit_log',
      'TRUNCATE platform.audit_log',
    ]) {
      for (const pool of [owner, api.service.admin.pool, api.service.db.pool])
        await expect(pool.query(text)).rejects.toMatchObject({ code: '42501' });
    }
    await expect(api.service.db.pool.query('SELECT 1 FROM platform.audit_log')).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('is for operators only, page by page', async () => {
    expect(
      (
        await request(api.app)
          .get('/admin/audit-log')
          .set(api.as(await api.account()))
      ).status,
    ).toBe(403);
    const first = (await send('get', '/admin/audit-log?limit=2')).body;
    const second = (await send('get', `/admin/audit-log?limit=2&cursor=${String(first.next_cursor)}`)).body;
    expect([first.items.length, first.has_more, second.items.length]).toEqual([2, true, 2]);
    expect(new Set([...first.items, ...second.items].map(({ id }: { id: string }) => id)).size).toBe(4);
    expect(await api.audit()).toEqual([]);
  });
});
