// Buying a domain: exact amounts, every way a registry can answer, and many buyers at once.
import { parseUsd as usd } from '@lumi/shared/money';
import { CONTACT, domainsService } from './domains-fixture';

const t = domainsService();

afterEach(async () => expect(await t.breaches()).toEqual([]));

async function balanceOf(who: { accountId: string }) {
  const { posted, held } = await t.balance(who.accountId);
  return { posted, held };
}

describe('POST /domains', () => {
  it('registers a name, charges its price, and delivers it with its dates', async () => {
    const who = await t.account({ balance: '20' });
    const { body } = await t
      .buy(who, {
        domain: 'My-First.TEST',
        years: 2,
        nameservers: ['NS1.example.net', 'ns2.example.net'],
        auto_renew: true,
        tags: ['shop'],
        reference: 'r-1',
        metadata: { a: 1 },
      })
      .expect(201);
    expect(body.order).toMatchObject({
      kind: 'domain_register',
      subject: 'my-first.test',
      state: 'completed',
      price_usd: '2.00',
      money: { held_usd: '0.00', captured_usd: '2.00', released_usd: '0.00' },
      reference: 'r-1',
    });
    expect(body.domain).toMatchObject({
      domain: 'my-first.test',
      state: 'active',
      auto_renew: true,
      locked: true,
      privacy: true,
      nameservers: ['ns1.example.net', 'ns2.example.net'],
      renew_price_usd: '1.00',
      rgp_status: 'addPeriod',
      tags: ['shop'],
      reference: 'r-1',
      metadata: { a: 1 },
      order_id: body.order.id,
      registry_statuses: ['clientTransferProhibited'],
      can: {
        renew: { allowed: true, price_usd: '1.00' },
        restore: { allowed: false },
        transfer_out: { allowed: false },
      },
    });
    expect(new Date(body.domain.expires_at).getUTCFullYear()).toBe(t.clock.now().getUTCFullYear() + 2);
    expect(await balanceOf(who)).toEqual({ posted: usd('18'), held: 0n });
    expect((await t.get(who, '/domains/MY-first.test').expect(200)).body).toEqual(body.domain);
  });

  it('takes a stored contact, or inline contacts, which the account then owns', async () => {
    const who = await t.account({ balance: '100' });
    const contact = (await t.post(who, '/contacts', CONTACT).expect(201)).body;
    const first = (await t.buy(who, { domain: 'with-contact.com', contact_id: contact.id }).expect(201)).body;
    expect(first.order.price_usd).toBe('10.44');
    expect(first.domain.contacts).toEqual({
      registrant: contact.id,
      admin: contact.id,
      tech: contact.id,
      billing: contact.id,
    });
    const second = (
      await t
        .buy(who, {
          domain: 'inline.com',
          contacts: { registrant: CONTACT, tech: { ...CONTACT, organization: 'Engines Ltd' } },
        })
        .expect(201)
    ).body;
    expect(second.domain.contacts.admin).toBe(second.domain.contacts.registrant);
    expect((await t.get(who, `/contacts/${second.domain.contacts.tech}`).expect(200)).body).toMatchObject({
      type: 'organization',
      organization: 'Engines Ltd',
      used_by: 1,
    });
    expect((await t.get(who, `/contacts/${second.domain.contacts.registrant}`).expect(200)).body.used_by).toBe(1);
  });

  it('refuses invalid fields before it looks at any money', async () => {
    const who = await t.account({ balance: '0' });
    for (const [body, path] of [
      [{ domain: 'no dots' }, 'domain'],
      [{ domain: 'a.b.com' }, 'domain'],
      [{ domain: 'x.nowhere' }, 'domain'],
      [{ domain: 'com' }, 'domain'],
      [{ domain: 'ok.test', years: 11 }, 'years'],
      [{ domain: 'ok.ai', years: 1, contacts: { registrant: CONTACT } }, 'years'],
      [{ domain: 'ok.test', nameservers: ['-bad-'] }, 'nameservers.0'],
      [{ domain: 'ok.com', nameservers: ['ns1.example.net'], contacts: { registrant: CONTACT } }, 'nameservers'],
      [{ domain: 'ok.de', privacy: true, contacts: { registrant: CONTACT } }, 'privacy'],
      [{ domain: 'ok.test', max_price_usd: 5 }, 'max_price_usd'],
      [{ domain: 'ok.test', max_prise_usd: '5' }, 'max_prise_usd'],
      [{ domain: 'ok.com', contacts: { registrant: { ...CONTACT, adress2: 'c/o' } } }, 'contacts.registrant.adress2'],
    ] as const) {
      const { body: answer } = await t.buy(who, body).expect(422);
      expect(answer.error).toMatchObject({ code: 'validation_error', details: [{ path }] });
    }
    expect((await t.buy(who, { domain: 'ok.de' }).expect(422)).body.error).toMatchObject({
      code: 'requirements_missing',
      details: [{ path: 'contact_id' }],
    });
  });

  it('answers a contact of another account exactly like one that does not exist', async () => {
    const [who, other] = [await t.account(), await t.account()];
    const foreign = (await t.post(other, '/contacts', CONTACT).expect(201)).body.id as string;
    const answers = await Promise.all(
      [foreign, 'con_01k0000000000000000000000'].map((id) =>
        t
          .buy(who, { domain: 'contact-test.com', contact_id: id })
          .set('x-request-id', 'req_000000000000000000000000')
          .expect(404),
      ),
    );
    expect(answers[0]?.text).toBe(answers[1]?.text);
  });

  it('refuses for lack of money before it shows anything about the name', async () => {
    const who = await t.account({ balance: '0.99' });
    expect((await t.buy(who, { domain: 'taken-x.test' }).expect(402)).body.error.code).toBe('insufficient_balance');
    const capped = await t.account({ cap: '0.50' });
    expect((await t.buy(capped, { domain: 'taken-x.test' }).expect(402)).body.error.code).toBe('daily_cap_exceeded');
  });

  it.each([
    ['taken-a.test', 'not_available'],
    ['reserved-a.test', 'not_available'],
    ['check-fails-a.test', 'supplier_error'],
    ['refused-a.test', 'supplier_error'],
    ['lost-race-a.test', 'not_available'],
    ['price-changed-a.test', 'price_changed'],
  ])('refuses %s with %s and charges nothing', async (domain, code) => {
    const who = await t.account({ balance: '5' });
    const { body } = await t.buy(who, { domain });
    expect(body.error.code).toBe(code);
    expect(await balanceOf(who)).toEqual({ posted: usd('5'), held: 0n });
  });

  it('remembers under the key a refusal after the hold, and none before it', async () => {
    const who = await t.account({ balance: '5' });
    const first = await t.buy(who, { domain: 'refused-b.test' }, 'refused-key-1').expect(502);
    const again = await t.buy(who, { domain: 'refused-b.test' }, 'refused-key-1').expect(502);
    expect(again.text).toBe(first.text);
    expect(again.headers['idempotent-replayed']).toBe('true');
    await t.buy(who, { domain: 'taken-b.test' }, 'refused-key-2').expect(409);
    await t.buy(who, { domain: 'free-b.test' }, 'refused-key-2').expect(201);
  });

  it('answers already_owned to the account that has the name, and not_available to every other account', async () => {
    const [who, other] = [await t.account(), await t.account()];
    await t.buy(who, { domain: 'owned-once.test' }).expect(201);
    expect((await t.buy(who, { domain: 'owned-once.test' }).expect(409)).body.error.code).toBe('already_owned');
    expect((await t.buy(other, { domain: 'owned-once.test' }).expect(409)).body.error.code).toBe('not_available');
  });

  it('stores a registry’s price change under the key as its answer, and does not store a price change that Lumi finds', async () => {
    const who = await t.account({ balance: '500' });
    const before = (await t.buy(who, { domain: 'price-changed-told.test', max_price_usd: '0.10' }).expect(409)).body
      .error;
    expect([before.code, before.details.map(({ path }: { path: string }) => path)]).toEqual([
      'price_changed',
      ['price_usd'],
    ]);
    const after = (await t.buy(who, { domain: 'price-changed-told.test' }).expect(409)).body.error;
    expect([after.code, after.details.at(-1)]).toEqual([
      'price_changed',
      { path: 'Idempotency-Key', message: expect.stringContaining('remembered') },
    ]);
    const [order] = (await t.get(who, '/orders')).body.items;
    expect(order.error).toEqual({ code: 'price_changed', message: after.message, details: after.details });
    expect((await t.get(who, `/operations/${order.operation_id}`)).body.error.details).toEqual(after.details);
  });

  it('sells a premium name only when the caller agrees to its price, and renews it at its own price', async () => {
    const who = await t.account({ balance: '500' });
    const refused = (await t.buy(who, { domain: 'premium-a.test' }).expect(409)).body.error;
    expect(refused).toMatchObject({ code: 'price_changed', details: [{ path: 'price_usd', message: '250.00' }] });
    await t.buy(who, { domain: 'premium-a.test', expected_price_usd: '249.99' }).expect(409);
    const { body } = await t.buy(who, { domain: 'premium-a.test', max_price_usd: '250' }).expect(201);
    expect(body.domain).toMatchObject({
      renew_price_usd: '100.00',
      status_tags: ['no_nameservers', 'transfer_locked', 'premium'],
    });
    expect(await balanceOf(who)).toEqual({ posted: usd('250'), held: 0n });
    const renewed = (
      await t
        .pay(who, '/domains/premium-a.test/renew', { years: 1, current_expires_at: body.domain.expires_at })
        .expect(200)
    ).body;
    expect(renewed.order.price_usd).toBe('100.00');
  });

  it('keeps to the price the caller agreed to, also when the price changes between check and purchase', async () => {
    const who = await t.account({ balance: '10' });
    await t.buy(who, { domain: 'consent-a.test', expected_price_usd: '0.99' }).expect(409);
    await t.buy(who, { domain: 'consent-a.test', max_price_usd: '0.99' }).expect(409);
    await t.buy(who, { domain: 'consent-a.test', expected_price_usd: '1.00', max_price_usd: '1' }).expect(201);
    expect((await t.get(who, '/domains/check?domain=price-changed-c.test')).body.price_usd).toBe('1.00');
    await t.buy(who, { domain: 'price-changed-c.test', expected_price_usd: '1' }).expect(409);
    expect((await t.get(who, '/domains/check?domain=price-changed-c.test')).body.price_usd).toBe('3.00');
    expect(
      (await t.buy(who, { domain: 'price-changed-c.test', expected_price_usd: '3' }).expect(201)).body.order.price_usd,
    ).toBe('3.00');
  });

  it('charges, holds and registers nothing in a dry run', async () => {
    const who = await t.account({ balance: '5' });
    const { body } = await t.post(who, '/domains?dry_run=true', { domain: 'rehearsal.test' }).expect(200);
    expect(body).toEqual({
      dry_run: true,
      would_succeed: true,
      kind: 'domain_register',
      subject: 'rehearsal.test',
      price_usd: '1.00',
    });
    await t.post(who, '/domains?dry_run=true', { domain: 'taken-rehearsal.test' }).expect(409);
    expect(await balanceOf(who)).toEqual({ posted: usd('5'), held: 0n });
    expect(await t.log('rehearsal.test')).toEqual([]);
  });

  it('registers Unicode names as A-labels', async () => {
    const who = await t.account();
    const { body } = await t.buy(who, { domain: 'Faß.test' }).expect(201);
    expect(body.domain).toMatchObject({ domain: 'xn--fa-hia.test', unicode: 'faß.test' });
    await t.get(who, `/domains/${encodeURIComponent('FAß.test')}`).expect(200);
    await t.buy(who, { domain: 'xn--fa-hia.test' }).expect(409);
  });
});
