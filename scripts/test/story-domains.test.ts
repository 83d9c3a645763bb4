// A customer of domains, from the first price to the last day of a name, through the gateway. Every amount is checked
// exactly.
import { story, STORY_LIMIT_MS } from './story';

jest.setTimeout(STORY_LIMIT_MS);
const lumi = story('domains');
const NAME = 'a-long-story.xyz';
/** Of .xyz: the first year, every further year, and a restoration. */
const [FIRST, FURTHER, RESTORATION] = ['2.04', '12.98', '85.00'];
const FIFTY = Array.from({ length: 50 }, (_, i) => `chapter-${String(i + 1)}.xyz`);

interface Domain {
  readonly state: string;
  readonly expires_at: string;
  readonly lifecycle: { readonly grace_ends_at: string };
  readonly can: Readonly<Record<string, { readonly allowed: boolean }>>;
}

const domain = (name = NAME) => lumi.get<Domain>(`/domains/${name}`);

/** Each step continues after the one before. */
describe('the story of a domain', () => {
  let expiresAt = '';
  beforeAll(async () => void (await lumi.begins('300.00')));
  afterEach(async () => expect(await lumi.breaches()).toEqual([]));

  it('quote: shows a price for two years and keeps it', async () => {
    const quote = await lumi.post<{ id: string; total_usd: string }>(
      '/quotes',
      { operation: 'register', items: [{ domain: NAME, years: 2 }] },
      201,
    );
    expect(quote).toMatchObject({ total_usd: '15.02', balance_after_usd: '284.98', problems: [] });
    await lumi.paidNothing();

    const { domain: bought } = await lumi.buys<{ domain: Domain }>(
      '/domains',
      { domain: NAME, years: 2, quote_id: quote.id, reference: 'story-1', tags: ['story'] },
      201,
    );
    expect(bought).toMatchObject({ state: 'active', reference: 'story-1' });
    await lumi.paid('15.02');
    await lumi.isRefused('/domains', { domain: NAME }, 'already_owned');
    await lumi.isRefused('/domains', { domain: 'another-name.xyz', max_price_usd: '2.03' }, 'price_changed');
    await lumi.paidNothing();
  });

  it('buy: holds the money until the registry is done, then charges it', async () => {
    expect(await lumi.buys('/domains', { domain: 'pending-then-done-story.test' }, 202)).toMatchObject({
      order: { state: 'processing' },
    });
    await lumi.holds('1.00');
    for (let looks = 0; looks < 3; looks += 1) await lumi.pass(0);
    await lumi.settled('1.00');
    await lumi.buys('/domains', { domain: 'pending-then-refused-story.test' }, 202);
    await lumi.holds('1.00');
    for (let looks = 0; looks < 3; looks += 1) await lumi.pass(0);
    await lumi.settled();
    await lumi.isRefused('/domains', { domain: 'refused-story.test' }, 'supplier_error');
    await lumi.paidNothing();
  });

  it('use: name servers, DNSSEC, lock and auth code are free', async () => {
    expect(
      await lumi.put(`/domains/${NAME}/nameservers`, { nameservers: ['ns1.example.net', 'ns2.example.net'] }),
    ).toMatchObject({ nameservers: ['ns1.example.net', 'ns2.example.net'] });
    await lumi.put(`/domains/${NAME}/dnssec`, {
      mode: 'external',
      ds: [
        {
          key_tag: 12345,
          algorithm: 13,
          digest_type: 2,
          digest: 'E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766',
        },
      ],
    });
    expect(await lumi.patch(`/domains/${NAME}`, { locked: false, privacy: false })).toMatchObject({
      locked: false,
      privacy: false,
      dnssec: { enabled: true },
    });
    expect(await lumi.get('/domains?tag=story')).toMatchObject({ items: [{ domain: NAME }] });
    await lumi.paidNothing();
  });

  it('renew: adds a year, once for each expiry', async () => {
    const before = await domain();
    const renewed = await lumi.buys<{ expires_at: string }>(
      `/domains/${NAME}/renew`,
      { years: 1, current_expires_at: before.expires_at, expected_price_usd: FURTHER },
      200,
    );
    expect(renewed.expires_at > before.expires_at).toBe(true);
    await lumi.paid(FURTHER);
    await lumi.isRefused(
      `/domains/${NAME}/renew`,
      { years: 1, current_expires_at: before.expires_at },
      'expiry_mismatch',
    );
    await lumi.paidNothing();
    expiresAt = renewed.expires_at;
  });

  it('bulk: buys fifty names once each, although one is listed twice', async () => {
    const batch = await lumi.buysInBulk('/domains/bulk', {
      defaults: { years: 1, max_price_usd: FIRST },
      items: [...FIFTY, FIFTY[0]].map((name) => ({ domain: name })),
      max_total_usd: '110.00',
    });
    expect(batch).toMatchObject({ total: 51, ok: 50, failed: 1 });
    expect(batch.items.at(-1)).toMatchObject({ status: 'failed', error: { code: 'state_conflict' } });
    await lumi.paid(...FIFTY.map(() => FIRST));
    expect(await lumi.get('/domains/summary')).toMatchObject({ total: 52, by_state: { active: 52 } });
  });

  it('expire: sends reminders, then names without auto-renew end', async () => {
    const first = await domain(FIFTY[0]);
    await lumi.patch(`/domains/${FIFTY[1] ?? ''}`, { auto_renew: true });
    expect(await lumi.get('/forecast/renewals?days=365')).toMatchObject({ shortfall_usd: '0.00' });
    await lumi.passUntil(first.expires_at, -31);
    await lumi.paidNothing();
    await lumi.passUntil(first.expires_at, -10);
    await lumi.paid(FURTHER); // auto-renew of one
    await lumi.passUntil(first.expires_at);
    expect(await domain(FIFTY[0])).toMatchObject({ state: 'expired_grace', can: { renew: { allowed: true } } });
    expect(await domain(FIFTY[1])).toMatchObject({ state: 'active' });
    await lumi.passUntil(first.lifecycle.grace_ends_at);
    expect(await domain(FIFTY[0])).toMatchObject({
      state: 'redemption',
      can: { renew: { allowed: false }, restore: { allowed: true } },
    });
    expect(await lumi.events(FIFTY[0] ?? '')).toEqual([
      'domain.registered',
      'domain.expiring',
      'domain.expiring',
      'domain.expiring',
      'domain.expired',
      'domain.redemption',
    ]);
    await lumi.patch(`/domains/${FIFTY[1] ?? ''}`, { auto_renew: false });
    await lumi.paidNothing();
  });

  it('grace: the long-lived name expires as well, and is renewed in time', async () => {
    await lumi.passUntil(expiresAt, 20);
    const graced = await domain();
    expect(graced).toMatchObject({ state: 'expired_grace', expires_at: expiresAt });
    await lumi.buys(`/domains/${NAME}/renew`, { years: 1, current_expires_at: expiresAt }, 200);
    await lumi.paid(FURTHER);
    const renewed = await domain();
    expect(renewed).toMatchObject({ state: 'active' });
    expect(renewed.expires_at > expiresAt).toBe(true);
    expiresAt = renewed.expires_at;
  });

  it('auto-renew: renews once, two weeks before the expiry, while it is switched on', async () => {
    await lumi.patch(`/domains/${NAME}`, { auto_renew: true });
    await lumi.passUntil(expiresAt, -15);
    expect(await lumi.get('/balance')).toMatchObject({ auto_renew_due_30d_usd: FURTHER });
    await lumi.paidNothing();
    await lumi.passUntil(expiresAt, -13);
    await lumi.pass(0);
    await lumi.paid(FURTHER);
    const renewed = await domain();
    expect(renewed.expires_at > expiresAt).toBe(true);
    expiresAt = renewed.expires_at;
  });

  it('delete: a deleted name can be restored for a while, and is gone in the end', async () => {
    await lumi.remove(`/domains/${NAME}`, { when: 'now', confirm: NAME });
    expect(await domain()).toMatchObject({ state: 'redemption', can: { restore: { allowed: true } } });
    await lumi.paidNothing();
    await lumi.buys(`/domains/${NAME}/restore`, { expected_price_usd: RESTORATION }, 200);
    await lumi.paid(RESTORATION);
    expect(await domain()).toMatchObject({ state: 'active' });
    await lumi.remove(`/domains/${NAME}`, { when: 'now', confirm: NAME });
    await lumi.pass(40);
    expect((await lumi.call('GET', `/domains/${NAME}`)).status).toBe(404);
    expect(await lumi.events(NAME)).toEqual(
      expect.arrayContaining(['domain.redemption', 'domain.pending_delete', 'domain.released']),
    );
    await lumi.pass(400);
    await lumi.paidNothing();
    expect(await lumi.get('/domains/summary')).toMatchObject({ total: 0 });
  });
});
