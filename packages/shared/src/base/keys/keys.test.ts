import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import { newId, resellerScopes } from '../../ground/contract';
import { FixedClock, systemClock, type SecretRing } from '../../ground/runtime';
import { testDatabase } from '../../testing';
import {
  KeyDigests,
  displayPrefix,
  findKeyByDigest,
  findKeyById,
  generateKey,
  ipTest,
  isUsable,
  issueKey,
  openSigningSecret,
  productOfKey,
  revokeKey,
  rollKey,
  sealSigningSecret,
  type KeyRequest,
  type KeyRings,
} from './index';

const ring = (...versions: number[]): SecretRing => ({
  current: versions.at(-1) ?? 0,
  byVersion: new Map(versions.map((version) => [version, randomBytes(32)])),
});

describe('the format of a key', () => {
  it('is lumi_<product>_ with 32 random and 6 checksum characters', () => {
    for (const product of ['domains', 'vps', 'proxy'] as const) {
      const key = generateKey(product);
      expect(key).toMatch(new RegExp(`^lumi_${product}_[0-9A-Za-z]{38}$`));
      expect(productOfKey(key)).toBe(product);
    }
  });

  it('is refused without a look-up when one character is wrong, two are swapped or the product is another', () => {
    for (let round = 0; round < 200; round += 1) {
      const key = generateKey('domains');
      const at = 13 + (round % 38);
      const other = key.charAt(at) === 'a' ? 'b' : 'a';
      expect(productOfKey(key.slice(0, at) + other + key.slice(at + 1))).toBeNull();
      expect(productOfKey(key.replace('lumi_domains_', 'lumi_vps_'))).toBeNull();
    }
    for (const text of [
      '',
      'lumi_domains_',
      `${generateKey('vps')}x`,
      generateKey('vps').toUpperCase(),
      ` ${generateKey('vps')}`,
    ])
      expect(productOfKey(text)).toBeNull();
  });

  it('never repeats, and its preview shows no more than four characters', () => {
    const keys = new Set(Array.from({ length: 1000 }, () => generateKey('proxy')));
    expect(keys.size).toBe(1000);
    const key = generateKey('proxy');
    expect(displayPrefix(key)).toBe(`${key.slice(0, 15)}…`);
  });
});

describe('digests', () => {
  it('differ by pepper, the current one first', () => {
    const both = ring(1, 2);
    const onlyOld: SecretRing = { current: 1, byVersion: new Map([...both.byVersion].slice(0, 1)) };
    const [current, old] = new KeyDigests(both).all('lumi_x');
    expect(new KeyDigests(both).current('lumi_x')).toEqual(current);
    expect(new KeyDigests(onlyOld).current('lumi_x')).toEqual(old);
    expect(current).not.toEqual(old);
  });
});

describe('signing secrets', () => {
  it('can be opened for their own key only, unchanged only, and under any key of the ring', () => {
    const old = ring(1);
    const sealed = sealSigningSecret(old, 'key_a', 's3cret');
    const grown: SecretRing = { current: 2, byVersion: new Map([...old.byVersion, [2, randomBytes(32)]]) };
    expect(openSigningSecret(grown, 'key_a', sealed)).toBe('s3cret');
    expect(() => openSigningSecret(grown, 'key_b', sealed)).toThrow();
    for (let i = 0; i < sealed.length; i += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
      expect(() => openSigningSecret(grown, 'key_a', changed)).toThrow();
    }
    expect(sealed.includes('s3cret')).toBe(false);
  });
});

describe('IP allow-lists', () => {
  it('admit by block, also IPv4 in its mapped form, and every address when empty', () => {
    const test = ipTest(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);
    expect(['10.9.8.7', '::ffff:10.9.8.7', '192.0.2.7', '2001:db8:1::5'].map(test)).toEqual([true, true, true, true]);
    expect(['11.0.0.1', '192.0.2.8', '2001:db9::1', '', 'nonsense'].map(test)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(ipTest([])('203.0.113.1')).toBe(true);
    expect(ipTest(['not a block'])('203.0.113.1')).toBe(false);
  });
});

describe('keys in the database', () => {
  const database = testDatabase();
  const rings: KeyRings = { peppers: ring(1, 2), secrets: ring(1), clock: systemClock };
  const digests = new KeyDigests(rings.peppers);
  let db: Pool;
  let gateway: Pool;
  let accountId: string;

  beforeAll(async () => {
    db = new Pool({ connectionString: database.urlFor('lumi_admin'), max: 4 });
    gateway = new Pool({ connectionString: database.urlFor('lumi_gateway'), max: 1 });
    accountId = newId('usr', Date.now());
    await db.query('SELECT platform.create_account($1, $2)', [accountId, 'keys']);
  });
  afterAll(() => Promise.all([db.end(), gateway.end()]));

  const request = (more: Partial<KeyRequest> = {}): KeyRequest => ({
    product: 'domains',
    type: 'reseller',
    accountId,
    scopes: resellerScopes('domains'),
    ...more,
  });

  it('are found by digest, with all data they were issued with', async () => {
    const expiresAt = new Date('2030-01-02T03:04:05.678Z');
    const made = await issueKey(
      db,
      rings,
      request({
        scopes: ['domains:read'],
        dailyCapUnits: 9_007_199_254_740_993n,
        signing: 'v2',
        limits: { regularPerMinute: 7, moneyPerMinute: 3 },
        ipAllowlist: ['10.1.2.3/8', '2001:db8::1/32', '192.0.2.1'],
        expiresAt,
      }),
    );
    const found = await findKeyByDigest(gateway, digests.all(made.key));
    expect(found).toMatchObject({
      id: made.id,
      product: 'domains',
      type: 'reseller',
      accountId,
      scopes: ['domains:read'],
      dailyCapUnits: 9_007_199_254_740_993n,
      regularPerMinute: 7,
      moneyPerMinute: 3,
      ipAllowlist: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1/32'],
      signing: 'v2',
      expiresAt,
      revokedAt: null,
      lastUsedAt: null,
    });
    expect(openSigningSecret(rings.secrets, made.id, found?.signingSecret ?? Buffer.alloc(0))).toBe(made.signingSecret);
    expect(await findKeyByDigest(gateway, digests.all(generateKey('domains')))).toBeNull();
  });

  it('are not stored in clear', async () => {
    const made = await issueKey(db, rings, request({ signing: 'v1' }));
    const { rows } = await gateway.query<{ row: string }>(
      'SELECT api_key::text AS row FROM platform.api_key WHERE id = $1',
      [made.id],
    );
    expect(rows[0]?.row).not.toContain(made.key.slice(20));
    expect(rows[0]?.row).not.toContain(made.signingSecret);
  });

  it('are found when they were stored under an older pepper', async () => {
    const older: KeyRings = { ...rings, peppers: { current: 1, byVersion: rings.peppers.byVersion } };
    const made = await issueKey(db, older, request());
    expect((await findKeyByDigest(gateway, digests.all(made.key)))?.id).toBe(made.id);
  });

  it('have a signing secret only when they sign', async () => {
    expect((await issueKey(db, rings, request())).signingSecret).toBeUndefined();
  });

  it.each<[string, Partial<KeyRequest>]>([
    ['a scope of another product', { scopes: ['vps:read'] }],
    ['no scope', { scopes: [] }],
    ['admin:* for a reseller', { scopes: ['admin:*'] }],
    ['a reseller without account', { accountId: null }],
    ['an operator with account', { type: 'operator' }],
    ['an unreadable address', { ipAllowlist: ['10.0.0.0/33'] }],
    ['a limit of zero', { limits: { moneyPerMinute: 0 } }],
    ['an expiry in the past', { expiresAt: new Date(0) }],
    ['a negative cap', { dailyCapUnits: -1n }],
  ])('are refused with 422 for %s', async (_what, more) => {
    await expect(issueKey(db, rings, request(more))).rejects.toMatchObject({ code: 'validation_error' });
  });

  it('are rolled with the same rights; the old key stays valid for the overlap', async () => {
    const old = await issueKey(
      db,
      rings,
      request({
        dailyCapUnits: 50_000n,
        limits: { moneyPerMinute: 5 },
        ipAllowlist: ['192.0.2.0/24'],
        signing: 'v1',
      }),
    );
    const rolled = await rollKey(db, rings, { keyId: old.id, overlapSeconds: 60 });
    expect(rolled.key).not.toBe(old.key);
    expect(rolled.signingSecret).not.toBe(old.signingSecret);
    expect(rolled.record).toMatchObject({
      lineageId: old.record.lineageId,
      accountId,
      dailyCapUnits: 50_000n,
      moneyPerMinute: 5,
      ipAllowlist: ['192.0.2.0/24'],
      signing: 'v1',
      expiresAt: null,
      replacedBy: null,
    });
    expect(openSigningSecret(rings.secrets, rolled.id, rolled.record.signingSecret ?? Buffer.alloc(0))).toBe(
      rolled.signingSecret,
    );
    const before = await findKeyById(db, old.id);
    expect(before).toMatchObject({ replacedBy: rolled.id });
    const end = before?.expiresAt?.getTime() ?? 0;
    expect(end).toBeGreaterThan(Date.now());
    expect(end).toBeLessThanOrEqual(Date.now() + 61_000);
    if (before === null) throw new Error('the old key is gone');
    expect(isUsable(before, new FixedClock(end - 1).nowMs())).toBe(true);
    expect(isUsable(before, new FixedClock(end).nowMs())).toBe(false);
  });

  it('have one successor, also when two requests roll one key at once', async () => {
    const old = await issueKey(db, rings, request());
    const both = await Promise.allSettled([
      rollKey(db, rings, { keyId: old.id, overlapSeconds: 60 }),
      rollKey(db, rings, { keyId: old.id, overlapSeconds: 60 }),
    ]);
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    const { rows } = await db.query('SELECT id FROM platform.api_key WHERE lineage_id = $1', [old.record.lineageId]);
    expect(rows).toHaveLength(2);
  });

  it("end at once when rolled without overlap; an overlap never extends a key's expiry", async () => {
    const old = await issueKey(db, rings, request());
    await rollKey(db, rings, { keyId: old.id, overlapSeconds: 0 });
    const ended = await findKeyById(db, old.id);
    expect(ended !== null && isUsable(ended, Date.now() + 1_000)).toBe(false);
    const expiresAt = new Date(Date.now() + 30_000);
    const short = await issueKey(db, rings, request({ expiresAt }));
    await rollKey(db, rings, { keyId: short.id, overlapSeconds: 3_600 });
    expect((await findKeyById(db, short.id))?.expiresAt).toEqual(expiresAt);
  });

  it('can be revoked permanently, and a revoked key cannot be rolled', async () => {
    const made = await issueKey(db, rings, request());
    const revoked = await revokeKey(db, made.id);
    expect(revoked?.generation).toBeGreaterThan(made.record.generation);
    expect(revoked !== null && isUsable(revoked, Date.now())).toBe(false);
    expect((await revokeKey(db, made.id))?.revokedAt).toEqual(revoked?.revokedAt);
    await expect(rollKey(db, rings, { keyId: made.id, overlapSeconds: 60 })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await revokeKey(db, 'key_unknown')).toBeNull();
  });
});
