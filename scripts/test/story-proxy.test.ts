// A customer of proxies, from the first price to the last day of an address, through the gateway. Every amount is
// checked exactly.
import { story, STORY_LIMIT_MS } from './story';

jest.setTimeout(STORY_LIMIT_MS);
const lumi = story('proxy');
/** Two in Japan and one in Britain, a dedicated IPv4 each, for a week: 2 × 0.6884 + 0.6067. */
const WISH = {
  product_id: 'ipv4',
  items: [
    { country: 'JP', quantity: 2 },
    { country: 'GB', quantity: 1 },
  ],
  period_days: 7,
};
const [TOGETHER, JAPAN, PLAIN, REPLACEMENT] = ['1.9835', '0.6884', '0.595', '0.50'];
const FIFTY = Array.from({ length: 50 }, (_, i) => ({ ref: `order-${String(i + 1)}` }));
const GRACE_DAYS = 3;

interface Proxy {
  readonly id: string;
  readonly country: string;
  readonly state: string;
  readonly exit_ip: string;
  readonly expires_at: string;
}

interface Bought {
  readonly order: { readonly id: string };
  readonly delivery: { readonly state: string };
  readonly proxies: readonly Proxy[];
}

/** Each step continues after the one before. */
describe('the story of proxies', () => {
  let [orderId, id] = ['', ''];
  let proxies: readonly Proxy[] = [];
  const proxy = (of = id) => lumi.get<Proxy>(`/proxies/${of}`);

  beforeAll(async () => void (await lumi.begins('100.00')));
  afterEach(async () => expect(await lumi.breaches()).toEqual([]));

  it('quote: shows a price for an order of two countries and keeps it', async () => {
    const quote = await lumi.post<{ id: string }>('/quotes', { operation: 'order', items: [WISH] }, 201);
    expect(quote).toMatchObject({ total_usd: TOGETHER, balance_after_usd: '98.0165', problems: [] });
    await lumi.paidNothing();

    const bought = await lumi.buys<Bought>('/orders', { ...WISH, quote_id: quote.id, reference: 'story-1' }, 201);
    expect(bought.proxies).toHaveLength(3);
    await lumi.paid(TOGETHER);
    [orderId, proxies, id] = [
      bought.order.id,
      bought.proxies,
      bought.proxies.find(({ country }) => country === 'JP')?.id ?? '',
    ];
  });

  it('buy: charges only what is delivered', async () => {
    expect(
      await lumi.buys<Bought>(
        '/orders',
        { product_id: 'ipv4', items: [{ country: 'XD', quantity: 4 }], period_days: 30, partial: 'accept' },
        201,
      ),
    ).toMatchObject({ delivery: { state: 'partial' } });
    await lumi.paid('3.40');
    await lumi.buys('/orders', { product_id: 'ipv4', items: [{ country: 'XE', quantity: 2 }], period_days: 7 }, 202);
    await lumi.holds('1.19');
    await lumi.pass(0);
    await lumi.settled('1.19');
    await lumi.buys('/orders', { product_id: 'ipv4', items: [{ country: 'XI', quantity: 2 }], period_days: 7 }, 202);
    await lumi.holds('1.19');
    await lumi.pass(0);
    await lumi.settled();
    await lumi.isRefused(
      '/orders',
      { product_id: 'ipv4', items: [{ country: 'XB', quantity: 1 }], period_days: 7 },
      'supplier_error',
    );
    await lumi.isRefused('/orders', { ...WISH, max_price_usd: '1.98' }, 'price_changed');
    await lumi.paidNothing();
  });

  it('use: access, addresses and lists are free; a second replacement is charged', async () => {
    expect(await lumi.put(`/proxies/${id}/credentials`, { username: 'reader', grace_s: 600 })).toMatchObject({
      username: 'reader',
    });
    await lumi.post(`/proxies/${id}/allowlist`, { ip_or_cidr: '198.51.100.7' }, 201);
    await lumi.patch(`/proxies/${id}`, { tags: ['story'], label: 'reading' });
    expect(await lumi.get('/proxies?tag=story')).toMatchObject({ items: [{ id }] });
    await lumi.pass(0);
    expect(await proxy()).toMatchObject({ is_applied: true, health: { ok: true } });

    const free = await lumi.buys<{ replacement: { added: string[] } }>(
      '/proxies/replace',
      { select: { proxy_ids: [id] }, reason: 'blocked' },
      201,
    );
    await lumi.paidNothing();
    id = free.replacement.added[0] ?? '';
    const paid = await lumi.buys<{ replacement: { added: string[] } }>(
      '/proxies/replace',
      { select: { proxy_ids: [id] }, max_price_usd: REPLACEMENT },
      201,
    );
    await lumi.paid(REPLACEMENT);
    id = paid.replacement.added[0] ?? '';
    expect(await proxy()).toMatchObject({ state: 'active', label: 'reading', username: 'reader', country: 'JP' });
  });

  it('use: traffic is bought by the gigabyte and shared among sub-users', async () => {
    const { plan } = await lumi.buys<{ plan: { id: string } }>('/traffic-plans', { pool: 'residential', gb: 3 }, 201);
    await lumi.paid('9.60');
    await lumi.buys(`/traffic-plans/${plan.id}/topup`, { gb: 10, expected_price_usd: '29.44' }, 200);
    await lumi.paid('29.44');
    await lumi.post('/subusers', { traffic_plan_id: plan.id, limit_gb: 5 }, 201);
    expect(await lumi.get(`/traffic-plans/${plan.id}`)).toMatchObject({ gb_total: 13, gb_reserved: 5, gb_free: 8 });
    await lumi.paidNothing();
  });

  it('renew: adds a week to the whole order, once for each expiry', async () => {
    const { expires_at } = await proxy();
    const renewal = { period_days: 7, current_expires_at: expires_at };
    const renewed = await lumi.buys<{ proxies: { expires_at: string }[] }>(
      `/orders/${orderId}/renew`,
      { ...renewal, expected_price_usd: TOGETHER },
      200,
    );
    expect(new Set(renewed.proxies.map((one) => Date.parse(one.expires_at) - Date.parse(expires_at)))).toEqual(
      new Set([7 * 86_400_000]),
    );
    await lumi.paid(TOGETHER);
    await lumi.isRefused(`/orders/${orderId}/renew`, renewal, 'expiry_mismatch');
    await lumi.paidNothing();
  });

  it('bulk: makes fifty orders and renewals once each, although one is listed twice', async () => {
    const defaults = { product_id: 'ipv4', items: [{ country: 'XA', quantity: 1 }], period_days: 7 };
    const batch = await lumi.buysInBulk('/orders/bulk', { defaults, items: FIFTY });
    expect(batch).toMatchObject({ total: 50, ok: 50, failed: 0 });
    await lumi.paid(...FIFTY.map(() => PLAIN));
    const bought = batch.items.flatMap(({ result }) => (result as Bought).proxies);
    const items = bought.map((one) => ({ proxy_id: one.id, current_expires_at: one.expires_at }));
    const renewals = await lumi.buysInBulk('/proxies/renew', {
      defaults: { period_days: 7 },
      items: [...items.slice(0, 12), ...items.slice(0, 1)],
    });
    expect(renewals).toMatchObject({ total: 13, ok: 12, failed: 1 });
    expect(renewals.items.at(-1)).toMatchObject({ status: 'failed', error: { code: 'state_conflict' } });
    await lumi.paid(...items.slice(0, 12).map(() => PLAIN));
    proxies = bought.slice(12);
  });

  it('expire: sends a reminder in time, keeps the proxy in grace, and ends it afterwards', async () => {
    const [one, other] = proxies;
    if (one === undefined || other === undefined) throw new Error('the bulk bought nothing');
    await lumi.patch(`/proxies/${other.id}`, { auto_renew: true });
    await lumi.passUntil(one.expires_at, -1.1);
    expect(await proxy(one.id)).toMatchObject({ state: 'expiring' });
    await lumi.paidNothing();
    await lumi.passUntil(one.expires_at, -0.5);
    await lumi.paid(PLAIN); // auto-renew of the other
    await lumi.patch(`/proxies/${other.id}`, { auto_renew: false });
    await lumi.passUntil(one.expires_at);
    expect(await proxy(one.id)).toMatchObject({ state: 'grace', can: { renew: { allowed: true } } });
    await lumi.passUntil(one.expires_at, GRACE_DAYS);
    expect(await proxy(one.id)).toMatchObject({ state: 'expired', can: { renew: { allowed: false } } });
    await lumi.isRefused(
      '/orders/' + (await lumi.get<{ order_id: string }>(`/proxies/${one.id}`)).order_id + '/renew',
      { period_days: 7, current_expires_at: one.expires_at },
      'state_conflict',
    );
    expect(await lumi.events(one.id)).toEqual(['proxy.expiring', 'proxy.expiring', 'proxy.expired', 'proxy.ended']);
    await lumi.paidNothing();
  });

  it('grace: the first proxies expire as well, and one is renewed in time', async () => {
    const { expires_at } = await proxy();
    await lumi.passUntil(expires_at, 1);
    expect(await proxy()).toMatchObject({ state: 'grace', expires_at });
    const renewed = await lumi.buys<{ items: { result: { proxies: { expires_at: string }[] } }[] }>(
      '/proxies/renew',
      { items: [{ proxy_id: id, current_expires_at: expires_at, period_days: 7 }] },
      200,
    );
    expect(Date.parse(renewed.items[0]?.result.proxies[0]?.expires_at ?? '') - Date.parse(expires_at)).toBe(
      7 * 86_400_000,
    );
    await lumi.paid(JAPAN);
    expect(await proxy()).toMatchObject({ state: 'active' });
  });

  it('auto-renew: renews once, a day before the expiry', async () => {
    await lumi.patch(`/proxies/${id}`, { auto_renew: true });
    const { expires_at } = await proxy();
    await lumi.passUntil(expires_at, -2);
    await lumi.paidNothing();
    await lumi.passUntil(expires_at, -0.9);
    await lumi.pass(0);
    await lumi.paid(JAPAN);
    expect(Date.parse((await proxy()).expires_at) - Date.parse(expires_at)).toBe(7 * 86_400_000);
  });

  it('end: gives the address of an ended proxy back', async () => {
    const { expires_at } = await lumi.patch<Proxy>(`/proxies/${id}`, { auto_renew: false });
    await lumi.passUntil(expires_at, GRACE_DAYS);
    await lumi.pass(60);
    await lumi.paidNothing();
    expect(await proxy()).toMatchObject({ state: 'expired' });
    expect(await lumi.get('/products/ipv4/locations?country=JP')).toMatchObject({ items: [{ stock: 300 }] });
    expect(await lumi.get('/proxies/summary')).toMatchObject({ total: 0 });
  });
});
