// Keys, as operators see and change them.
import { Pool } from 'pg';
import request from 'supertest';
import { accountEndpoints } from '../../counter/account';
import { newId } from '../../ground/contract';
import { KeyDigests, findKeyByDigest, findKeyById, openSigningSecret } from '../../base/keys';
import { shopEndpoints, testService, type TestKey } from '../../testing';
import { adminEndpoints } from '.';

const api = testService({
  endpoints: (service) => [...accountEndpoints(service), ...adminEndpoints(service), ...shopEndpoints(service)],
});
const get = (path: string, who: Parameters<typeof api.as>[0]) => request(api.app).get(path).set(api.as(who));
const post = (path: string, who: Parameters<typeof api.as>[0], body: object = {}) =>
  request(api.app).post(path).set(api.as(who)).send(body);
const unknownId = (prefix: 'usr' | 'key') => newId(prefix, api.service.clock.nowMs());

const gateway = new Pool({ connectionString: api.database.urlFor('lumi_gateway'), max: 1 });
const owner = new Pool({ connectionString: api.database.ownerUrl, max: 1 });
afterAll(() => Promise.all([gateway.end(), owner.end()]));

let operator: TestKey;
beforeAll(async () => {
  operator = await api.operator();
});

/** The error without its request id, to compare two errors. */
function bytesOf(answer: request.Response): string {
  return JSON.stringify({ ...answer.body.error, request_id: null });
}

describe('keys', () => {
  it('are issued once, for the product of the base', async () => {
    const account = await api.account();
    const answer = await post('/admin/keys', operator, {
      user_id: account.accountId,
      type: 'reseller',
      scopes: ['domains:read', 'domains:buy'],
      daily_cap_usd: '50',
      signing: true,
      limits: { money_per_minute: 5 },
      ip_allowlist: ['10.1.2.3/8', '2001:db8::1'],
      expires_at: '2099-01-01T00:00:00+02:00',
    });
    expect(answer.status).toBe(201);
    const { id, key, signing_secret, ...rest } = answer.body;
    expect(rest).toEqual({
      prefix: `${key.slice(0, 17)}…`,
      product: 'domains',
      type: 'reseller',
      user_id: account.accountId,
      state: 'active',
      scopes: ['domains:read', 'domains:buy'],
      daily_cap_usd: '50.00',
      signing: 'v1',
      limits: { regular_per_minute: null, money_per_minute: 5 },
      ip_allowlist: ['10.0.0.0/8', '2001:db8::1/128'],
      lineage_id: expect.stringMatching(/^lin_/),
      replaced_by: null,
      created_at: expect.any(String),
      expires_at: '2098-12-31T22:00:00Z',
      revoked_at: null,
      last_used_at: null,
    });
    const stored = await findKeyByDigest(gateway, new KeyDigests(api.rings.peppers).all(key));
    expect(stored?.id).toBe(id);
    expect(openSigningSecret(api.rings.secrets, id, stored?.signingSecret ?? Buffer.alloc(0))).toBe(signing_secret);
    const seen = JSON.stringify([
      (await get(`/admin/keys/${id}`, operator)).body,
      (await get('/admin/keys', operator)).body,
    ]);
    for (const secret of [key, signing_secret, stored?.digest.toString('hex'), stored?.digest.toString('base64')])
      expect(seen).not.toContain(secret);
    expect((await get(`/admin/keys/${id}`, operator)).body).toEqual({ id, ...rest });
  });

  it('of operators belong to no account, hold all scopes, and can make another operator key', async () => {
    const answer = await post('/admin/keys', operator, { user_id: null, type: 'operator', scopes: [] });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      type: 'operator',
      user_id: null,
      signing: 'none',
      scopes: expect.arrayContaining(['domains:buy', 'admin:*']),
    });
    expect(answer.body).not.toHaveProperty('signing_secret');
  });

  it('are listed by account and type', async () => {
    const account = await api.account();
    const second = await api.keyOf(account.accountId);
    const ids = async (query: string): Promise<string[]> =>
      (await get(`/admin/keys?${query}`, operator)).body.items.map((key: { id: string }) => key.id);
    expect(await ids(`user_id=${account.accountId}`)).toEqual([second.keyId, account.keyId].sort().reverse());
    expect(await ids(`user_id=${account.accountId}&type=operator`)).toEqual([]);
    expect(await ids(`user_id=${unknownId('usr')}`)).toEqual([]);
    expect(await ids('type=operator&limit=200')).toContain(operator.keyId);
  });

  it('are revoked permanently; a second revocation does no harm', async () => {
    const account = await api.account();
    const revoked = await post(`/admin/keys/${account.keyId}/revoke`, operator);
    expect(revoked.body).toMatchObject({ id: account.keyId, state: 'revoked', revoked_at: expect.any(String) });
    expect((await post(`/admin/keys/${account.keyId}/revoke`, operator)).body).toEqual(revoked.body);
    const bought = await request(api.app).post('/gadgets').set(api.asMoney(account)).send({ name: 'never' });
    expect(bought.body.error.code).toBe('invalid_key');
    expect(await api.audit()).toEqual([]);
  });

  it('are rolled: same scopes and records, a new key and secret; the old key ends after the overlap', async () => {
    const account = await api.account({ signing: 'v1', cap: '20', scopes: ['domains:read'] });
    const rolled = await post(`/admin/keys/${account.keyId}/roll`, operator, { overlap_seconds: 60 });
    expect(rolled.status).toBe(201);
    const [old, next] = [
      await findKeyById(api.service.admin.pool, account.keyId),
      await findKeyById(api.service.admin.pool, rolled.body.id),
    ];
    expect(next).toMatchObject({
      lineageId: old?.lineageId,
      accountId: account.accountId,
      scopes: ['domains:read'],
      dailyCapUnits: 200_000n,
      signing: 'v1',
      revokedAt: null,
    });
    expect(old).toMatchObject({ replacedBy: rolled.body.id, revokedAt: null });
    expect(rolled.body.key).not.toBe(account.key);
    expect(rolled.body.signing_secret).not.toBe(account.signingSecret);
    const again = await post(`/admin/keys/${account.keyId}/roll`, operator, { overlap_seconds: 60 });
    expect(again.status).toBe(404);
    await post(`/admin/keys/${rolled.body.id}/roll`, operator, { overlap_seconds: 0 }).expect(201);
    expect((await get(`/admin/keys/${rolled.body.id}`, operator)).body.state).toBe('expired');
  });

  it('answer 404 alike for unknown keys, keys of another product and malformed ids', async () => {
    await owner.query(
      `INSERT INTO platform.api_key (id, product, type, lineage_id, digest, pepper_version, prefix, scopes)
        VALUES ($1, 'vps', 'operator', 'lin_x', 'x', 1, 'lumi_vps_x', '{}')`,
      ['key_0000000000000000000000vp'],
    );
    for (const [method, suffix, body] of [
      ['get', '', undefined],
      ['post', '/revoke', {}],
      ['post', '/roll', { overlap_seconds: 5 }],
    ] as const) {
      const answers = await Promise.all(
        ['key_0000000000000000000000vp', unknownId('key'), 'nonsense'].map((id) =>
          request(api.app)[method](`/admin/keys/${id}${suffix}`).set(api.as(operator)).send(body),
        ),
      );
      expect(answers.map((answer) => answer.status)).toEqual([404, 404, 404]);
      expect(new Set(answers.map(bytesOf)).size).toBe(1);
    }
    const unknownUser = await post('/admin/keys', operator, {
      user_id: unknownId('usr'),
      type: 'reseller',
      scopes: ['domains:read'],
    });
    expect(unknownUser.status).toBe(404);
  });

  it.each([
    [{ type: 'reseller', scopes: ['domains:read'] }, 'user_id'],
    [{ type: 'operator', user_id: 'own' }, 'user_id'],
    [{ type: 'reseller', user_id: 'own', scopes: [] }, 'scopes'],
    [{ type: 'reseller', user_id: 'own', scopes: ['vps:read'] }, 'scopes'],
    [{ type: 'reseller', user_id: 'own', scopes: ['admin:*'] }, 'scopes'],
    [{ type: 'reseller', user_id: 'own', scopes: ['domains:read'], product: 'vps' }, 'product'],
    [{ type: 'reseller', user_id: 'own', scopes: ['domains:read'], daily_cap_usd: 5 }, 'daily_cap_usd'],
    [{ type: 'reseller', user_id: 'own', scopes: ['domains:read'], signing: 'v3' }, 'signing'],
    [
      { type: 'reseller', user_id: 'own', scopes: ['domains:read'], limits: { money_per_minute: 0 } },
      'limits.money_per_minute',
    ],
    [{ type: 'reseller', user_id: 'own', scopes: ['domains:read'], limits: { per_hour: 1 } }, 'limits.per_hour'],
    [{ type: 'reseller', user_id: 'own', scopes: ['domains:read'], ip_allowlist: ['example.com'] }, 'ip_allowlist'],
    [{ type: 'reseller', user_id: 'own', scopes: ['domains:read'], expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ type: 'admin' }, 'type'],
  ])('422: %j names %s', async (body, path) => {
    const account = await api.account();
    const answer = await post('/admin/keys', operator, {
      ...body,
      ...('user_id' in body ? { user_id: account.accountId } : {}),
    });
    expect(answer.status).toBe(422);
    expect(answer.body.error.details).toEqual([expect.objectContaining({ path })]);
  });

  it.each([
    {},
    { overlap_seconds: -1 },
    { overlap_seconds: 1.5 },
    { overlap_seconds: '5' },
    { overlap_seconds: 7_776_001 },
  ])('answer 422 when they are rolled with %j', async (body) => {
    const account = await api.account();
    expect((await post(`/admin/keys/${account.keyId}/roll`, operator, body)).status).toBe(422);
  });
});
