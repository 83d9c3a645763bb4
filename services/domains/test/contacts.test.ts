// Contacts: how their fields are read, and which fields a TLD requires before money is held.
import { CONTACT, domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => expect(await t.breaches()).toEqual([]));

const create = (who: Who, fields: object) => t.post(who, '/contacts', { ...CONTACT, ...fields });
const WITHOUT_POSTAL_CODE = { ...CONTACT, postal_code: null };

describe('a field of a contact', () => {
  it.each([
    ['email', 'user@example.xn--p1ai', 'user@example.xn--p1ai'],
    ['email', 'r&d@example.com', 'r&d@example.com'],
    ['email', ' Ada@Example.COM\n', 'Ada@example.com'],
    ['email', 'ada@пример.рф', 'ada@xn--e1afmkfd.xn--p1ai'],
    ['country', 'de', 'DE'],
    ['country', ' gb ', 'GB'],
    ['phone', '+49.30123', '+4930123'],
    ['phone', '+49 (0)30 / 123-456', '+4930123456'],
    ['phone', ' +1 (415) 555-0100 ', '+14155550100'],
    ['last_name', '  Lovelace\t', 'Lovelace'],
    ['city', '\u00a0Köln ', 'Köln'],
    ['organization', '', null],
    ['address2', '', null],
    ['state', ' ', null],
    ['postal_code', '', null],
    ['postal_code', ' 10117 ', '10117'],
  ])('%s: %j is stored as %j', async (field, sent, stored) => {
    const who = await t.account();
    const { body } = await create(who, { [field]: sent }).expect(201);
    expect(body[field]).toBe(stored);
    expect((await t.get(who, `/contacts/${body.id}`).expect(200)).body[field]).toBe(stored);
    expect((await t.patch(who, `/contacts/${body.id}`, { [field]: sent }).expect(200)).body[field]).toBe(stored);
  });

  it.each([
    [
      'email',
      [
        'a@e-.com',
        'a@b',
        'a@',
        '@example.com',
        'a@@example.com',
        '.a@example.com',
        'a.@example.com',
        'a..b@example.com',
        'a b@example.com',
        'a@exam ple.com',
        'a@1.2.3.4',
        'a@[192.0.2.1]',
        '"a"@example.com',
        `${'a'.repeat(65)}@example.com`,
        'a@example.com,b@example.com',
        'ü@example.com',
        '',
      ],
    ],
    ['country', ['UK', 'ZZ', 'EU', 'XK', 'AN', 'SU', 'D', 'DEU', '276', 'Germany', '', 'ＤＥ']],
    [
      'phone',
      [
        '030 123',
        '+49',
        '+1',
        '+12345',
        '+99912345678',
        '+49.3012345678901234',
        '+49.30123456x12',
        'tel:+4930123456',
        '+1800FLOWERS',
        '++4930123456',
        '',
      ],
    ],
    ['last_name', [' ', '', '\u200b', '\u2800', '\u0301', '\u3164', '\u00ad\ufe0f', 'a\u0007b', 'a\nb', 'a\u2028b']],
    ['first_name', [' ', '\u200d']],
    ['address1', ['\u2060']],
    ['city', ['\u00a0']],
    ['organization', ['\u200b']],
  ])('%s is refused with 422 when its value is invalid', async (field, values) => {
    const who = await t.account();
    const id = (await create(who, {}).expect(201)).body.id as string;
    for (const value of values) {
      const answers = [
        await create(who, { [field]: value }),
        await t.patch(who, `/contacts/${id}`, { [field]: value }),
        await t.buy(who, { domain: 'fields.com', contacts: { registrant: { ...CONTACT, [field]: value } } }),
      ];
      expect([value, answers.map(({ status, body }) => [status, body.error?.details?.[0]?.path])]).toEqual([
        value,
        [
          [422, field],
          [422, field],
          [422, `contacts.registrant.${field}`],
        ],
      ]);
    }
    expect((await t.get(who, `/contacts/${id}`)).body).toMatchObject(CONTACT);
  });

  it('answers the right country code when the caller sends another code of that country', async () => {
    const who = await t.account();
    expect((await create(who, { country: 'uk' }).expect(422)).body.error.details[0].message).toContain('GB');
  });
});

describe('the name of an organization', () => {
  it('is required for an organization when the contact is created, sent inline or changed', async () => {
    const who = await t.account();
    const refused = { code: 'validation_error', details: [{ path: 'organization' }] };
    for (const organization of [undefined, null, '', '  '])
      expect((await create(who, { type: 'organization', organization }).expect(422)).body.error).toMatchObject(refused);
    const inPlace = await t
      .buy(who, {
        domain: 'organization.com',
        contacts: { registrant: CONTACT, tech: { ...CONTACT, type: 'organization' } },
      })
      .expect(422);
    expect(inPlace.body.error).toMatchObject({
      code: 'validation_error',
      details: [{ path: 'contacts.tech.organization' }],
    });

    const person = (await create(who, {}).expect(201)).body;
    expect(
      (await t.patch(who, `/contacts/${person.id}`, { type: 'organization' }).expect(422)).body.error,
    ).toMatchObject(refused);
    expect(
      (await t.patch(who, `/contacts/${person.id}`, { type: 'organization', organization: 'Engines Ltd' }).expect(200))
        .body,
    ).toMatchObject({ type: 'organization', organization: 'Engines Ltd' });
    for (const organization of [null, ''])
      expect((await t.patch(who, `/contacts/${person.id}`, { organization }).expect(422)).body.error).toMatchObject(
        refused,
      );
    expect(
      (await t.patch(who, `/contacts/${person.id}`, { type: 'person', organization: null }).expect(200)).body,
    ).toMatchObject({ type: 'person', organization: null });
  });
});

describe('the fields that a TLD requires of a contact', () => {
  const missing = (...paths: string[]) => ({ code: 'requirements_missing', details: paths.map((path) => ({ path })) });

  it('is checked before the hold in every kind of purchase', async () => {
    const who = await t.account({ balance: '100' });
    const contact_id = (await create(who, { postal_code: null }).expect(201)).body.id as string;
    expect(
      (await t.post(who, '/domains?dry_run=true', { domain: 'no-code.de', contact_id }).expect(422)).body.error,
    ).toMatchObject(missing('contact_id.postal_code'));
    expect((await t.buy(who, { domain: 'no-code.de', contact_id }).expect(422)).body.error).toMatchObject(
      missing('contact_id.postal_code'),
    );
    expect(
      (
        await t
          .buy(who, {
            domain: 'no-code.de',
            contacts: { registrant: WITHOUT_POSTAL_CODE, tech: CONTACT, admin: { ...CONTACT, postal_code: '1011' } },
          })
          .expect(422)
      ).body.error,
    ).toMatchObject(missing('contacts.registrant.postal_code', 'contacts.admin.postal_code'));
    expect(
      (await t.pay(who, '/transfers', { domain: 'no-code.de', auth_code: 'x', contact_id }).expect(422)).body.error,
    ).toMatchObject(missing('contact_id.postal_code'));
    expect(
      (
        await t
          .post(who, '/transfers?dry_run=true', {
            domain: 'no-code.de',
            auth_code: 'x',
            contacts: { registrant: WITHOUT_POSTAL_CODE },
          })
          .expect(422)
      ).body.error,
    ).toMatchObject(missing('contacts.registrant.postal_code'));
    const bulk = await t
      .pay(who, '/domains/bulk', {
        defaults: { contact_id },
        items: [{ domain: 'no-code.de' }, { domain: 'no-code.test' }],
      })
      .expect(200);
    expect(bulk.body.items).toMatchObject([
      { status: 'failed', error: missing('contact_id.postal_code') },
      { status: 'ok' },
    ]);
    expect(await t.balance(who.accountId)).toMatchObject({ posted: 990_000n, held: 0n });
    expect(await t.log('no-code.de')).toEqual([]);
    await t.post(who, '/quotes', { operation: 'register', items: [{ domain: 'no-code.de' }] }).expect(201);
  });

  it('is checked when a contact gets a role, and when it changes while it has a role', async () => {
    const who = await t.account({ balance: '100' });
    const [good, bad] = [
      (await create(who, {}).expect(201)).body.id as string,
      (await create(who, { country: 'FR', postal_code: 'none' }).expect(201)).body.id as string,
    ];
    await t.buy(who, { domain: 'roles.de', contact_id: good }).expect(201);
    expect(
      (await t.put(who, '/domains/roles.de/contacts', { admin: bad, tech: good }).expect(422)).body.error,
    ).toMatchObject(missing('admin.postal_code'));
    expect((await t.get(who, '/domains/roles.de/contacts')).body.admin).toBe(good);
    expect((await t.patch(who, `/contacts/${good}`, { postal_code: '' }).expect(422)).body.error).toMatchObject(
      missing('postal_code'),
    );
    expect((await t.patch(who, `/contacts/${good}`, { country: 'NL' }).expect(422)).body.error).toMatchObject(
      missing('postal_code'),
    );
    expect(
      (await t.patch(who, `/contacts/${good}`, { country: 'NL', postal_code: '1012js' }).expect(200)).body.postal_code,
    ).toBe('1012js');
    await t.patch(who, `/contacts/${bad}`, { postal_code: null }).expect(200);
    await t.patch(who, `/contacts/${bad}`, { postal_code: '75001' }).expect(200);
    await t.put(who, '/domains/roles.de/contacts', { admin: bad }).expect(200);
  });

  it('does not include a postal code for countries that have none or rarely use one', async () => {
    const who = await t.account({ balance: '1000' });
    for (const country of ['HK', 'AE', 'IE', 'BS'])
      await t
        .post(who, '/domains?dry_run=true', {
          domain: 'no-code.de',
          contacts: { registrant: { ...WITHOUT_POSTAL_CODE, country } },
        })
        .expect(200);
    for (const country of ['DE', 'US', 'GB', 'FR', 'JP'])
      await t
        .post(who, '/domains?dry_run=true', {
          domain: 'no-code.com',
          contacts: { registrant: { ...WITHOUT_POSTAL_CODE, country } },
        })
        .expect(422);
    await t
      .post(who, '/domains?dry_run=true', { domain: 'no-rules.test', contacts: { registrant: WITHOUT_POSTAL_CODE } })
      .expect(200);
  });

  it('can apply to some countries and roles only, and GET /tlds/{tld} shows it', async () => {
    const who = await t.account();
    await t.owner.query(
      `UPDATE domains.tld SET contact_rules =
        '[{"fields":["state","organization"],"roles":["registrant"],"countries":["CA"]}]' WHERE tld = 'app'`,
    );
    t.clock.shiftMs += 10_000; // the catalogue keeps its rows for a few seconds
    expect((await t.get(who, '/tlds/app').expect(200)).body.contact_requirements).toEqual([
      { fields: ['state', 'organization'], roles: ['registrant'], countries: ['CA'] },
    ]);
    const canadian = { ...CONTACT, country: 'CA', postal_code: 'K1A 0B1' };
    expect(
      (await t.buy(who, { domain: 'rules.app', contacts: { registrant: canadian } }).expect(422)).body.error,
    ).toMatchObject(missing('contacts.registrant.state', 'contacts.registrant.organization'));
    await t
      .post(who, '/domains?dry_run=true', { domain: 'rules.app', contacts: { registrant: CONTACT, admin: canadian } })
      .expect(200);
  });

  it('is shown in the TLD', async () => {
    const who = await t.account();
    expect((await t.get(who, '/tlds/de').expect(200)).body.contact_requirements).toEqual([
      { fields: ['postal_code'], roles: ['registrant', 'admin', 'tech', 'billing'], countries: 'with_postal_codes' },
    ]);
    expect((await t.get(who, '/tlds/test').expect(200)).body.contact_requirements).toEqual([]);
  });
});
