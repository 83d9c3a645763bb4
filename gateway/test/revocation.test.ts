// A revoked key is refused on every gateway: at once when the notification arrives, and within five seconds when it
// does not.
import { Client } from 'pg';
import { KEY_COLUMNS, generateKey, issueKey, KeyDigests, revokeKey, rollKey, type Queryable } from '@lumi/shared/keys';
import { FixedClock, silentLog } from '@lumi/shared/runtime';
import { testDatabase, testRedis, until } from '@lumi/shared/testing';
import { KeyCache, TTL_MS } from '../src/keys/key-cache';
import { ask, openFixture, type Fixture, type TestGateway } from './fixture';

const database = testDatabase();
const redis = testRedis();
const clock = new FixedClock(Date.now());
let fixture: Fixture;
let first: TestGateway;
let second: TestGateway;

beforeAll(async () => {
  fixture = await openFixture(database, redis, clock);
  [first, second] = [await fixture.gateway(), await fixture.gateway()];
});
afterAll(() => fixture.close());

const status = async (gateway: TestGateway, key: string): Promise<number> =>
  (await ask(gateway, { path: '/api/v1/me', key })).status;
const codes = async (key: string): Promise<number[]> => [await status(first, key), await status(second, key)];

describe('gateways with notifications', () => {
  it('refuse a revoked key at once on every gateway, with a fixed clock', async () => {
    const { key, id } = await fixture.newKey();
    expect(await codes(key)).toEqual([200, 200]);
    await revokeKey(fixture.owner, id);
    await until(async () => (await codes(key)).join() === '401,401');
  });

  it('accept a rolled key until its overlap ends, exact to the second', async () => {
    const { key, id } = await fixture.newKey();
    await codes(key);
    const rolled = await rollKey(fixture.owner, fixture.rings, { keyId: id, overlapSeconds: 3_600 });
    expect(await codes(rolled.key)).toEqual([200, 200]);
    expect(await codes(key)).toEqual([200, 200]);
    clock.advance(3_700_000);
    expect(await codes(key)).toEqual([401, 401]);
    expect(await codes(rolled.key)).toEqual([200, 200]);
  });

  it('apply a changed limit from the next request on', async () => {
    const { key, id } = await fixture.newKey();
    expect((await ask(first, { path: '/api/v1/me', key })).headers['ratelimit-policy']).toBe('"regular";q=120;w=60');
    await fixture.owner.query('UPDATE platform.api_key SET regular_per_minute = 7 WHERE id = $1', [id]);
    await until(
      async () => (await ask(first, { path: '/api/v1/me', key })).headers['ratelimit-policy'] === '"regular";q=7;w=60',
    );
  });

  it('reconnect a lost listener, and miss no change made meanwhile', async () => {
    const { key, id } = await fixture.newKey();
    expect(await codes(key)).toEqual([200, 200]);
    const { rows } = await fixture.owner.query<{ ended: boolean }>(
      `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE application_name = 'gateway keys'
        AND datname = current_database()`,
    );
    expect(rows).toHaveLength(2);
    await revokeKey(fixture.owner, id);
    await until(async () => (await codes(key)).join() === '401,401');
  });
});

describe('gateways without notifications', () => {
  it('refuse a revoked key within five seconds', async () => {
    const { key, id } = await fixture.newKey();
    expect(await codes(key)).toEqual([200, 200]);
    // No notification: the trigger does not run for this change.
    const silent = new Client({ connectionString: database.ownerUrl });
    await silent.connect();
    await silent.query(
      `SET session_replication_role = replica; UPDATE platform.api_key SET revoked_at = now() WHERE id = '${id}'`,
    );
    await silent.end();
    expect(await codes(key)).toEqual([200, 200]);
    clock.advance(5_000);
    expect(await codes(key)).toEqual([401, 401]);
  });

  it('count the age of an entry from the start of its read, and keep it for less than five seconds', () => {
    expect(TTL_MS).toBeLessThanOrEqual(4_000);
  });

  it('refuse every key once the database has been down for longer than that', async () => {
    const { key } = await fixture.newKey();
    const cut = await fixture.gateway();
    expect(await status(cut, key)).toBe(200);
    const name = new URL(database.ownerUrl).pathname.slice(1); // of this file alone
    await fixture.owner.query(`ALTER DATABASE ${name} CONNECTION LIMIT 0`);
    try {
      await fixture.owner.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lumi_gateway'
          AND datname = current_database()`,
      );
      expect(await status(cut, key)).toBe(200);
      clock.advance(5_000);
      const reply = await until(async () => {
        const answer = await ask(cut, { path: '/api/v1/me', key });
        return answer.status === 200 ? null : answer;
      });
      expect(reply).toMatchObject({ status: 503, code: 'service_unavailable' });
      expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    } finally {
      await fixture.owner.query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`);
    }
    await until(async () => (await status(cut, key)) === 200);
  });
});

describe('the cache', () => {
  /** The real database with answers that the test holds back and releases. */
  class HeldDatabase implements Queryable {
    queries = 0;
    answered = 0;
    private waiting: (() => void)[] = [];
    isHeld = false;
    instead: unknown[] | null = null;
    constructor(private readonly db: Queryable) {}
    async query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> {
      this.queries += 1;
      const result = await this.db.query(text, values);
      if (this.isHeld) await new Promise<void>((resolve) => this.waiting.push(resolve));
      this.answered += 1;
      return this.instead === null ? result : { rows: this.instead };
    }
    get held(): number {
      return this.waiting.length;
    }
    release(): void {
      for (const go of this.waiting.splice(0)) go();
    }
  }

  let held: HeldDatabase;
  let cache: KeyCache;
  const cached = (key: string) => cache.cached(cache.digestOf(key), key);
  const look = async (key: string) => cached(key) ?? cache.read(cache.digestOf(key), key);

  beforeEach(() => {
    held = new HeldDatabase(fixture.owner);
    cache = new KeyCache({
      db: held,
      strangersDb: held,
      digests: new KeyDigests(fixture.rings.peppers),
      clock,
      log: silentLog,
    });
  });

  it('does not accept a key again that was revoked while it was being read (the fence)', async () => {
    const { key, id } = await fixture.newKey();
    held.isHeld = true;
    const reading = look(key);
    await until(() => held.held === 1); // the row is read, not yet returned
    const revoked = await revokeKey(fixture.owner, id);
    cache.forget(revoked?.digest.toString('hex') ?? '');
    held.isHeld = false;
    held.release();
    expect((await reading)?.key.revokedAt).not.toBeNull();
    expect((await look(key))?.key.revokedAt).not.toBeNull();
    expect(held.queries).toBe(2);
  });

  it('does the same for a key stored under an older pepper, whose notification has another digest', async () => {
    const older = { ...fixture.rings, peppers: { current: 1, byVersion: fixture.rings.peppers.byVersion } };
    const { key, id, record } = await issueKey(fixture.owner, older, {
      product: 'domains',
      type: 'operator',
      accountId: null,
      scopes: [],
    });
    expect((await look(key))?.key.id).toBe(id);
    await revokeKey(fixture.owner, id);
    cache.forget(record.digest.toString('hex'));
    expect((await look(key))?.key.revokedAt).not.toBeNull();
    held.isHeld = true;
    cache.forgetAll();
    const reading = look(key);
    await until(() => held.held === 1);
    cache.forget(record.digest.toString('hex'));
    held.isHeld = false;
    held.release();
    await reading;
    expect(held.queries).toBe(4);
  });

  it('reads a key once for many requests at once, and again in the background before it is too old', async () => {
    const { key } = await fixture.newKey();
    await Promise.all(Array.from({ length: 50 }, () => look(key)));
    expect(held.queries).toBe(1);
    clock.advance(2_500);
    expect(cached(key)).not.toBeUndefined();
    await until(() => held.answered === 2);
    await new Promise(setImmediate); // and returned
    clock.advance(2_500); // older than the limit since the first read, not since the second
    expect(cached(key)).not.toBeUndefined();
  });

  it('never returns to an earlier generation of a row', async () => {
    const { key, id, record } = await fixture.newKey();
    await revokeKey(fixture.owner, id);
    expect((await look(key))?.key.revokedAt).not.toBeNull();
    // A read of a lagging replica: the earlier row arrives when the later one is known already.
    const { rows } = await fixture.owner.query(`SELECT ${KEY_COLUMNS} FROM platform.api_key WHERE id = $1`, [id]);
    held.instead = [{ ...(rows[0] as object), generation: record.generation.toString(), revoked_at: null }];
    clock.advance(2_500);
    expect(cached(key)?.key.id).toBe(id); // and is read again in the background
    await until(() => held.answered === 2);
    await new Promise(setImmediate);
    expect((await look(key))?.key.revokedAt).not.toBeNull();
  });

  it('remembers for a moment that a key is unknown', async () => {
    const key = generateKey('domains');
    expect(await look(key)).toBeNull();
    expect(cached(key)).toBeNull();
    expect(held.queries).toBe(1);
    clock.advance(1_000);
    expect(cached(key)).toBeUndefined();
  });
});

describe('guessing keys', () => {
  it('is slowed down per address, and does not delay known keys', async () => {
    const gateway = await fixture.gateway();
    const { key } = await fixture.newKey();
    const fresh = await fixture.newKey();
    expect(await status(gateway, key)).toBe(200);
    const codesSeen = new Set<number>();
    for (let i = 0; i < 320; i += 1) codesSeen.add(await status(gateway, generateKey('domains')));
    expect([...codesSeen].sort()).toEqual([401, 429]);
    expect(await status(gateway, key)).toBe(200);
    expect(await status(gateway, 'lumi_domains_malformed')).toBe(429);
    expect(await status(gateway, fresh.key)).toBe(429);
    clock.advance(1_000);
    expect(await status(gateway, fresh.key)).toBe(200);
  });
});

it('stores when a key was last used, in batches', async () => {
  const { key, id } = await fixture.newKey();
  await status(first, key);
  await first.wiring.usage.flush();
  const { rows } = await fixture.owner.query<{ last_used_at: Date | null; generation: string }>(
    'SELECT last_used_at, generation::text FROM platform.api_key WHERE id = $1',
    [id],
  );
  expect(rows[0]?.last_used_at?.getTime()).toBe(clock.nowMs());
  expect(rows[0]?.generation).toBe('1');
});
