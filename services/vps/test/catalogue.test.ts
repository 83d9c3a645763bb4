import supertest from 'supertest';
import { testService, type TestAccount } from '@lumi/shared/testing';
import { vpsSettings } from '../src/config';
import { endpoints, wire } from '../src/wiring';

const { app, as, account } = testService({
  product: 'vps',
  endpoints: (service) => endpoints(wire(service, vpsSettings.parse({}))),
});

interface PlanBody {
  id: string;
  arch: string;
  prices: { location_id: string; period_months: number; price_usd: string }[];
  availability: { location_id: string; state: string }[];
}
interface PageBody<T> {
  items: T[];
  next_cursor: string | null;
  has_more: boolean;
}

let who: TestAccount;
beforeAll(async () => {
  who = await account();
});

async function get<T>(url: string, status = 200): Promise<T> {
  return (await supertest(app).get(url).set(as(who)).expect(status)).body as T;
}

describe('GET /locations', () => {
  it('lists the locations, and filters by country', async () => {
    expect((await get<PageBody<{ id: string }>>('/locations')).items.map(({ id }) => id)).toEqual([
      'ams',
      'fra',
      'hel',
      'nyc',
      'sin',
    ]);
    expect((await get<PageBody<object>>('/locations?country=DE')).items).toMatchObject([
      { id: 'fra', country: 'DE', city: 'Frankfurt am Main' },
    ]);
    expect((await get<PageBody<{ id: string }>>('/locations?country=de')).items.map(({ id }) => id)).toEqual(['fra']);
    expect(await get('/locations?country=UK', 422)).toMatchObject({
      error: { details: [{ path: 'country', message: expect.stringContaining('GB') as string }] },
    });
  });
});

describe('GET /plans', () => {
  it('shows prices per location and period as strings, and the stock', async () => {
    const plans = (await get<PageBody<PlanBody>>('/plans')).items;
    const d16 = plans.find(({ id }) => id === 'd16');
    expect(d16?.prices).toContainEqual({
      location_id: 'ams',
      period_months: 1,
      price_usd: '78.99',
      setup_usd: '10.00',
      renew_price_usd: '78.99',
    });
    expect(d16?.availability).toContainEqual({ location_id: 'sin', state: 'out', checked_at: expect.any(String) });
  });

  it('filters, and leaves out plans without an offer', async () => {
    expect((await get<PageBody<PlanBody>>('/plans?arch=arm64&location_id=nyc')).items).toEqual([]);
    const cheap = (await get<PageBody<PlanBody>>('/plans?max_price_usd=3.99&period_months=1&in_stock=true')).items;
    expect(cheap.map(({ id, prices }) => [id, prices.map(({ location_id: location }) => location)])).toEqual([
      ['s1', ['ams', 'fra', 'hel']],
    ]);
    expect(
      (await get<PageBody<PlanBody>>('/plans?location_id=sin&in_stock=true')).items.map(({ id }) => id),
    ).not.toContain('d16');
  });

  it('pages like every list', async () => {
    const first = await get<PageBody<PlanBody>>('/plans?limit=5');
    expect(first).toMatchObject({ has_more: true, next_cursor: expect.any(String) });
    const second = await get<PageBody<PlanBody>>(`/plans?limit=5&cursor=${String(first.next_cursor)}`);
    expect(second).toMatchObject({ has_more: false, next_cursor: null });
    expect([...first.items, ...second.items]).toEqual((await get<PageBody<PlanBody>>('/plans')).items);
    await get(`/plans?limit=5&arch=arm64&cursor=${String(first.next_cursor)}`, 422);
    await get('/plans?min_ram=lots', 422);
  });
});

describe('GET /plans/{id}', () => {
  it('shows one plan, and answers 404 for an unknown one', async () => {
    expect(await get('/plans/s1')).toMatchObject({ id: 's1', vcpu: 1, ram_mb: 1024 });
    expect(await get('/plans/s3', 404)).toMatchObject({ error: { code: 'not_found' } });
  });
});

describe('GET /images', () => {
  it('lists the images that run on a plan', async () => {
    const small = (await get<PageBody<{ id: string }>>('/images?plan_id=s1')).items.map(({ id }) => id);
    expect(small).toContain('debian-13');
    expect(small).not.toContain('windows-2025');
    expect((await get<PageBody<{ id: string }>>('/images?plan_id=a4')).items.map(({ id }) => id)).toEqual([
      'debian-13-arm64',
      'ubuntu-24.04-arm64',
    ]);
    await get('/images?plan_id=s3', 422);
  });
});
