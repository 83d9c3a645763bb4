// What everything costs, written a second time from what callers are told: the catalogue's own answers and the rules of
// docs/contract.md, in whole numbers and with nothing of the code that sells. It is told what was bought in the order
// in which the money was held, and says before each purchase what it must cost. CommonJS, because its unit test is a
// jest test (scripts/test/price-model.test.ts).
'use strict';

const DAY_MS = 86_400_000;
/** A surcharge of a country is stated for so many days. */
const SURCHARGE_DAYS = 30n;
/** 1/10,000 USD. */
const UNITS_PER_USD = 10_000n;

class PriceModel {
  /**
   * `plans`, `products`, `tlds`: the items of `GET /plans`, `/products`, `/tlds`; `surcharges`: by product the items of
   * `/products/{id}/locations` for 30 days.
   */
  constructor({ plans = [], products = [], tlds = [], surcharges = {} }) {
    this.plans = new Map(plans.map((plan) => [plan.id, plan]));
    this.products = new Map(products.map((product) => [product.id, product]));
    this.tlds = new Map(tlds.map((tld) => [tld.tld, tld]));
    this.surcharges = new Map(
      Object.entries(surcharges).map(([id, places]) => [
        id,
        new Map(places.map(({ code, price_delta_usd: usd }) => [code, unitsOf(usd)])),
      ]),
    );
    this.servers = new Map();
    this.proxies = new Map();
  }

  /**
   * `{ units }` that `wish` costs when its money is held at `at` (ms), or `{ refused }` with the reason why it must not
   * be sold at all.
   */
  costOf(wish, at) {
    return this[`cost of ${wish.kind}`](wish, at);
  }

  /** It was bought: what was paid for changes. */
  bought(wish) {
    this[`after ${wish.kind}`]?.(wish);
  }

  // Hosting

  'cost of server_create'({ plan, location, months }) {
    const price = this.planPrice(plan, location, months);
    return { units: unitsOf(price.price_usd) + unitsOf(price.setup_usd) };
  }

  'after server_create'({ server, plan, location, months, paidAt }) {
    this.servers.set(server, {
      plan,
      location,
      months,
      anchorDay: new Date(paidAt).getUTCDate(),
      stretches: [{ from: paidAt, until: addMonths(paidAt, months), months }],
    });
  }

  /** As if it had been bought so that its first period ends at `until`. */
  age(server, until) {
    const known = this.servers.get(server);
    known.anchorDay = new Date(until).getUTCDate();
    known.stretches = [{ from: addMonths(until, -known.months), until, months: known.months }];
  }

  expiryOf(server) {
    return this.servers.get(server).stretches.at(-1).until;
  }

  'cost of server_renew'({ server, months }) {
    const { plan, location } = this.servers.get(server);
    return { units: unitsOf(this.planPrice(plan, location, months).renew_price_usd) };
  }

  'after server_renew'({ server, months }) {
    const known = this.servers.get(server);
    const from = this.expiryOf(server);
    known.months = months;
    known.stretches.push({ from, until: addMonths(from, months, known.anchorDay), months });
  }

  /**
   * Each stretch of paid time at the difference of its own period's renewal prices, for the days that are left of it; a
   * begun day counts whole.
   */
  'cost of server_resize'({ server, plan }, at) {
    const { plan: before, location, stretches } = this.servers.get(server);
    if (this.expiryOf(server) <= at) return { refused: 'nothing is left of what is paid' };
    const parts = stretches
      .filter(({ until }) => until > at)
      .map(({ from, until, months }) => {
        const difference =
          unitsOf(this.planPrice(plan, location, months).renew_price_usd) -
          unitsOf(this.planPrice(before, location, months).renew_price_usd);
        return [difference * min(days(until - at), days(until - from)), days(until - from)];
      });
    if (parts.some(([share]) => share < 0n)) return { refused: 'the plan is smaller' };
    return { units: parts.reduce((sum, [share, whole]) => sum + ceilDiv(share, whole), 0n) };
  }

  'after server_resize'({ server, plan }) {
    this.servers.get(server).plan = plan;
  }

  planPrice(plan, location, months) {
    return found(
      this.plans.get(plan)?.prices.find((price) => price.location_id === location && price.period_months === months),
      `a price of ${plan} in ${location} for ${months} months`,
    );
  }

  // Proxies

  /**
   * Of the whole order. What was not delivered is not charged, the tier is that of what was, and never is more charged
   * than was held.
   */
  'cost of proxy_order'({ product, lines, days: period, delivered = lines }) {
    const held = this.proxiesCost(product, lines, period);
    return { units: min(held, this.proxiesCost(product, delivered, period)) };
  }

  proxiesCost(product, lines, period) {
    const count = lines.reduce((sum, { quantity }) => sum + quantity, 0);
    return lines.reduce(
      (sum, { country, quantity }) =>
        sum + (this.unitPrice(product, period, count) + this.surcharge(product, country, period)) * BigInt(quantity),
      0n,
    );
  }

  'after proxy_order'({ product, days: period, proxies }) {
    for (const { id, country, startsAt } of proxies)
      this.proxies.set(id, { product, country, period, used: 0, expiresAt: startsAt + period * DAY_MS });
  }

  'cost of proxy_renew'({ proxies, days: period }) {
    const known = proxies.map((id) => this.proxies.get(id));
    return {
      units: known.reduce(
        (sum, { product, country }) =>
          sum + this.unitPrice(product, period, proxies.length) + this.surcharge(product, country, period),
        0n,
      ),
    };
  }

  'after proxy_renew'({ proxies, days: period }) {
    for (const id of proxies) {
      const known = this.proxies.get(id);
      Object.assign(known, { period, used: 0, expiresAt: known.expiresAt + period * DAY_MS });
    }
  }

  /**
   * Beyond what a period has for nothing at the product's price, and for a dearer country the difference of the
   * surcharges for the rest.
   */
  'cost of proxy_replace'({ pairs, country }, at) {
    const costs = pairs.map(({ old }) => {
      const known = this.proxies.get(old);
      const { replace } = this.products.get(known.product);
      const dearer =
        this.surchargeOf30(known.product, country ?? known.country) - this.surchargeOf30(known.product, known.country);
      const rest = dearer > 0n ? ceilDiv(dearer * max(0n, days(known.expiresAt - at)), SURCHARGE_DAYS) : 0n;
      return (known.used < replace.free_per_period ? 0n : unitsOf(replace.price_usd)) + rest;
    });
    return { units: costs.reduce((sum, cost) => sum + cost, 0n) };
  }

  'after proxy_replace'({ pairs, country }) {
    for (const { old, fresh } of pairs) {
      const known = this.proxies.get(old);
      this.proxies.delete(old);
      this.proxies.set(fresh, { ...known, country: country ?? known.country, used: known.used + 1 });
    }
  }

  'cost of traffic_plan'({ pool, gb }) {
    return { units: this.unitPrice(pool, this.products.get(pool).periods_days[0], gb) * BigInt(gb) };
  }

  'cost of traffic_topup'(wish) {
    return this['cost of traffic_plan'](wish);
  }

  /** The dearest tier is the first; each further one holds from its quantity on. */
  unitPrice(product, period, count) {
    const tiers = this.products
      .get(product)
      .price_tiers.filter((tier) => tier.period_days === period && tier.min_qty <= count)
      .sort((a, b) => a.min_qty - b.min_qty);
    return unitsOf(found(tiers.at(-1), `a tier of ${product} for ${period} days and ${count}`).price_usd);
  }

  surchargeOf30(product, country) {
    return this.surcharges.get(product)?.get(country) ?? 0n;
  }

  surcharge(product, country, period) {
    return ceilDiv(this.surchargeOf30(product, country) * BigInt(period), SURCHARGE_DAYS);
  }

  // Domains

  /** The first year at the price of the operation, all others at that of a renewal. */
  'cost of domain_register'({ tld, years }) {
    return { units: this.tldPrice(tld, 'register') + this.tldPrice(tld, 'renew') * BigInt(years - 1) };
  }

  'cost of domain_renew'({ tld, years }) {
    return { units: this.tldPrice(tld, 'renew') * BigInt(years) };
  }

  'cost of domain_transfer'({ tld }) {
    return { units: this.tldPrice(tld, 'transfer') };
  }

  'cost of domain_restore'({ tld }) {
    return { units: this.tldPrice(tld, 'restore') };
  }

  tldPrice(tld, operation) {
    return unitsOf(found(this.tlds.get(tld), `.${tld}`).prices[`${operation}_usd`]);
  }
}

/** `"36.00"` → `360000n`. */
function unitsOf(usd) {
  const [, whole, fraction] = /^(\d+)\.(\d{2,4})$/.exec(usd);
  return BigInt(whole) * UNITS_PER_USD + BigInt(fraction.padEnd(4, '0'));
}

/**
 * Calendar months in UTC; a day that the month does not have is its last. `anchorDay`: the day that is meant, whatever
 * the month before had.
 */
function addMonths(at, months, anchorDay = new Date(at).getUTCDate()) {
  const date = new Date(at);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0)).getUTCDate();
  return first + (Math.min(anchorDay, lastDay) - 1) * DAY_MS + (at % DAY_MS);
}

/** A begun day as a whole one. */
function days(ms) {
  return BigInt(Math.ceil(ms / DAY_MS));
}

function ceilDiv(a, b) {
  return (a + b - 1n) / b;
}

function min(a, b) {
  return a < b ? a : b;
}

function max(a, b) {
  return a > b ? a : b;
}

function found(value, what) {
  if (value === undefined) throw new Error(`the catalogue has no ${what}`);
  return value;
}

module.exports = { PriceModel, addMonths, unitsOf };
