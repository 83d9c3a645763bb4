// Versions of zones and zone files over the service.
import { forgetZoneVersions } from '../src/jobs/forget-zone-versions';
import { domainsService, type Who } from './domains-fixture';

const lumi = domainsService();
const { account, get, post } = lumi;

let who: Who;
let count = 0;
beforeAll(async () => {
  who = await account({ balance: '100' });
});

async function domainOf(owner: Who): Promise<string> {
  count += 1;
  const domain = `version-${String(count)}.test`;
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

describe('versions', () => {
  it('are listed with who and why, and each is restored exactly', async () => {
    const zone = await zoneOf(who);
    const states: { readonly id: string; readonly text: string; readonly records: unknown }[] = [];
    const names = ['a', 'b', '*.c', '_d'];
    let seed = 11;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const recordsNow = async () =>
      (await get(who, `/zones/${zone}/records?limit=200`)).body.items.sort((x: { id: string }, y: { id: string }) =>
        x.id < y.id ? -1 : 1,
      );
    for (let round = 0; round < 12; round += 1) {
      const rrsets = Array.from({ length: 1 + random(3) }, () => ({
        name: names[random(4)],
        type: 'A',
        ttl: 60 + random(3),
        values: Array.from({ length: random(3) }, (_, at) => `192.0.2.${String(1 + at + random(2) * 10)}`),
      }));
      await change(zone, { rrsets, reason: `round ${String(round)}` });
      const newest = (await get(who, `/zones/${zone}/snapshots?limit=1`)).body.items[0];
      states.push({ id: newest.id, text: await exported(zone), records: await recordsNow() });
    }
    const list = (await get(who, `/zones/${zone}/snapshots?limit=200`)).body.items;
    expect(list[0]).toMatchObject({
      kind: 'change',
      reason: expect.stringMatching(/^round /),
      key_id: expect.stringMatching(/^key_/),
    });
    expect(list.at(-1)).toMatchObject({ kind: 'create', records: 0 });
    for (const { id, text, records } of states) {
      const path = `/zones/${zone}/snapshots/${id}/restore`;
      const now = await exported(zone);
      await post(who, path, { dry_run: true });
      expect(await exported(zone)).toBe(now);
      expect((await post(who, path, {})).status).toBe(200);
      expect([await exported(zone), await recordsNow()]).toEqual([text, records]);
    }
    expect((await post(who, `/zones/${zone}/snapshots/ver_unknown/restore`, {})).status).toBe(404);
  });

  it('are kept for the last 100 changes and 90 days', async () => {
    const zone = await zoneOf(who);
    const { rows } = await lumi.owner.query<{ seq: string }>('SELECT seq FROM domains.zone WHERE name = $1', [zone]);
    await lumi.owner.query(
      `INSERT INTO domains.zone_version (id, zone_seq, serial, kind, key_id, records, removed, added, created_at)
        SELECT 'ver_' || g, $1, 1, 'change', 'key', 0, '[]', '[]', now() FROM generate_series(1, 120) g`,
      [rows[0]?.seq],
    );
    await change(zone, { creates: [a('www', '192.0.2.1')] });
    const list = (await get(who, `/zones/${zone}/snapshots?limit=200`)).body.items;
    expect([list.length, list.at(-1).id]).toEqual([100, 'ver_22']);
    await lumi.owner.query(
      `UPDATE domains.zone_version SET created_at = now() - interval '91 days'
        WHERE zone_seq = $1 AND id LIKE 'ver_2_'`,
      [rows[0]?.seq],
    );
    expect([await forgetZoneVersions(lumi.domains, 5), await forgetZoneVersions(lumi.domains, 5)]).toEqual([
      true,
      false,
    ]);
    expect((await get(who, `/zones/${zone}/snapshots?limit=200`)).body.items.at(-1).id).toBe('ver_30');
  });
});

describe('a zone file', () => {
  const FILE = `$ORIGIN example.\n$TTL 300\n@ IN SOA a. b. 1 2 3 4 5\n`;
  it('is imported by merging or replacing, and an export reads the same', async () => {
    const zone = await zoneOf(who);
    const content =
      '$TTL 1h\n@ SOA a. b. ( 1 2 3\n 4 5 )\n  NS ns.other.example.\n  MX 10 mail ; main\nwww 5m A 192.0.2.1\n';
    const merged = await post(who, `/zones/${zone}/import`, { content, mode: 'merge' });
    expect(merged.body.diff.added).toMatchObject([
      { name: '@', type: 'MX', ttl: 3600, content: `10 mail.${zone}.` },
      { name: 'www', type: 'A', ttl: 300 },
    ]);
    const { serial } = merged.body;
    const again = await post(who, `/zones/${zone}/import`, { content: await exported(zone), mode: 'replace' });
    expect(again.body).toMatchObject({ serial, diff: { added: [], removed: [], changed: [] } });
    const tried = await post(who, `/zones/${zone}/import`, {
      content: 'x A 192.0.2.1\n',
      mode: 'replace',
      dry_run: true,
    });
    expect([tried.body.diff.removed.length, (await get(who, `/zones/${zone}`)).body.serial]).toEqual([2, serial]);
    await post(who, `/zones/${zone}/import`, { content: 'x A 192.0.2.1\n', mode: 'replace' });
    expect(await exported(zone)).toContain('\nx\t3600\tIN\tA\t192.0.2.1\n');
    expect((await get(who, `/zones/${zone}`)).body.records).toBe(1);
  });

  it('is refused with line and column, and nothing changes', async () => {
    const zone = await zoneOf(who);
    const refused = await post(who, `/zones/${zone}/import`, { content: `${FILE}$INCLUDE x\n`, mode: 'merge' });
    expect([refused.status, detailsOf(refused)]).toEqual([
      422,
      [
        {
          path: 'content',
          message: expect.stringMatching(/^line 3, column 1: the name example\. is not in the zone$/),
        },
        { path: 'content', message: expect.stringMatching(/^line 4, column 1: \$INCLUDE/) },
      ],
    ]);
    const clash = await post(who, `/zones/${zone}/import`, { content: 'a A 192.0.2.1\n\na CNAME b\n', mode: 'merge' });
    expect(detailsOf(clash)).toEqual([
      { path: 'content', message: expect.stringMatching(/^line 1, column 1: .*alone/) },
      { path: 'content', message: expect.stringMatching(/^line 3, column 1: .*alone/) },
    ]);
    expect((await get(who, `/zones/${zone}`)).body.records).toBe(0);
  });
});
