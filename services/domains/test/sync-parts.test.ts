// Contacts, glue hosts and transfers are synced from their registrars as domains are.
import { recoverOperations } from '@lumi/shared/operations';
import { CONTACT, domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => {
  jest.restoreAllMocks();
  expect(await t.breaches()).toEqual([]);
});

const eventsOf = async (who: Who, subject: string) =>
  (
    (await t.get(who, '/events?limit=200')).body.items as {
      type: string;
      subject: string;
      data: Record<string, unknown>;
    }[]
  ).filter((one) => one.subject === subject);
const later = () => t.owner.query(`UPDATE platform.sync_turn SET asked_at = asked_at - interval '61 seconds'`);
const buy = async (who: Who, domain: string, body: object = {}) => {
  await t.buy(who, { domain, ...body }).expect(201);
};

describe('POST /contacts/{id}/sync', () => {
  const sync = (who: Who, id: string) => t.post(who, `/contacts/${id}/sync`, {});
  const named = async (domain: string) => {
    const who = await t.account({ balance: '100' });
    const contact = (await t.post(who, '/contacts', CONTACT).expect(201)).body as { id: string; updated_at: string };
    await buy(who, domain, { contact_id: contact.id });
    return { who, contact };
  };

  it('answers what the registrar has, and lists what differed', async () => {
    const { who, contact } = await named('named-a.test');
    expect((await sync(who, contact.id).expect(200)).body).toMatchObject({
      email: CONTACT.email,
      synced_at: expect.any(String),
      missing_since: null,
      updated_at: contact.updated_at,
    });
    expect(await eventsOf(who, contact.id)).toEqual([]);
    await t.owner.query(
      `UPDATE domains.sandbox_contact SET data = data || '{"email":"new@example.org","city":"Potsdam"}'
        WHERE handle = $1`,
      [contact.id],
    );
    await later();
    expect((await sync(who, contact.id).expect(200)).body).toMatchObject({
      email: 'new@example.org',
      city: 'Potsdam',
      last_name: CONTACT.last_name,
    });
    expect((await t.get(who, `/contacts/${contact.id}`)).body.email).toBe('new@example.org');
    expect((await eventsOf(who, contact.id)).at(-1)).toMatchObject({
      type: 'contact.synced',
      data: { changes: { email: { from: CONTACT.email, to: 'new@example.org' }, city: { to: 'Potsdam' } } },
    });
  });

  it('keeps a contact that the registrar does not know, and a change writes it there again', async () => {
    const { who, contact } = await named('named-b.test');
    await t.owner.query('DELETE FROM domains.sandbox_contact WHERE handle = $1', [contact.id]);
    expect((await sync(who, contact.id).expect(200)).body).toMatchObject({
      email: CONTACT.email,
      missing_since: expect.any(String),
    });
    expect((await eventsOf(who, contact.id)).at(-1)).toMatchObject({ type: 'contact.missing' });
    expect((await t.patch(who, `/contacts/${contact.id}`, { city: 'Bonn' }).expect(200)).body).toMatchObject({
      city: 'Bonn',
      missing_since: null,
    });
    await later();
    expect((await sync(who, contact.id).expect(200)).body).toMatchObject({ city: 'Bonn', missing_since: null });
  });

  it('shows what the registrar has when the registrar refuses a change', async () => {
    const { who, contact } = await named('named-c.test');
    await t.owner.query(`UPDATE domains.sandbox_contact SET data = data || '{"city":"Potsdam"}' WHERE handle = $1`, [
      contact.id,
    ]);
    jest
      .spyOn(t.domains.registrars.get('sandbox'), 'updateContact')
      .mockResolvedValueOnce({ kind: 'refused', code: 'state_conflict' });
    expect((await t.patch(who, `/contacts/${contact.id}`, { city: 'Bonn' }).expect(409)).body.error).toMatchObject({
      code: 'state_conflict',
      details: [{ path: 'city', message: 'Potsdam' }],
    });
    expect((await t.get(who, `/contacts/${contact.id}`)).body.city).toBe('Potsdam');
  });

  it('asks no registrar about an unused contact; allows once a minute; requires domains:write; finds own contacts only', async () => {
    const who = await t.account();
    const { id } = (await t.post(who, '/contacts', CONTACT)).body as { id: string };
    const read = jest.spyOn(t.domains.registrars.get('sandbox'), 'readContact');
    expect((await sync(who, id).expect(200)).body.missing_since).toBeNull();
    expect(read).not.toHaveBeenCalled();
    await sync(who, id).expect(429);
    await sync(await t.keyOf(who.accountId, { scopes: ['domains:read', 'domains:buy'] }), id).expect(403);
    await sync(await t.account(), id).expect(404);
    const { who: other, contact } = await named('named-d.test');
    read.mockRejectedValueOnce(new Error('away'));
    await sync(other, contact.id).expect(503);
    await sync(other, contact.id).expect(200);
  });

  it('syncs all contacts of the account when no contact is named', async () => {
    const { who, contact } = await named('named-e.test');
    await t.owner.query(`UPDATE domains.sandbox_contact SET data = data || '{"city":"Potsdam"}' WHERE handle = $1`, [
      contact.id,
    ]);
    await t.post(who, '/contacts', CONTACT);
    expect((await t.post(who, '/contacts/sync', {}).expect(202)).body.operation).toMatchObject({
      kind: 'contact_sync',
      state: 'completed',
    });
    expect((await eventsOf(who, who.accountId)).at(-1)).toMatchObject({
      type: 'contact.all_synced',
      data: { total: 2, changed: 1, missing: 0, failed: 0 },
    });
  });
});

describe('POST /domains/{domain}/hosts/sync and …/hosts/{host}/sync', () => {
  it('answer the glue addresses that the registry has', async () => {
    const who = await t.account();
    await buy(who, 'glued.test');
    await t.put(who, '/domains/glued.test/hosts/ns1', { ips: ['192.0.2.1'] }).expect(200);
    await t.owner.query(
      `UPDATE domains.sandbox_name SET hosts = '{"ns1.glued.test":["192.0.2.2"],"ns2.glued.test":["192.0.2.3"]}'
        WHERE name = 'glued.test'`,
    );
    expect((await t.post(who, '/domains/glued.test/hosts/ns1/sync', {}).expect(200)).body).toEqual({
      domain: 'glued.test',
      host: 'ns1.glued.test',
      ips: ['192.0.2.2'],
    });
    expect((await t.get(who, '/domains/glued.test/hosts/ns2')).body.ips).toEqual(['192.0.2.3']);
    await t.owner.query(
      `UPDATE domains.sandbox_name SET hosts = '{"ns2.glued.test":["192.0.2.3"]}' WHERE name = 'glued.test'`,
    );
    const { body } = await t.post(who, '/domains/glued.test/hosts/sync', {}).expect(200);
    expect(body).toEqual((await t.get(who, '/domains/glued.test/hosts')).body);
    expect(body.items).toEqual([{ domain: 'glued.test', host: 'ns2.glued.test', ips: ['192.0.2.3'] }]);
    await t.post(who, '/domains/glued.test/hosts/ns1/sync', {}).expect(429);
    await later();
    await t.post(who, '/domains/glued.test/hosts/ns1/sync', {}).expect(404);
    await t.post(await t.account(), '/domains/glued.test/hosts/sync', {}).expect(404);
  });
});

describe('POST /transfers/{id}/sync and /transfers/sync', () => {
  const start = async (who: Who, domain: string) =>
    (await t.pay(who, '/transfers', { domain, auth_code: 'right-code', max_price_usd: '5.00' }).expect(202)).body
      .transfer.id as string;

  it('end a transfer that has ended at the registrar, without waiting for the next look-up', async () => {
    const who = await t.account({ balance: '50' });
    const id = await start(who, 'elsewhere-now.test');
    expect((await t.post(who, `/transfers/${id}/sync`, {}).expect(200)).body).toMatchObject({ id, state: 'completed' });
    await t.get(who, '/domains/elsewhere-now.test').expect(200);
    expect(await t.recover()).toBe(0);
    await t.post(who, `/transfers/${id}/sync`, {}).expect(429);
    await t.post(await t.account(), `/transfers/${id}/sync`, {}).expect(404);
  });

  it('leave a transfer open when the registrar does not know how it ended', async () => {
    const who = await t.account({ balance: '50' });
    const id = await start(who, 'elsewhere-untold.test');
    jest.spyOn(t.domains.registrars.get('sandbox'), 'lookUp').mockRejectedValueOnce(new Error('away'));
    await t.post(who, `/transfers/${id}/sync`, {}).expect(503);
    expect((await t.get(who, `/transfers/${id}`)).body.state).toBe('pending');
    expect((await t.get(who, '/balance')).body.held_usd).not.toBe('0.00');
    expect((await t.post(who, `/transfers/${id}/sync`, {}).expect(200)).body.state).toBe('completed');
  });

  it('sync the transfers that are under way when none is named', async () => {
    const who = await t.account({ balance: '50' });
    const ids = [await start(who, 'elsewhere-many-a.test'), await start(who, 'elsewhere-many-b.test')];
    const { body } = await t.post(who, '/transfers/sync', {}).expect(202);
    await t.owner.query(`UPDATE platform.operation SET wake_at = now() WHERE state = 'running'`);
    await recoverOperations(
      t.domains.service.purchases,
      new Map([[t.domains.syncs.transfers.kind.kind, t.domains.syncs.transfers.kind]]),
      'domains',
    );
    expect((await t.get(who, `/operations/${String(body.operation_id)}`)).body.state).toBe('completed');
    for (const id of ids) expect((await t.get(who, `/transfers/${id}`)).body.state).toBe('completed');
    expect((await eventsOf(who, who.accountId)).at(-1)).toMatchObject({
      type: 'transfer.all_synced',
      data: { total: 2, changed: 2 },
    });
  });
});
