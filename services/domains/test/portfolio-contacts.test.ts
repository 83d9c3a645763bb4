// Contacts of existing domains, and changes that the registry carries out.
import { runIfDue } from '@lumi/shared/testing';
import { abandonedChangesLoop } from '../src/portfolio/change-at-registry';
import { CONTACT, domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => {
  t.clock.shiftMs = 0;
  expect(await t.breaches()).toEqual([]);
});

async function bought(who: Who, domain: string, body: object = {}) {
  return (await t.buy(who, { domain, ...body }).expect(201)).body.domain as { domain: string; expires_at: string };
}

describe('a change at the registry', () => {
  it('sets the name servers and stores what the registry answers', async () => {
    const who = await t.account();
    await bought(who, 'ns.test');
    // it has no address yet
    await t.put(who, '/domains/ns.test/nameservers', { nameservers: ['ns1.example.net', 'ns2.ns.test'] }).expect(422);
    await t.put(who, '/domains/ns.test/hosts/ns2', { ips: ['192.0.2.2'] }).expect(200);
    await t.put(who, '/domains/ns.test/hosts/ns1', { ips: ['192.0.2.1'] }).expect(200);
    const first = (await t.get(who, '/domains/ns.test/hosts?limit=1')).body;
    expect(first).toMatchObject({ items: [{ host: 'ns1.ns.test' }], has_more: true });
    expect((await t.get(who, `/domains/ns.test/hosts?limit=1&cursor=${first.next_cursor}`)).body).toMatchObject({
      items: [{ host: 'ns2.ns.test' }],
      next_cursor: null,
      has_more: false,
    });
    const { body } = await t
      .put(who, '/domains/ns.test/nameservers', { nameservers: ['Ns1.Example.NET.', 'ns2.ns.test'] })
      .expect(200);
    expect(body).toMatchObject({ domain: 'ns.test', nameservers: ['ns1.example.net', 'ns2.ns.test'] });
    expect((await t.get(who, '/domains/ns.test')).body.nameservers).toEqual(body.nameservers);
    await t.put(who, '/domains/ns.test/nameservers', { nameservers: ['a.example.net', 'a.example.net'] }).expect(422);
    await t.put(who, '/domains/ns.test/nameservers', { nameservers: ['10.0.0.1'] }).expect(422);
  });

  it('stores nothing when the registry refuses, and reads the registry again when there was no answer', async () => {
    const who = await t.account();
    const set = (domain: string) => t.put(who, `/domains/${domain}/nameservers`, { nameservers: ['ns1.example.net'] });
    for (const domain of [
      'update-refused-a.test',
      'update-timeout-before-a.test',
      'update-timeout-after-success-a.test',
    ])
      await bought(who, domain);
    expect((await set('update-refused-a.test').expect(502)).body.error.code).toBe('supplier_error');
    expect((await t.get(who, '/domains/update-refused-a.test')).body.nameservers).toEqual([]);
    expect((await set('update-timeout-before-a.test').expect(502)).body.error.code).toBe('supplier_error');
    expect((await t.get(who, '/domains/update-timeout-before-a.test')).body.nameservers).toEqual([]);
    await set('update-timeout-after-success-a.test').expect(200);
    expect((await t.get(who, '/domains/update-timeout-after-success-a.test')).body.nameservers).toEqual([
      'ns1.example.net',
    ]);
  });

  it('runs one at a time per domain; recovery settles an abandoned change by asking the registry', async () => {
    const who = await t.account();
    await bought(who, 'one-at-a-time.test');
    const sets = await Promise.all(
      Array.from({ length: 6 }, async (_, i) =>
        t.put(who, '/domains/one-at-a-time.test/nameservers', { nameservers: [`ns${String(i)}.example.net`] }),
      ),
    );
    expect(sets.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    for (const { status, body } of sets.filter((one) => one.status !== 200))
      expect([status, body.error.code]).toEqual([409, 'busy']);
    // A process died after the registry took its change and before the change was stored.
    await t.owner.query(
      `UPDATE domains.domain SET change_id = 'op_dead', change_until = now() WHERE name = 'one-at-a-time.test'`,
    );
    await t.owner.query(
      `UPDATE domains.sandbox_name SET nameservers = '{ns9.example.net}' WHERE name = 'one-at-a-time.test'`,
    );
    await runIfDue(t.domains.service, abandonedChangesLoop(t.domains));
    expect((await t.get(who, '/domains/one-at-a-time.test')).body.nameservers).toEqual(['ns9.example.net']);
    await t.patch(who, '/domains/one-at-a-time.test', { locked: false }).expect(200);
  });
});

describe('contacts', () => {
  it('are created, read, listed, changed and deleted', async () => {
    const who = await t.account();
    const { body, headers } = await t.post(who, '/contacts', CONTACT).expect(201);
    expect(headers['location']).toBe(`/api/v1/contacts/${body.id}`);
    expect(body).toMatchObject({ ...CONTACT, type: 'person', organization: null, used_by: 0 });
    const second = (await t.post(who, '/contacts', { ...CONTACT, last_name: 'Byron' }).expect(201)).body;
    expect((await t.get(who, '/contacts?limit=1')).body).toMatchObject({ items: [{ id: second.id }], has_more: true });
    expect((await t.get(who, '/contacts?q=byron')).body.items).toHaveLength(1);
    expect(
      (await t.patch(who, `/contacts/${body.id}`, { city: 'Rome', state: 'Lazio' }).expect(200)).body,
    ).toMatchObject({ city: 'Rome', state: 'Lazio', email: CONTACT.email });
    await t.remove(who, `/contacts/${second.id}`).expect(200);
    await t.get(who, `/contacts/${second.id}`).expect(404);
    for (const bad of [
      { ...CONTACT, phone: '030 123' },
      { ...CONTACT, country: 'Germany' },
      { ...CONTACT, email: 'x' },
      { ...CONTACT, surprise: 1 },
      { first_name: 'x' },
    ])
      await t.post(who, '/contacts', bad).expect(422);
  });

  it('change at every domain that uses them, and cannot be deleted while one uses them', async () => {
    const who = await t.account();
    const [one, two] = [
      (await t.post(who, '/contacts', CONTACT)).body.id as string,
      (await t.post(who, '/contacts', { ...CONTACT, last_name: 'Byron' })).body.id as string,
    ];
    await bought(who, 'contacts.test', { contact_id: one });
    expect((await t.remove(who, `/contacts/${one}`).expect(409)).body.error.code).toBe('state_conflict');
    await t.patch(who, `/contacts/${one}`, { email: 'new@example.com' }).expect(200);
    expect(
      (await t.owner.query(`SELECT data ->> 'email' AS email FROM domains.sandbox_contact WHERE handle = $1`, [one]))
        .rows,
    ).toEqual([{ email: 'new@example.com' }]);
    expect(
      (await t.put(who, '/domains/contacts.test/contacts', { registrant: two, tech: two }).expect(200)).body,
    ).toEqual({ registrant: two, admin: one, tech: two, billing: one });
    expect((await t.get(who, '/domains/contacts.test/contacts')).body.registrant).toBe(two);
    await t.put(who, '/domains/contacts.test/contacts', {}).expect(422);
  });

  it('change as registrant only through a trade where the registry requires one', async () => {
    const who = await t.account();
    const [one, two] = [
      (await t.post(who, '/contacts', CONTACT)).body.id as string,
      (await t.post(who, '/contacts', CONTACT)).body.id as string,
    ];
    await bought(who, 'traded.co.uk', { contact_id: one });
    expect((await t.put(who, '/domains/traded.co.uk/contacts', { registrant: two }).expect(409)).body.error.code).toBe(
      'trade_required',
    );
    await t.put(who, '/domains/traded.co.uk/contacts', { registrant: one, admin: two }).expect(200);
  });
});
