// What a link that needs no key is bound to: the key that made it, and what readers may cost.
import request from 'supertest';
import { revokeKey, rollKey } from '@lumi/shared/keys';
import { FixedClock } from '@lumi/shared/runtime';
import type { TestAccount } from '@lumi/shared/testing';
import { forgetOldLinks } from '../src/jobs/forget-links';
import { NOW, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);

afterEach(async () => expect(await lumi.audit()).toEqual([]));

interface Link {
  readonly id: string;
  readonly url: string;
}

const makeLink = async (who: TestAccount, body: object = {}): Promise<Link> => {
  const { status, body: link } = await lumi.send(who, 'post', '/export-links', body);
  expect(status).toBe(201);
  return link as Link;
};
const read = (link: { url: string }, address = '198.51.100.7') =>
  request(lumi.app)
    .get(new URL(link.url).pathname.replace('/proxy/api/v1', ''))
    .set({ ...lumi.as('public'), 'x-lumi-client-ip': address });
const rows = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  (await lumi.service.db.pool.query<Record<string, unknown>>(text, values)).rows;
const admin = () => lumi.service.admin.pool;
const roll = (keyId: string) => rollKey(admin(), lumi.rings, { keyId, overlapSeconds: 0 });
/** Proxies used by address, like one that the account has, as they would be after many orders. */
const addProxies = (who: TestAccount, from: number, to: number) =>
  owner(
    lumi,
    `INSERT INTO proxy.proxy SELECT q.* FROM (SELECT * FROM proxy.proxy WHERE account_id = $1 LIMIT 1) p,
       generate_series($2::int, $3::int) n, jsonb_populate_record(NULL::proxy.proxy, to_jsonb(p) || jsonb_build_object(
         'id', p.id || '-' || n, 'auth_mode', 'ip',
         'network_id', p.network_id || '-' || n, 'seq', nextval('proxy.proxy_seq_seq'))) q`,
    [who.accountId, from, to],
  );

describe('an export link and the key that made it', () => {
  it('names the key in the list, and ends when the key is revoked', async () => {
    const { who } = await lumi.buyer();
    const link = await makeLink(who);
    const other = await lumi.keyOf(who.accountId);
    const kept = await makeLink(other);
    expect((await lumi.get(who, '/export-links')).body.items).toMatchObject([
      { id: kept.id, key_id: other.keyId },
      { id: link.id, key_id: who.keyId },
    ]);
    await read(link).expect(200);
    await revokeKey(admin(), who.keyId);
    await read(link).expect(404);
    await read(kept).expect(200);
  });

  it('stays when the key is rolled, and ends when the new one expires', async () => {
    const { who } = await lumi.buyer();
    const link = await makeLink(who);
    const { id } = await roll(who.keyId);
    await read(link).expect(200);
    await owner(lumi, `UPDATE platform.api_key SET expires_at = now() - interval '1 minute' WHERE id = $1`, [id]);
    await read(link).expect(404);
  });

  it('is read from the addresses that the key may come from only, whatever its own lock', async () => {
    const { who } = await lumi.buyer();
    const wide = await makeLink(who);
    const narrow = await makeLink(who, { ip_lock: ['203.0.113.7', '198.51.100.7'] });
    await owner(lumi, `UPDATE platform.api_key SET ip_allowlist = '{203.0.113.0/24}' WHERE id = $1`, [who.keyId]);
    await read(wide, '203.0.113.9').expect(200);
    await read(wide, '198.51.100.7').expect(404);
    await read(narrow, '203.0.113.7').expect(200);
    await read(narrow, '203.0.113.9').expect(404);
    await read(narrow, '198.51.100.7').expect(404);
  });

  it('is made and deleted with a row of the audit log that holds no URL', async () => {
    const { who } = await lumi.buyer();
    const link = await makeLink(who, { filter: { country: 'XA' }, ip_lock: ['203.0.113.0/24'] });
    await lumi.send(who, 'delete', `/export-links/${link.id}`);
    const { rows: acts } = await admin().query(
      'SELECT action, actor, key_id, account_id, before, after FROM platform.audit_log WHERE subject = $1 ORDER BY seq',
      [link.id],
    );
    const facts = { key_id: who.keyId, filter: { country: 'XA' }, ip_lock: ['203.0.113.0/24'] };
    const by = { actor: 'reseller', key_id: who.keyId, account_id: who.accountId };
    expect(acts).toMatchObject([
      { action: 'export_link.create', ...by, before: null, after: facts },
      { action: 'export_link.delete', ...by, before: facts, after: null },
    ]);
    expect(JSON.stringify(acts)).not.toContain(link.url.split('/').at(-1));
  });

  it('is made once under an Idempotency-Key of a key that signs, and its URL is stored sealed', async () => {
    const who = await lumi.account({ signing: 'v2' });
    const make = (key?: string) =>
      request(lumi.app)
        .post('/export-links')
        .set({ ...lumi.as(who), ...(key === undefined ? {} : { 'idempotency-key': key }) })
        .send({});
    expect((await make()).body.error.code).toBe('idempotency_key_required');
    const first = await make('link-of-today').expect(201);
    const again = await make('link-of-today').expect(201);
    expect([again.body, again.headers['idempotent-replayed']]).toEqual([first.body, 'true']);
    expect((await lumi.get(who, '/export-links')).body.items).toHaveLength(1);
    const [stored] = await rows(`SELECT sealed, encode(body, 'escape') AS body FROM platform.idempotency
      WHERE key = 'link-of-today'`);
    expect(stored?.['sealed']).toBe(true);
    expect(stored?.['body']).not.toContain('exported');
    const unsigned = { principal: { ...who.principal, signature: 'missing' as const } };
    const refused = await request(lumi.app).post('/export-links').set(lumi.asMoney(unsigned)).send({});
    expect([refused.status, refused.body.error.code]).toEqual([401, 'invalid_signature']);
  });
});

describe('the bounds of export links', () => {
  it('are a hundred of an account, also for those made at the same time, without those that are over', async () => {
    const { who } = await lumi.buyer();
    const made = await makeLink(who);
    await rows(
      `INSERT INTO proxy.export_link (id, account_id, token_digest, filter, format, blocks, expires_at, created_at)
         SELECT id || n, account_id, sha256((id || n)::bytea), filter, format, blocks,
           CASE WHEN n < 95 THEN expires_at ELSE $2::timestamptz END, created_at
         FROM proxy.export_link, generate_series(1, 99) n WHERE id = $1`,
      [made.id, new Date(NOW)],
    );
    // As many requests as the gateway lets a key have in work.
    const answers = await Promise.all(Array.from({ length: 16 }, () => lumi.send(who, 'post', '/export-links', {})));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(answers.filter(({ body }) => body.error?.code === 'state_conflict')).toHaveLength(11);
  });

  it('are 600 reads an hour of all links of an account, also at the same time, and none of another account', async () => {
    const { who } = await lumi.buyer();
    const other = await makeLink((await lumi.buyer()).who);
    const links = await Promise.all(Array.from({ length: 11 }, () => makeLink(who)));
    await Promise.all(links.map((link) => read(link).expect(200)));
    await owner(lumi, 'UPDATE proxy.export_link_hour SET reads = 590 WHERE account_id = $1', [who.accountId]);
    const answers = await Promise.all(links.flatMap((link) => [read(link), read(link)]));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(12);
    expect(refused[0]?.headers['retry-after']).toBe('3600');
    await read(other).expect(200);
    clock.advance(3_600_000);
    await read(links[0] as Link).expect(200);
    clock.advance(-3_600_000);
  });

  it('are a thousand proxies, at its creation and at each read', async () => {
    const { who } = await lumi.buyer();
    const link = await makeLink(who);
    try {
      await addProxies(who, 3, 1_000);
      expect((await read(link).expect(200)).text.split('\n')).toHaveLength(1_001);
      await addProxies(who, 1_001, 1_001);
      const refused = await read(link);
      expect([refused.status, refused.body.error.code]).toEqual([409, 'state_conflict']);
      const { status, body } = await lumi.send(who, 'post', '/export-links', {});
      expect([status, body.error.details[0].path]).toEqual([422, 'filter']);
      expect((await lumi.get(who, '/export')).status).toBe(200);
    } finally {
      await owner(lumi, `DELETE FROM proxy.proxy WHERE id LIKE '%-%'`);
    }
  });

  it('make the record of a read name the earlier row while the list is the same', async () => {
    const { who, body } = await lumi.buyer();
    const link = await makeLink(who, { filter: { healthy: 'true' } });
    const healthy = (ids: readonly string[]) =>
      owner(lumi, 'UPDATE proxy.proxy SET health_ok = id = ANY ($1) WHERE account_id = $2', [ids, who.accountId]);
    const [one = '', two = ''] = body.proxies.map(({ id }) => id);
    for (const ids of [[one], [one], [], [one], [two], [two], [one]]) {
      await healthy(ids);
      await read(link).expect(200);
    }
    const shown = await rows(
      `SELECT r.subjects, o.subjects AS same FROM proxy.reveal r LEFT JOIN proxy.reveal o ON o.seq = r.same_as
         WHERE r.key_id = $1 ORDER BY r.seq`,
      [link.id],
    );
    const again = (id: string) => ({ subjects: [], same: [id] });
    const first = (id: string) => ({ subjects: [id], same: null });
    expect(shown).toEqual([first(one), again(one), again(one), first(two), again(two), first(one)]);
  });

  it('are thirty days after its end in the list, and it goes in steps of few rows', async () => {
    await rows('DELETE FROM proxy.export_link');
    const { who } = await lumi.buyer();
    const young = await makeLink(who, { expires_at: '2026-11-25T12:00:00Z' });
    for (let n = 0; n < 5; n += 1) await makeLink(who, { expires_at: '2026-11-24T13:00:00Z' });
    const step = async (): Promise<unknown> => [
      await forgetOldLinks(lumi.deps(), 3),
      (await rows('SELECT id FROM proxy.export_link WHERE account_id = $1', [who.accountId])).length,
    ];
    clock.advance(30 * 86_400_000);
    expect(await step()).toEqual([false, 6]);
    clock.advance(2 * 3_600_000);
    expect([await step(), await step()]).toEqual([
      [true, 3],
      [false, 1],
    ]);
    clock.advance(-30 * 86_400_000 - 2 * 3_600_000);
    expect((await lumi.get(who, '/export-links')).body.items).toMatchObject([{ id: young.id }]);
  });
});
