// The prices of the torture set's model, computed by hand: the comment above each number shows how, and none comes from
// the code that sells.
import type { Catalogue, Cost } from './catalogue';
import { PriceModel, type Purchase } from './price-model';

const MONTH: Readonly<Record<string, number>> = { s1: 3.99, s2: 6.49, d8: 39.99 };
const price = (id: string, months: number) => {
  const usd = ((MONTH[id] ?? 0) * months * (months === 12 ? 0.9 : 1)).toFixed(4);
  return { location_id: 'ams', period_months: months, price_usd: usd, setup_usd: '0.00', renew_price_usd: usd };
};
const tier = ([days = 0, count = 0, units = 0]: readonly number[]) => ({
  period_days: days,
  min_qty: count,
  price_usd: (units / 10_000).toFixed(4),
});
const catalogue: Catalogue = {
  plans: ['s1', 's2', 'd8'].map((id) => ({ id, disk_gb: 20, prices: [price(id, 1), price(id, 12)] })),
  products: [
    {
      id: 'ipv4',
      periods_days: [30, 180],
      replace: { free_per_period: 1, price_usd: '0.50' },
      price_tiers: [
        [30, 1, 17_000],
        [30, 100, 14_450],
        [180, 1, 86_700],
        [180, 100, 73_695],
      ].map(tier),
    },
    {
      id: 'residential',
      periods_days: [30],
      replace: null,
      price_tiers: [
        [30, 1, 32_000],
        [30, 10, 29_440],
      ].map(tier),
    },
  ],
  surcharges: {
    ipv4: [
      { code: 'US', price_delta_usd: '0.00' },
      { code: 'JP', price_delta_usd: '0.40' },
    ],
  },
  tlds: [
    { tld: 'test', prices: { register_usd: '1.00', renew_usd: '2.00', transfer_usd: '1.00', restore_usd: '5.00' } },
  ],
};
const at = (text: string): number => Date.parse(text);
const usd = (cost: Cost): number => ('units' in cost ? Number(cost.units) / 10_000 : NaN);

function serverFrom(paidAt: string, months: number): PriceModel {
  const model = new PriceModel(catalogue);
  model.bought({ kind: 'server_create', server: 'srv', plan: 's1', location: 'ams', months, paidAt: at(paidAt) });
  return model;
}

it('renews at the plan that the server has when the money is held', () => {
  const model = serverFrom('2026-11-27T10:00:00Z', 1);
  expect(usd(model.costOf({ kind: 'server_renew', server: 'srv', months: 12 }, 0))).toBe(43.092);
  model.bought({ kind: 'server_resize', server: 'srv', plan: 'd8' });
  expect(usd(model.costOf({ kind: 'server_renew', server: 'srv', months: 12 }, 0))).toBe(431.892);
});

it('upgrades each paid stretch at its own price, for the days that are left', () => {
  const model = serverFrom('2026-11-27T10:00:00Z', 1);
  const toD8: Purchase = { kind: 'server_resize', server: 'srv', plan: 'd8' };
  // 36.00 more a month; all of 30 days, then 29 and a begun one, then exactly 29, then less than one.
  expect(usd(model.costOf(toD8, at('2026-11-27T10:00:05Z')))).toBe(36);
  expect(usd(model.costOf(toD8, at('2026-11-28T09:59:59Z')))).toBe(36);
  expect(usd(model.costOf(toD8, at('2026-11-28T10:00:00Z')))).toBe(34.8);
  expect(usd(model.costOf(toD8, at('2026-12-27T09:00:00Z')))).toBe(1.2);
  // A year on top: 32.40 × 12 more for it, whole.
  model.bought({ kind: 'server_renew', server: 'srv', months: 12 });
  expect(usd(model.costOf(toD8, at('2026-11-27T10:00:05Z')))).toBe(36 + 388.8);
  expect(usd(model.costOf(toD8, at('2026-12-27T10:00:00Z')))).toBe(388.8);
  // 1/365 of 388.80 is 1.06520…, and is rounded up to the smallest unit.
  expect(usd(model.costOf(toD8, at('2027-12-27T09:00:00Z')))).toBe(1.0653);
});

it('upgrades a year and a month that follows at 27.00 and 2.50', () => {
  const model = serverFrom('2026-11-27T10:00:00Z', 12);
  const toS2: Purchase = { kind: 'server_resize', server: 'srv', plan: 's2' };
  expect(usd(model.costOf(toS2, at('2026-11-27T10:00:05Z')))).toBe(27);
  model.bought({ kind: 'server_renew', server: 'srv', months: 1 });
  expect(usd(model.costOf(toS2, at('2026-11-27T10:00:05Z')))).toBe(29.5);
});

it('sells no upgrade of a server that has expired', () => {
  const model = serverFrom('2026-11-27T10:00:00Z', 1);
  expect(model.costOf({ kind: 'server_resize', server: 'srv', plan: 'd8' }, at('2026-12-27T10:00:00Z'))).toEqual({
    refused: 'nothing is left of what is paid',
  });
});

it('counts months from the anchor day, through short months', () => {
  const model = serverFrom('2026-11-27T10:00:00Z', 1);
  model.servers.age('srv', at('2027-01-31T10:00:00Z'));
  const ends = Array.from({ length: 4 }, () => {
    model.bought({ kind: 'server_renew', server: 'srv', months: 1 });
    return new Date(model.servers.expiryOf('srv')).toISOString().slice(0, 10);
  });
  expect(ends).toEqual(['2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31']);
});

it('charges a partial order at the tier of what was delivered, and never more than was held', () => {
  const model = new PriceModel(catalogue);
  const order: Purchase = {
    kind: 'proxy_order',
    product: 'ipv4',
    days: 180,
    lines: [
      { country: 'US', quantity: 1 },
      { country: 'XB', quantity: 150 },
    ],
    delivered: [{ country: 'US', quantity: 1 }],
    proxies: [],
  };
  expect(usd(model.costOf(order, 0))).toBe(8.67);
  const held: Purchase = {
    kind: 'proxy_order',
    product: 'ipv4',
    days: 30,
    lines: [{ country: 'US', quantity: 100 }],
    delivered: [{ country: 'US', quantity: 99 }],
    proxies: [],
  };
  expect(usd(model.costOf(held, 0))).toBe(144.5);
});

it('replaces free of charge within the quota, and charges the difference to a dearer country', () => {
  const model = new PriceModel(catalogue);
  model.bought({
    kind: 'proxy_order',
    product: 'ipv4',
    days: 30,
    lines: [{ country: 'US', quantity: 1 }],
    proxies: [{ id: 'a', country: 'US', startsAt: at('2026-11-27T10:00:00Z') }],
  });
  const replacement: Purchase = { kind: 'proxy_replace', pairs: [{ old: 'a', fresh: 'b' }], country: 'JP' };
  // 0.40 for 30 days: 15 of them are left.
  expect(usd(model.costOf(replacement, at('2026-12-12T10:00:00Z')))).toBe(0.2);
  model.bought(replacement);
  expect(
    usd(
      model.costOf(
        { kind: 'proxy_replace', pairs: [{ old: 'b', fresh: 'c' }], country: 'US' },
        at('2026-12-12T10:00:00Z'),
      ),
    ),
  ).toBe(0.5);
  expect(usd(model.costOf({ kind: 'proxy_renew', proxies: ['b'], days: 180 }, 0))).toBe(8.67 + 2.4);
  model.bought({ kind: 'proxy_renew', proxies: ['b'], days: 180 });
  expect(usd(model.costOf({ kind: 'proxy_replace', pairs: [{ old: 'b', fresh: 'c' }], country: 'US' }, 0))).toBe(0);
});

it("uses the tier of the gigabytes, and the own price of a name's first year", () => {
  const model = new PriceModel(catalogue);
  expect(usd(model.costOf({ kind: 'traffic_topup', pool: 'residential', gb: 10 }, 0))).toBe(29.44);
  expect(usd(model.costOf({ kind: 'domain_register', tld: 'test', years: 3 }, 0))).toBe(5);
  expect(usd(model.costOf({ kind: 'domain_renew', tld: 'test', years: 3 }, 0))).toBe(6);
});
