// The signing secret protects every request that leads to money.
import request from 'supertest';
import { findKeyById } from '../../base/keys';
import { testService, type TestKey } from '../../testing';
import { adminEndpoints } from '.';

const api = testService({ endpoints: (service) => adminEndpoints(service) });
const post = (path: string, who: TestKey, body: object) => request(api.app).post(path).set(api.as(who)).send(body);

describe('a key that signs', () => {
  const signed = (path: string, who: TestKey, body: object) =>
    request(api.app).post(path).set(api.asMoney(who)).send(body);
  const unsigned = (who: TestKey): TestKey => ({ ...who, principal: { ...who.principal, signature: 'missing' } });

  it('issues only keys that sign, in its own version by default', async () => {
    const signing = await api.operator({ signing: 'v2' });
    expect((await signed('/admin/keys', signing, { type: 'operator' }).expect(201)).body).toMatchObject({
      signing: 'v2',
      signing_secret: expect.any(String),
    });
    expect((await signed('/admin/keys', signing, { type: 'operator', signing: true }).expect(201)).body.signing).toBe(
      'v1',
    );
    for (const none of ['none', false]) {
      const refused = await signed('/admin/keys', signing, { type: 'operator', signing: none });
      expect([refused.status, refused.body.error.details]).toEqual([
        422,
        [{ path: 'signing', message: 'must be v1 or v2: a key that signs issues only keys that sign' }],
      ]);
    }
  });

  it('is refused at every guarded route without a signature or without an Idempotency-Key', async () => {
    const signing = await api.operator({ signing: 'v1' });
    const account = await api.account();
    for (const [path, body] of [
      ['/admin/keys', { type: 'operator' }],
      ['/admin/users', { name: 'X' }],
      [`/admin/keys/${signing.keyId}/roll`, { overlap_seconds: 0 }],
      [`/admin/keys/${account.keyId}/revoke`, {}],
    ] as const) {
      expect((await signed(path, unsigned(signing), body)).body.error.code).toBe('invalid_signature');
      expect((await post(path, signing, body)).body.error.code).toBe('idempotency_key_required');
    }
    expect((await findKeyById(api.service.admin.pool, account.keyId))?.revokedAt).toBeNull();
  });

  it('is replaced by a key that signs when it is rolled', async () => {
    const signing = await api.operator({ signing: 'v1' });
    expect(
      (await signed(`/admin/keys/${signing.keyId}/roll`, signing, { overlap_seconds: 0 }).expect(201)).body,
    ).toMatchObject({ signing: 'v1', signing_secret: expect.any(String) });
  });
});
