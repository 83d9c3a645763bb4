// The catalogue through the mounted service, with the sandbox network's stock behind it.
import request from 'supertest';
import { testService } from '@lumi/shared/testing';
import { endpoints, wire } from '../src/wiring';

const lumi = testService({
  product: 'proxy',
  endpoints: (service) =>
    endpoints(
      wire(service, {
        SANDBOX_SLOW_MS: 1,
        PROXY_USABLE_WITHIN_MS: 0,
        PROXY_NETWORKS: new Map(),
        PROXY_UPSTREAM_TIMEOUT_MS: 1,
        PROXY_EXIT_REST_S: 86_400,
        PROXY_UPSTREAM_PROTOCOL: 'http',
      }),
    ),
});

describe('the catalogue', () => {
  it('lists products with prices as strings, and filters by shape', async () => {
    const who = await lumi.account();
    const all = await request(lumi.app).get('/products').set(lumi.as(who));
    expect(all.status).toBe(200);
    const static_ = await request(lumi.app).get('/products?shape=static').set(lumi.as(who));
    expect(static_.body.items.length).toBeLessThan(all.body.items.length);
    const ipv4 = all.body.items.find((product: { id: string }) => product.id === 'ipv4');
    expect(ipv4.price_tiers).toContainEqual({ period_days: 30, min_qty: 1, price_usd: '1.70' });
    expect(ipv4.price_tiers).toContainEqual({ period_days: 30, min_qty: 10, price_usd: '1.615' });
  });

  it('shows stock, availability and the price difference of a country', async () => {
    const who = await lumi.account();
    const answer = await request(lumi.app).get('/products/ipv4/locations?country=XS').set(lumi.as(who));
    expect(answer.status).toBe(200);
    expect(answer.body.items).toEqual([
      {
        level: 'country',
        code: 'XS',
        country: 'XS',
        name: 'Test: three in stock',
        stock: 3,
        availability: 'low',
        price_delta_usd: '0.00',
      },
    ]);
    const cities = await request(lumi.app)
      .get('/products/ipv4/locations?country=JP&level=city&period_days=90')
      .set(lumi.as(who));
    expect(
      cities.body.items.map((city: { code: string; price_delta_usd: string }) => [city.code, city.price_delta_usd]),
    ).toEqual([
      ['tokyo', '1.20'],
      ['osaka', '1.20'],
    ]);
  });

  it('has pages like every list', async () => {
    const who = await lumi.account();
    const pages = async (path: string): Promise<unknown[]> => {
      const items: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const answer: request.Response = await request(lumi.app)
          .get(`${path}${path.includes('?') ? '&' : '?'}limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
          .set(lumi.as(who));
        expect([answer.status, Object.keys(answer.body)]).toEqual([
          200,
          expect.arrayContaining(['items', 'next_cursor', 'has_more']),
        ]);
        expect(answer.body.items.length).toBeLessThanOrEqual(3);
        items.push(...answer.body.items);
        cursor = answer.body.next_cursor;
      }
      return items;
    };
    for (const path of [
      '/products',
      '/products?shape=static',
      '/products/ipv4/locations',
      '/products/ipv4/locations?level=city&country=US',
    ]) {
      const { items } = (
        await request(lumi.app)
          .get(`${path}${path.includes('?') ? '&' : '?'}limit=200`)
          .set(lumi.as(who))
      ).body;
      expect(items.length).toBeGreaterThan(1);
      expect([path, await pages(path)]).toEqual([path, items]);
    }
    const { next_cursor } = (await request(lumi.app).get('/products/ipv4/locations?limit=1').set(lumi.as(who))).body;
    expect(
      (await request(lumi.app).get(`/products/mobile/locations?cursor=${next_cursor}`).set(lumi.as(who))).status,
    ).toBe(422);
  });

  it('answers 404 for an unknown product', async () => {
    const who = await lumi.account();
    expect((await request(lumi.app).get('/products/ipv5').set(lumi.as(who))).status).toBe(404);
    expect((await request(lumi.app).get('/products/ipv5/locations').set(lumi.as(who))).status).toBe(404);
  });
});
