// Restoring and deleting domains, DNSSEC, glue hosts, and one change for many domains.
import { parseUsd as usd } from '@lumi/shared/money';
import { dsOfKey } from '../src/names/ds-record';
import { domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => {
  t.clock.shiftMs = 0;
  expect(await t.breaches()).toEqual([]);
});

async function bought(who: Who, domain: string, body: object = {}) {
  return (await t.buy(who, { domain, ...body }).expect(201)).body.domain as { domain: string; expires_at: string };
}

describe('POST /domains/{domain}/restore', () => {
  it('gets a domain back out of redemption for its price, and adds a year', async () => {
    const who = await t.account({ balance: '20' });
    const before = await bought(who, 'redeemed.test');
    expect((await t.pay(who, '/domains/redeemed.test/restore', {}).expect(409)).body.error.code).toBe('state_conflict');
    t.clock.shiftDays(365 + 50);
    await t.pay(who, '/domains/redeemed.test/restore', { max_price_usd: '4.99' }).expect(409);
    const { body } = await t
      .pay(who, '/domains/redeemed.test/restore', { expected_price_usd: '5', reason: 'forgotten' })
      .expect(200);
    expect(body.order).toMatchObject({ kind: 'domain_restore', price_usd: '5.00', state: 'completed' });
    expect((await t.get(who, '/domains/redeemed.test')).body).toMatchObject({
      state: 'active',
      expires_at: body.expires_at,
    });
    expect(new Date(body.expires_at).getUTCFullYear() - new Date(before.expires_at).getUTCFullYear()).toBe(1);
    expect((await t.balance(who.accountId)).posted).toBe(usd('14'));
  });

  it('is settled by recovery when the registry does not answer', async () => {
    const who = await t.account({ balance: '20' });
    await bought(who, 'restore-timeout-before-a.test');
    t.clock.shiftDays(365 + 50);
    await t.pay(who, '/domains/restore-timeout-before-a.test/restore', {}).expect(202);
    await t.recover();
    expect((await t.get(who, '/domains/restore-timeout-before-a.test')).body.state).toBe('active');
    expect((await t.balance(who.accountId)).posted).toBe(usd('14'));
  });
});

describe('DELETE /domains/{domain}', () => {
  const remove = (who: Who, domain: string, body: object) => t.remove(who, `/domains/${domain}`).send(body);

  it('requires the name in `confirm`; at_expiry only stops the renewal', async () => {
    const who = await t.account();
    await bought(who, 'given-up.test', { auto_renew: true });
    await remove(who, 'given-up.test', { when: 'now', confirm: 'other.test' }).expect(422);
    await remove(who, 'given-up.test', {}).expect(422);
    expect(
      (await remove(who, 'given-up.test', { when: 'at_expiry', confirm: 'Given-Up.test' }).expect(200)).body,
    ).toMatchObject({ domain: { state: 'active', auto_renew: false }, refund_usd: '0.00' });
  });

  it('takes its parameters in the query as well, for clients that send no body with DELETE', async () => {
    const who = await t.account();
    await bought(who, 'bodyless.test');
    expect((await t.remove(who, '/domains/bodyless.test?when=now').expect(422)).body.error.details).toEqual([
      { path: 'confirm', message: expect.stringContaining('is required') },
    ]);
    await t.remove(who, '/domains/bodyless.test?when=now&confirm=other.test').expect(422);
    await remove(who, 'bodyless.test?when=now&confirm=bodyless.test', { when: 'at_expiry' }).expect(422);
    expect(
      (await t.remove(who, '/domains/bodyless.test?when=now&confirm=bodyless.test').expect(200)).body.domain.state,
    ).toBe('deleted');
  });

  it('releases the name at once in the first days, and through redemption later', async () => {
    const who = await t.account({ balance: '20' });
    await bought(who, 'young.test');
    expect(
      (await remove(who, 'young.test', { when: 'now', confirm: 'young.test' }).expect(200)).body.domain.state,
    ).toBe('deleted');
    await t.get(who, '/domains/young.test').expect(404);
    await bought(who, 'young.test');
    await bought(who, 'older.test');
    t.clock.shiftDays(10);
    expect(
      (await remove(who, 'older.test', { when: 'now', confirm: 'older.test' }).expect(200)).body.domain,
    ).toMatchObject({ state: 'redemption', can: { restore: { allowed: true } } });
    await remove(who, 'older.test', { when: 'now', confirm: 'older.test' }).expect(409);
    await t.pay(who, '/domains/older.test/restore', {}).expect(200);
    expect((await t.get(who, '/domains/older.test')).body.state).toBe('active');
  });

  it('reads the registry again when the command got no answer', async () => {
    const who = await t.account();
    await bought(who, 'delete-timeout-after-success-a.test');
    expect(
      (
        await remove(who, 'delete-timeout-after-success-a.test', {
          when: 'now',
          confirm: 'delete-timeout-after-success-a.test',
        }).expect(200)
      ).body.domain.state,
    ).toBe('deleted');
    await bought(who, 'delete-timeout-before-a.test');
    await remove(who, 'delete-timeout-before-a.test', { when: 'now', confirm: 'delete-timeout-before-a.test' }).expect(
      502,
    );
    expect((await t.get(who, '/domains/delete-timeout-before-a.test')).body.state).toBe('active');
  });
});

describe('DNSSEC', () => {
  const DS = {
    key_tag: 12345,
    algorithm: 13,
    digest_type: 2,
    digest: 'e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766',
  };

  it('sets DS records, also made from keys, and removes them', async () => {
    const who = await t.account();
    await bought(who, 'signed.test');
    expect((await t.get(who, '/domains/signed.test/dnssec').expect(200)).body).toEqual({
      domain: 'signed.test',
      mode: 'off',
      ds: [],
    });
    const { body } = await t.put(who, '/domains/signed.test/dnssec', { mode: 'external', ds: [DS, DS] }).expect(200);
    expect(body).toEqual({ domain: 'signed.test', mode: 'external', ds: [{ ...DS, digest: DS.digest.toUpperCase() }] });
    expect((await t.get(who, '/domains/signed.test')).body.dnssec).toEqual({ enabled: true, ds: body.ds });
    const key = {
      flags: 257,
      algorithm: 13,
      public_key: 'mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==',
    };
    expect(
      (await t.put(who, '/domains/signed.test/dnssec', { mode: 'external', keys: [key] }).expect(200)).body.ds,
    ).toMatchObject([{ algorithm: 13, digest_type: 2 }]);
    expect((await t.put(who, '/domains/signed.test/dnssec', { mode: 'off' }).expect(200)).body.ds).toEqual([]);
    for (const bad of [
      { mode: 'off', ds: [DS] },
      { mode: 'external' },
      { mode: 'external', ds: [{ ...DS, algorithm: 5 }] },
      { mode: 'external', ds: [{ ...DS, digest: 'ab' }] },
      { mode: 'external', ds: [{ ...DS, digest_type: 3 }] },
    ]) {
      await t.put(who, '/domains/signed.test/dnssec', bad).expect(422);
    }
  });

  it('makes the DS record that RFC 4509 prints for its key', () => {
    const public_key =
      'AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==';
    expect(dsOfKey('dskey.example.com', { flags: 256, algorithm: 5, public_key })).toEqual({
      key_tag: 60485,
      algorithm: 5,
      digest_type: 2,
      digest: 'D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A',
    });
  });
});

describe('glue hosts', () => {
  it('are created, replaced, listed and deleted, but cannot be deleted while the domain uses them', async () => {
    const who = await t.account();
    await bought(who, 'glued.test');
    const path = '/domains/glued.test/hosts';
    expect((await t.put(who, `${path}/NS1`, { ips: ['192.0.2.1', '2001:DB8:0::1'] }).expect(200)).body).toEqual({
      domain: 'glued.test',
      host: 'ns1.glued.test',
      ips: ['192.0.2.1', '2001:db8::1'],
    });
    await t.put(who, `${path}/ns2.glued.test`, { ips: ['192.0.2.2'] }).expect(200);
    expect((await t.get(who, path)).body.items.map(({ host }: { host: string }) => host)).toEqual([
      'ns1.glued.test',
      'ns2.glued.test',
    ]);
    expect(
      (await t.put(who, '/domains/glued.test/nameservers', { nameservers: ['ns1.glued.test', 'ns2.glued.test'] })).body
        .warnings,
    ).toEqual([]);
    expect((await t.remove(who, `${path}/ns2`).expect(409)).body.error.code).toBe('state_conflict');
    await t.put(who, '/domains/glued.test/nameservers', { nameservers: ['ns1.glued.test'] }).expect(200);
    await t.remove(who, `${path}/ns2`).expect(200);
    await t.get(who, `${path}/ns2`).expect(404);
    expect((await t.get(who, `${path}/ns1`).expect(200)).body.ips).toHaveLength(2);
    for (const ips of [[], ['x'], ['192.0.2.1', '192.0.2.1'], ['::1', '0:0:0:0:0:0:0:1']])
      await t.put(who, `${path}/ns3`, { ips }).expect(422);
  });
});

describe('POST /domains/bulk-update', () => {
  it('previews the change, then applies it to each domain that the filter or the list selects', async () => {
    const who = await t.account();
    for (const name of ['b1.test', 'b2.test', 'b3.test', 'update-refused-b4.test'])
      await bought(who, name, { tags: ['bulk'] });
    expect(
      (
        await t
          .post(who, '/domains/bulk-update', { filter: { tag: 'bulk' }, set: { locked: false }, preview: true })
          .expect(200)
      ).body,
    ).toEqual({ preview: true, matched: 4, domains: ['b1.test', 'b2.test', 'b3.test', 'update-refused-b4.test'] });
    expect((await t.get(who, '/domains/b1.test')).body.locked).toBe(true);
    const { body } = await t
      .post(who, '/domains/bulk-update', { filter: { tag: 'bulk' }, set: { locked: false, tags: ['done'] } })
      .expect(200);
    expect(body).toMatchObject({ total: 4, ok: 3, failed: 1 });
    expect(body.items[3]).toMatchObject({
      ref: 'update-refused-b4.test',
      status: 'failed',
      error: { code: 'supplier_error' },
    });
    expect((await t.get(who, '/domains?tag=done')).body.items).toHaveLength(3);
    const named = (
      await t
        .post(who, '/domains/bulk-update', {
          domains: ['B1.test', 'never-bought.test', 'b1.test', 'b2.test'],
          set: { nameservers: ['ns1.example.net'], auto_renew: true },
        })
        .expect(200)
    ).body;
    expect(
      named.items.map(({ ref, status, error }: { ref: string; status: string; error?: { code: string } }) => [
        ref,
        status,
        error?.code,
      ]),
    ).toEqual([
      ['B1.test', 'ok', undefined],
      ['never-bought.test', 'failed', 'not_found'],
      ['b1.test', 'failed', 'validation_error'],
      ['b2.test', 'ok', undefined],
    ]);
    expect((await t.get(who, '/domains/b2.test')).body).toMatchObject({
      nameservers: ['ns1.example.net'],
      auto_renew: true,
    });
  });

  it('refuses an empty change, too many names, and auto_renew without the buy scope', async () => {
    const who = await t.account();
    for (const body of [
      { set: { locked: true } },
      { domains: ['a.test'], filter: {}, set: { locked: true } },
      { domains: ['a.test'], set: {} },
      { domains: [], set: { locked: true } },
      { domains: ['a.test'], set: { price: 1 } },
    ]) {
      await t.post(who, '/domains/bulk-update', body).expect(422);
    }
    await t
      .post(who, '/domains/bulk-update', {
        domains: Array.from({ length: 501 }, () => 'a.test'),
        set: { locked: true },
      })
      .expect(413);
    const writer = await t.keyOf(who.accountId, { scopes: ['domains:write'] });
    await t.post(writer, '/domains/bulk-update', { domains: ['a.test'], set: { auto_renew: true } }).expect(403);
  });
});
