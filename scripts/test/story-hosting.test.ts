// A customer of hosting, from the first price to the last day of a server, through the gateway. Every amount is checked
// exactly.
import { formatUsd, parseUsd } from '@lumi/shared/money';
import { story, STORY_LIMIT_MS } from './story';

jest.setTimeout(STORY_LIMIT_MS);
const lumi = story('vps');
/** A month of S1 and of S2 in Helsinki, and three of S2. */
const [SMALL, MEDIUM, QUARTER] = ['3.591', '5.841', '16.9973'];
const WISH = { plan_id: 's1', locations: ['hel', 'fra'], image_id: 'debian-13', period_months: 1 };
const FIFTY = Array.from({ length: 50 }, (_, i) => ({ hostname: `node-${String(i + 1)}.example.com` }));
const GRACE_DAYS = 2;

interface Server {
  readonly id: string;
  readonly hostname: string;
  readonly lifecycle: string;
  readonly power: string;
  readonly plan_id: string;
  readonly expires_at: string;
  readonly terminates_at: string;
  readonly ips: readonly { readonly ip: string; readonly version: number }[];
}

/** Each step continues after the one before. */
describe('the story of a server', () => {
  let id = '';
  const server = (of = id) => lumi.get<Server>(`/servers/${of}`);
  /** A free action on it, followed to its end. */
  const does = async (path: string, body: object = {}, method: 'post' | 'put' | 'remove' = 'post'): Promise<void> => {
    const { operation_id } = await lumi[method]<{ operation_id: string }>(`/servers/${id}${path}`, body, 202);
    await lumi.pass(0);
    expect(await lumi.get(`/operations/${operation_id}`)).toMatchObject({ state: 'completed', error: null });
  };

  beforeAll(async () => void (await lumi.begins('300.00')));
  afterEach(async () => expect(await lumi.breaches()).toEqual([]));

  it('quote: shows the price, and the balance that would be left', async () => {
    const quote = await lumi.post<{ id: string }>(
      '/quotes',
      { operation: 'create', items: [{ ...WISH, hostname: 'story.example.com' }] },
      201,
    );
    expect(quote).toMatchObject({ total_usd: SMALL, balance_after_usd: '296.409', problems: [] });
    await lumi.paidNothing();

    const bought = await lumi.buys<{ server: Server }>(
      '/servers',
      { ...WISH, hostname: 'story.example.com', quote_id: quote.id, tags: ['story'] },
      202,
    );
    id = bought.server.id;
    expect(bought.server).toMatchObject({ lifecycle: 'provisioning', location_id: 'hel' });
    await lumi.holds(SMALL);
    await lumi.pass(0);
    await lumi.settled(SMALL);
    expect(await server()).toMatchObject({ lifecycle: 'active', power: 'running', renew_price_usd: SMALL });
  });

  it('buy: a server that cannot be made costs nothing', async () => {
    await lumi.buys('/servers', { ...WISH, hostname: 'sandbox-build-fails' }, 202);
    await lumi.holds(SMALL);
    await lumi.pass(0);
    await lumi.settled();
    await lumi.isRefused('/servers', { ...WISH, hostname: 'sandbox-refused' }, 'supplier_error');
    await lumi.isRefused('/servers', { ...WISH, hostname: 'too-dear', expected_price_usd: '3.59' }, 'price_changed');
    await lumi.isRefused(
      '/servers',
      { ...WISH, plan_id: 'd16', locations: ['sin'], hostname: 'sold-out' },
      'out_of_stock',
    );
    await lumi.paidNothing();
  });

  it('use: power, snapshots, reverse names and passwords are free', async () => {
    await does('/actions/stop');
    expect(await server()).toMatchObject({ power: 'stopped' });
    await does('/actions/start');
    await does('/snapshots', { name: 'before' });
    const { items } = await lumi.get<{ items: { id: string; state: string }[] }>(`/servers/${id}/snapshots`);
    expect(items).toMatchObject([{ state: 'ready' }]);
    await does(`/snapshots/${items[0]?.id ?? ''}/restore`, { confirm: 'story.example.com' });
    const address = (await server()).ips.find(({ version }) => version === 4)?.ip ?? '';
    await does(`/ips/${address}/rdns`, { ptr: 'story.example.com' }, 'put');
    await does('/actions/reset-password');
    await does('/actions/rebuild', { image_id: 'debian-12', confirm: 'story.example.com' });
    expect(await server()).toMatchObject({ image_id: 'debian-12', power: 'running' });
    await lumi.paidNothing();
  });

  it('use: a larger plan costs the difference for the days left', async () => {
    const upgrades = await lumi.get<{
      items: { plan: { id: string }; price_usd: string; days: number; renew_price_usd: string }[];
    }>(`/servers/${id}/upgrades`);
    const upgrade = upgrades.items.find(({ plan }) => plan.id === 's2');
    const { expires_at } = await server();
    const whole = BigInt(Math.round((Date.parse(expires_at) - Date.parse(monthsBefore(expires_at, 1))) / 86_400_000));
    const price = formatUsd(((parseUsd(MEDIUM) - parseUsd(SMALL)) * BigInt(upgrade?.days ?? 0) + whole - 1n) / whole);
    expect(upgrade).toMatchObject({ price_usd: price, renew_price_usd: MEDIUM });
    await lumi.buys(`/servers/${id}/actions/resize`, { plan_id: 's2', expected_price_usd: price }, 202);
    await lumi.holds(price);
    await lumi.pass(0);
    await lumi.settled(price);
    expect(await server()).toMatchObject({ plan_id: 's2', renew_price_usd: MEDIUM, expires_at });
  });

  it('renew: adds a month, once for each expiry', async () => {
    const { expires_at } = await server();
    const renewed = await lumi.buys<{ expires_at: string }>(
      `/servers/${id}/renew`,
      { current_expires_at: expires_at, expected_price_usd: MEDIUM },
      200,
    );
    expect(monthsBefore(renewed.expires_at, 1)).toBe(expires_at);
    await lumi.paid(MEDIUM);
    await lumi.isRefused(`/servers/${id}/renew`, { current_expires_at: expires_at }, 'expiry_mismatch');
    await lumi.paidNothing();
  });

  it('bulk: buys fifty servers once each, although one is listed twice', async () => {
    const batch = await lumi.buysInBulk('/servers/bulk', { defaults: WISH, items: [...FIFTY, FIFTY[0]] });
    expect(batch).toMatchObject({ total: 51, ok: 50, failed: 1 });
    expect(batch.items.at(-1)).toMatchObject({ status: 'failed', error: { code: 'state_conflict' } });
    await lumi.paid(...FIFTY.map(() => SMALL));
    expect(await lumi.get('/servers/summary')).toMatchObject({ total: 51, by_lifecycle: { active: 51 } });
  });

  it('expire: runs in grace, is then suspended, and a renewal brings it back', async () => {
    const { items } = await lumi.get<{ items: Server[] }>('/servers?limit=200');
    const [one, other] = items.filter(({ hostname }) => hostname.startsWith('node-'));
    if (one === undefined || other === undefined) throw new Error('the bulk bought nothing');
    await lumi.patch(`/servers/${other.id}`, { auto_renew: true });
    await lumi.passUntil(one.expires_at, -2);
    await lumi.paidNothing();
    await lumi.passUntil(one.expires_at, -0.5);
    await lumi.paid(SMALL); // auto-renew of the other
    await lumi.passUntil(one.expires_at);
    expect(await server(one.id)).toMatchObject({ lifecycle: 'grace', power: 'running' });
    await lumi.passUntil(one.expires_at, GRACE_DAYS);
    expect(await server(one.id)).toMatchObject({
      lifecycle: 'suspended',
      power: 'stopped',
      suspension: { kind: 'unpaid' },
    });
    expect(await lumi.patch(`/servers/${other.id}`, { auto_renew: false })).toMatchObject({
      lifecycle: 'active',
      power: 'running',
    });
    await lumi.buys(`/servers/${one.id}/renew`, { current_expires_at: one.expires_at }, 202);
    await lumi.holds(SMALL);
    await lumi.pass(0);
    await lumi.settled(SMALL);
    expect(await server(one.id)).toMatchObject({ lifecycle: 'active', power: 'running', suspension: null });
    expect(await lumi.events(one.id)).toEqual([
      'server.ready',
      'server.expiring',
      'server.expiring',
      'server.expired',
      'server.grace',
      'server.suspended',
      'server.renewed',
    ]);
  });

  it('grace: the first server expires as well, and is renewed while it runs', async () => {
    const { expires_at } = await server();
    await lumi.passUntil(expires_at, 1);
    expect(await server()).toMatchObject({ lifecycle: 'grace', power: 'running' });
    await lumi.buys(`/servers/${id}/renew`, { current_expires_at: expires_at, period_months: 3 }, 200);
    await lumi.paid(QUARTER);
    await lumi.passUntil(expires_at, GRACE_DAYS + 1);
    expect(await server()).toMatchObject({
      lifecycle: 'active',
      power: 'running',
      period_months: 3,
      renew_price_usd: QUARTER,
    });
  });

  it('auto-renew: renews once, a day before the expiry', async () => {
    const { expires_at } = await lumi.patch<Server>(`/servers/${id}`, { auto_renew: true });
    await lumi.passUntil(expires_at, -2);
    await lumi.paidNothing();
    await lumi.passUntil(expires_at, -0.5);
    await lumi.pass(0);
    await lumi.paid(QUARTER); // at the length that was paid last
    expect(monthsBefore((await server()).expires_at, 3)).toBe(expires_at);
    await lumi.patch(`/servers/${id}`, { auto_renew: false });
  });

  it('delete: switches the server off, brings it back, and deletes it in the end', async () => {
    await does('', { when: 'now', confirm: 'story.example.com' }, 'remove');
    expect(await server()).toMatchObject({ lifecycle: 'terminating', power: 'stopped' });
    await does('/undelete');
    expect(await server()).toMatchObject({ lifecycle: 'active', power: 'running' });
    await does('', { when: 'now', confirm: 'story.example.com' }, 'remove');
    await lumi.passUntil((await server()).terminates_at);
    expect(await server()).toMatchObject({ lifecycle: 'terminated', ips: [] });
    await lumi.pass(60);
    await lumi.paidNothing();
    expect(await lumi.get('/servers/summary')).toMatchObject({ by_lifecycle: {} });
  });
});

/** Calendar months, from a day that every month has. */
function monthsBefore(time: string, months: number): string {
  const date = new Date(time);
  date.setUTCMonth(date.getUTCMonth() - months);
  return `${date.toISOString().slice(0, 19)}Z`;
}
