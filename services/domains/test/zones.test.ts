// Zones over the service: records, sets, change sets, versions, zone files, and who may have a zone.
import { domainsService, type Who } from './domains-fixture';

const lumi = domainsService();
const { account, get, post, put, patch, remove } = lumi;

let who: Who;
let count = 0;
beforeAll(async () => {
  who = await account({ balance: '100' });
});

async function domainOf(owner: Who): Promise<string> {
  count += 1;
  const domain = `zone-${String(count)}.test`;
  expect((await lumi.buy(owner, { domain })).status).toBe(201);
  return domain;
}

async function zoneOf(owner: Who): Promise<string> {
  const zone = await domainOf(owner);
  expect((await post(owner, '/zones', { zone })).status).toBe(201);
  return zone;
}

const change = (zone: string, body: object) => post(who, `/zones/${zone}/changes`, body);
const exported = async (zone: string) => (await get(who, `/zones/${zone}/export`)).text;
const detailsOf = (answer: { body: { error?: { details?: unknown } } }) => answer.body.error?.details;
const a = (name: string, content: string, more: object = {}) => ({ name, type: 'A', content, ...more });

describe('a zone', () => {
  it('is created by the holder of the domain, in any spelling, and of a name below it', async () => {
    const domain = await domainOf(who);
    const made = await post(who, '/zones', { zone: `${domain.toUpperCase()}.` });
    expect([made.status, made.body.zone, made.body.records]).toEqual([201, domain, 0]);
    expect((await post(who, '/zones', { zone: domain })).body.error.code).toBe('already_owned');
    expect((await post(who, '/zones', { zone: `deep.sub.${domain}` })).status).toBe(201);
    const listed = await get(who, '/zones?limit=2');
    expect(listed.body.items.map(({ zone }: { zone: string }) => zone)).toEqual([`deep.sub.${domain}`, domain]);
  });

  it('is refused for a domain of another account, or of none', async () => {
    const domain = await zoneOf(who);
    const stranger = await account({ balance: '10' });
    for (const zone of [domain, `sub.${domain}`, 'nobody-has-this.test'])
      expect((await post(stranger, '/zones', { zone })).body.error.code).toBe('state_conflict');
    for (const path of ['', '/records', '/snapshots', '/export', '/rrsets/@/A'])
      expect((await get(stranger, `/zones/${domain}${path}`)).status).toBe(404);
    expect((await post(stranger, `/zones/${domain}/changes`, { creates: [a('x', '192.0.2.1')] })).status).toBe(404);
    expect((await remove(stranger, `/zones/${domain}`)).status).toBe(404);
  });

  it('passes to the account that holds the domain now, without its records', async () => {
    const [domain, former] = [await domainOf(who), await account({ balance: '10' })];
    await post(who, '/zones', { zone: domain });
    await change(domain, { creates: [a('secret', '192.0.2.1')] });
    await lumi.owner.query('UPDATE domains.domain SET account_id = $1 WHERE name = $2', [former.accountId, domain]);
    expect((await post(former, '/zones', { zone: domain })).body.records).toBe(0);
    expect((await get(former, `/zones/${domain}/records`)).body.items).toEqual([]);
    expect((await get(who, `/zones/${domain}`)).status).toBe(404);
  });

  it('is deleted with all that belongs to it', async () => {
    const zone = await zoneOf(who);
    await change(zone, { creates: [a('www', '192.0.2.1')] });
    expect((await remove(who, `/zones/${zone}`)).body).toEqual({ zone, deleted: true });
    expect((await get(who, `/zones/${zone}`)).status).toBe(404);
    const { rows } = await lumi.owner.query(
      `SELECT (SELECT count(*) FROM domains.zone_record r WHERE NOT EXISTS (SELECT 1 FROM domains.zone z WHERE
        z.seq = r.zone_seq))::int + (SELECT count(*) FROM domains.zone_version v WHERE NOT EXISTS (SELECT 1
        FROM domains.zone z WHERE z.seq = v.zone_seq))::int AS left`,
    );
    expect(rows).toEqual([{ left: 0 }]);
    const events = await lumi.owner.query<{ type: string }>(
      `SELECT type FROM platform.event WHERE subject = $1 AND type LIKE 'zone.%' ORDER BY seq`,
      [zone],
    );
    expect(events.rows.map(({ type }) => type)).toEqual(['zone.created', 'zone.changed', 'zone.deleted']);
  });
});

describe('records', () => {
  it('are created in canonical form, changed, read and deleted; each change makes a serial', async () => {
    const zone = await zoneOf(who);
    const first = (await get(who, `/zones/${zone}`)).body.serial;
    const made = await post(who, `/zones/${zone}/records`, {
      name: `WWW.${zone}.`,
      type: 'aaaa',
      content: '2001:DB8::1',
    });
    expect(made.body).toMatchObject({ name: 'www', type: 'AAAA', content: '2001:db8::1', ttl: 3600, comment: null });
    const path = `/zones/${zone}/records/${String(made.body.id)}`;
    const changed = await patch(who, path, { ttl: 300, comment: 'front', content: '2001:db8::2' });
    expect(changed.body).toMatchObject({ id: made.body.id, ttl: 300, comment: 'front', content: '2001:db8::2' });
    expect((await get(who, path)).body).toEqual(changed.body);
    expect((await patch(who, path, { ttl: 300 })).body).toEqual(changed.body);
    expect((await get(who, `/zones/${zone}`)).body).toMatchObject({ serial: first + 2, records: 1 });
    expect((await remove(who, path)).body).toEqual({ id: made.body.id, deleted: true });
    expect((await remove(who, path)).status).toBe(404);
    expect((await get(who, `/zones/${zone}`)).body).toMatchObject({ serial: first + 3, records: 0 });
  });

  it.each([
    [a('www', '300.0.0.1'), 'content'],
    [a('www', '192.0.2.1', { ttl: 5 }), 'ttl'],
    [a('www.other.example.', '192.0.2.1'), 'name'],
    [a('a..b', '192.0.2.1'), 'name'],
    [{ name: '@', type: 'SOA', content: 'a. b. 1 2 3 4 5' }, 'type'],
    [{ name: 'x', type: 'LOC', content: '1' }, 'type'],
    [{ name: '@', type: 'CNAME', content: 'x' }, ''],
    [{ name: '@', type: 'NS', content: 'ns1.example.net.' }, ''],
    [{ name: 'taken', type: 'CNAME', content: 'x' }, ''],
    [a('taken', '192.0.2.1'), ''],
  ])('%j is refused, and nothing changes', async (record, path) => {
    const zone = await zoneOf(who);
    await change(zone, { creates: [a('taken', '192.0.2.1')] });
    const before = await get(who, `/zones/${zone}`);
    const refused = await post(who, `/zones/${zone}/records`, record);
    expect([refused.status, detailsOf(refused)]).toEqual([422, [{ path, message: expect.any(String) }]]);
    expect((await get(who, `/zones/${zone}`)).body).toEqual(before.body);
  });

  it('are listed in pages, by name and by type', async () => {
    const zone = await zoneOf(who);
    await change(zone, {
      creates: [a('a', '192.0.2.1'), a('b', '192.0.2.2'), { name: 'b', type: 'TXT', content: 'x' }],
    });
    const page = await get(who, `/zones/${zone}/records?limit=2`);
    expect(page.body).toMatchObject({ has_more: true, items: [{ name: 'a' }, { name: 'b' }] });
    const rest = await get(who, `/zones/${zone}/records?limit=2&cursor=${String(page.body.next_cursor)}`);
    expect(rest.body).toMatchObject({ has_more: false, items: [{ type: 'TXT', content: '"x"' }] });
    expect((await get(who, `/zones/${zone}/records?name=B&type=txt`)).body.items).toHaveLength(1);
  });
});

describe('a record set', () => {
  it('is replaced as a whole; a value that stays keeps its id', async () => {
    const zone = await zoneOf(who);
    const path = `/zones/${zone}/rrsets/@/A`;
    expect((await get(who, path)).status).toBe(404);
    const one = await put(who, path, { ttl: 300, values: ['192.0.2.1', '192.0.2.2'] });
    const serial = (await get(who, `/zones/${zone}`)).body.serial;
    const again = await put(who, path, { ttl: 300, values: ['192.0.2.2', '192.0.2.1'] });
    expect([again.body, (await get(who, `/zones/${zone}`)).body.serial]).toEqual([one.body, serial]);
    const two = await put(who, path, { ttl: 600, values: ['192.0.2.2', '192.0.2.3'] });
    expect(two.body).toMatchObject({ name: '@', type: 'A', ttl: 600, values: ['192.0.2.2', '192.0.2.3'] });
    expect(two.body.records[0].id).toBe(one.body.records[1].id);
    expect((await remove(who, path)).body).toEqual({ name: '@', type: 'A', deleted: true });
    expect((await remove(who, path)).status).toBe(404);
    const wild = await put(who, `/zones/${zone}/rrsets/*.api/CNAME`, { values: ['@'] });
    expect(wild.body.values).toEqual([`${zone}.`]);
    expect((await put(who, path, { values: ['192.0.2.1', '192.0.2.1'] })).status).toBe(422);
  });
});

describe('a change set', () => {
  it('is done whole or not at all, and a rehearsal changes nothing', async () => {
    const zone = await zoneOf(who);
    const { body } = await change(zone, { creates: [a('a', '192.0.2.1'), a('b', '192.0.2.2')] });
    const [x, y] = body.diff.added;
    const set = {
      deletes: [x.id],
      updates: [{ id: y.id, content: '192.0.2.9' }],
      rrsets: [{ name: 'mail', type: 'MX', values: ['10 @'] }],
      creates: [{ name: 'a', type: 'CNAME', content: 'b' }],
    };
    const before = await exported(zone);
    const tried = await change(zone, { ...set, dry_run: true });
    expect([tried.body.dry_run, tried.body.serial, await exported(zone)]).toEqual([true, body.serial, before]);
    const bad = await change(zone, { ...set, creates: [...set.creates, a('a', '192.0.2.7')] });
    expect([bad.status, await exported(zone)]).toEqual([422, before]);
    expect(detailsOf(bad)).toEqual([
      { path: 'creates.0', message: expect.stringContaining('alone') },
      { path: 'creates.1', message: expect.stringContaining('alone') },
    ]);
    const done = await change(zone, set);
    expect(done.body).toMatchObject({ serial: body.serial + 1, diff: { removed: [{ id: x.id }] } });
    expect(done.body.diff.added).toHaveLength(2);
    expect(done.body.diff.changed).toMatchObject([{ before: { content: '192.0.2.2' }, after: { id: y.id } }]);
    expect((await change(zone, {})).status).toBe(422);
  });

  it('of two writers with one if_serial one succeeds', async () => {
    const zone = await zoneOf(who);
    const { serial } = (await get(who, `/zones/${zone}`)).body;
    const answers = await Promise.all(
      ['192.0.2.1', '192.0.2.2'].map((ip) => change(zone, { if_serial: serial, creates: [a('www', ip)] })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const lost = answers.find(({ status }) => status === 409);
    expect(lost?.body.error).toMatchObject({ code: 'zone_changed', details: [{ path: 'if_serial' }] });
    expect((await get(who, `/zones/${zone}`)).body).toMatchObject({ serial: serial + 1, records: 1 });
  });

  it('of eight writers without if_serial none is lost', async () => {
    const zone = await zoneOf(who);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => change(zone, { creates: [a(`h${String(at)}`, '192.0.2.1')] })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect((await get(who, `/zones/${zone}`)).body.records).toBe(8);
  });

  it('of more than 1,000 records is refused, as is record 5,001 of a zone', async () => {
    const zone = await zoneOf(who);
    const many = (from: number, length: number) =>
      Array.from({ length }, (_, at) => a(`h${String(from + at)}`, '192.0.2.1'));
    expect((await change(zone, { creates: many(0, 1_001) })).status).toBe(422);
    expect((await change(zone, { creates: many(0, 1_000) })).status).toBe(200);
    await lumi.owner.query(
      `WITH z AS (UPDATE domains.zone SET records = 5000 WHERE name = $1 RETURNING seq)
        INSERT INTO domains.zone_record (id, zone_seq, name, type, content, ttl, created_at, updated_at)
        SELECT 'rec_' || g, z.seq, 'h' || g, 'A', '192.0.2.1', 300, now(), now() FROM z, generate_series(1000, 4999) g`,
      [zone],
    );
    const refused = await change(zone, { creates: many(5_000, 1) });
    expect([refused.status, detailsOf(refused)]).toEqual([
      422,
      [{ path: '', message: expect.stringContaining('5000') }],
    ]);
    expect((await change(zone, { rrsets: [{ name: 'h0', type: 'A', values: ['192.0.2.2'] }] })).status).toBe(200);
  });
});
