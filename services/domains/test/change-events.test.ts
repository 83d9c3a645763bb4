// A change that a caller makes is in the feed: what, by which key, before and after.
import { CONTACT, domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => expect(await t.breaches()).toEqual([]));

interface Event {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}
const TYPES = 'domain.updated,domain.nameservers_changed,domain.contacts_changed,domain.auth_code_issued';
const changesOf = async (who: Who, domain: string): Promise<Event[]> =>
  (await t.get(who, `/events?types=${TYPES}&subject=${domain}`)).body.items as Event[];
const contactOf = async (who: Who, first_name: string): Promise<string> =>
  (await t.post(who, '/contacts', { ...CONTACT, first_name }).expect(201)).body.id as string;
const actorsOf = async (domain: string): Promise<unknown[]> =>
  (
    await t.owner.query<{ actor: string }>(
      `SELECT DISTINCT actor FROM platform.event WHERE subject = $1 AND type = ANY ($2)`,
      [domain, TYPES.split(',')],
    )
  ).rows.map(({ actor }) => actor);

it('a change of a domain is in the feed with what it was before, once, and with the key that made it', async () => {
  const domain = 'told-changes.test';
  const who = await t.account({ balance: '20' });
  await t.buy(who, { domain }).expect(201);
  const path = `/domains/${domain}`;
  const { nameservers: before } = (await t.get(who, path)).body;
  const nameservers = ['ns1.told.example', 'ns2.told.example'];
  await t.put(who, `${path}/nameservers`, { nameservers }).expect(200);
  // The same once more changes nothing.
  await t.put(who, `${path}/nameservers`, { nameservers }).expect(200);
  await t.patch(who, path, { locked: false, tags: ['shop'], auto_renew: true, reference: 'r-1' }).expect(200);
  await t.patch(who, path, { tags: ['shop'] }).expect(200);
  const [registrant, admin] = [await contactOf(who, 'Ada'), await contactOf(who, 'Grace')];
  await t.put(who, `${path}/contacts`, { registrant, admin }).expect(200);
  const code = (await t.post(who, `${path}/auth-code`, {}).expect(200)).body;
  await t.remove(who, `${path}/auth-code`).expect(200);
  const events = await changesOf(who, domain);
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    [
      'domain.nameservers_changed',
      { domain, reference: null, changes: { nameservers: { from: before, to: nameservers } } },
    ],
    ['domain.updated', { domain, reference: null, changes: { locked: { from: true, to: false } } }],
    [
      'domain.updated',
      {
        domain,
        reference: 'r-1',
        changes: {
          auto_renew: { from: false, to: true },
          reference: { from: null, to: 'r-1' },
          tags: { from: [], to: ['shop'] },
        },
      },
    ],
    [
      'domain.contacts_changed',
      {
        domain,
        reference: 'r-1',
        changes: {
          contacts: {
            from: { registrant: null, admin: null, tech: null, billing: null },
            to: { registrant, admin, tech: null, billing: null },
          },
        },
      },
    ],
    ['domain.auth_code_issued', { domain, reference: 'r-1', expires_at: code.expires_at }],
    [
      'domain.updated',
      { domain, reference: 'r-1', changes: { auth_code_expires_at: { from: code.expires_at, to: null } } },
    ],
  ]);
  expect(JSON.stringify(events)).not.toContain(code.auth_code);
  expect(await actorsOf(domain)).toEqual([who.keyId]);
});

it('a change that the registry refuses is in no feed', async () => {
  const domain = 'told-nothing.test';
  const who = await t.account({ balance: '20' });
  await t.buy(who, { domain }).expect(201);
  await t.put(who, `/domains/${domain}/nameservers`, { nameservers: [`ns1.${domain}`] });
  await t.patch(await t.account(), `/domains/${domain}`, { locked: true }).expect(404);
  expect(await changesOf(who, domain)).toEqual([]);
});
