// What proxies and gigabytes cost. The model keeps each proxy: its country, its period, how often it was replaced.
import {
  ceilDiv,
  DAY_MS,
  days,
  found,
  max,
  min,
  sum,
  unitsOf,
  type Catalogue,
  type CostsOf,
  type EffectsOf,
  type ProxyProduct,
} from './catalogue';

interface Line {
  readonly country: string;
  readonly quantity: number;
}

interface NewProxy {
  readonly id: string;
  readonly country: string;
  readonly startsAt: number;
}

interface Replacement {
  readonly old: string;
  /** Nothing yet, where only the price is asked for. */
  readonly fresh?: string;
}

export interface ProxyPurchases {
  /** `delivered`: all lines, if nothing else is named. */
  proxy_order: { product: string; days: number; lines: Line[]; delivered?: Line[]; proxies: NewProxy[] };
  proxy_renew: { proxies: string[]; days: number };
  proxy_replace: { pairs: Replacement[]; country: string | undefined };
  traffic_plan: { pool: string; gb: number };
  traffic_topup: { pool: string; gb: number };
}

interface Proxy {
  readonly product: string;
  readonly country: string;
  period: number;
  /** How often it was replaced in this period. */
  used: number;
  expiresAt: number;
}

/** The catalogue states the surcharge of a country for so many days. */
const SURCHARGE_DAYS = 30n;

export class ProxyPrices {
  private readonly products: ReadonlyMap<string, ProxyProduct>;
  private readonly surcharges: ReadonlyMap<string, ReadonlyMap<string, bigint>>;
  private readonly proxies = new Map<string, Proxy>();

  constructor({ products, surcharges }: Pick<Catalogue, 'products' | 'surcharges'>) {
    this.products = new Map(products.map((product) => [product.id, product]));
    this.surcharges = new Map(
      Object.entries(surcharges).map(([id, places]) => [
        id,
        new Map(places.map(({ code, price_delta_usd: usd }) => [code, unitsOf(usd)])),
      ]),
    );
  }

  readonly costs: CostsOf<ProxyPurchases> = {
    /**
     * Of the whole order. What was not delivered is not charged, the tier is that of what was, and never is more
     * charged than was held.
     */
    proxy_order: ({ product, lines, days: period, delivered = lines }) => ({
      units: min(this.linesCost(product, lines, period), this.linesCost(product, delivered, period)),
    }),
    proxy_renew: ({ proxies, days: period }) => ({
      units: sum(
        proxies.map((id) => {
          const { product, country } = this.proxy(id);
          return this.unitPrice(product, period, proxies.length) + this.surcharge(product, country, period);
        }),
      ),
    }),
    /**
     * Beyond what a period has for nothing at the product's price, and for a dearer country the difference of the
     * surcharges for the rest.
     */
    proxy_replace: ({ pairs, country }, at) => ({
      units: sum(
        pairs.map(({ old }) => {
          const known = this.proxy(old);
          const replace = found(this.product(known.product).replace ?? undefined, `replacement of ${known.product}`);
          const dearer =
            this.surchargeOf30(known.product, country ?? known.country) -
            this.surchargeOf30(known.product, known.country);
          const rest = dearer > 0n ? ceilDiv(dearer * max(0n, days(known.expiresAt - at)), SURCHARGE_DAYS) : 0n;
          return (known.used < replace.free_per_period ? 0n : unitsOf(replace.price_usd)) + rest;
        }),
      ),
    }),
    traffic_plan: ({ pool, gb }) => this.trafficCost(pool, gb),
    traffic_topup: ({ pool, gb }) => this.trafficCost(pool, gb),
  };

  readonly effects: EffectsOf<ProxyPurchases> = {
    proxy_order: ({ product, days: period, proxies }) => {
      for (const { id, country, startsAt } of proxies)
        this.proxies.set(id, { product, country, period, used: 0, expiresAt: startsAt + period * DAY_MS });
    },
    proxy_renew: ({ proxies, days: period }) => {
      for (const id of proxies) {
        const known = this.proxy(id);
        Object.assign(known, { period, used: 0, expiresAt: known.expiresAt + period * DAY_MS });
      }
    },
    proxy_replace: ({ pairs, country }) => {
      for (const { old, fresh } of pairs) {
        const known = this.proxy(old);
        this.proxies.delete(old);
        this.proxies.set(found(fresh, `replacement of ${old}`), {
          ...known,
          country: country ?? known.country,
          used: known.used + 1,
        });
      }
    },
  };

  has(proxy: string): boolean {
    return this.proxies.has(proxy);
  }

  /** In days: the period that was paid last. */
  periodOf(proxy: string): number {
    return this.proxy(proxy).period;
  }

  expiryOf(proxy: string): number {
    return this.proxy(proxy).expiresAt;
  }

  private linesCost(product: string, lines: readonly Line[], period: number): bigint {
    const count = lines.reduce((total, { quantity }) => total + quantity, 0);
    return sum(
      lines.map(
        ({ country, quantity }) =>
          (this.unitPrice(product, period, count) + this.surcharge(product, country, period)) * BigInt(quantity),
      ),
    );
  }

  private trafficCost(pool: string, gb: number) {
    const period = found(this.product(pool).periods_days[0], `period of ${pool}`);
    return { units: this.unitPrice(pool, period, gb) * BigInt(gb) };
  }

  /** The dearest tier is the first; each further one holds from its quantity on. */
  private unitPrice(product: string, period: number, count: number): bigint {
    const tiers = this.product(product)
      .price_tiers.filter((tier) => tier.period_days === period && tier.min_qty <= count)
      .sort((a, b) => a.min_qty - b.min_qty);
    return unitsOf(found(tiers.at(-1), `tier of ${product} for ${period} days and ${count}`).price_usd);
  }

  private surchargeOf30(product: string, country: string): bigint {
    return this.surcharges.get(product)?.get(country) ?? 0n;
  }

  private surcharge(product: string, country: string, period: number): bigint {
    return ceilDiv(this.surchargeOf30(product, country) * BigInt(period), SURCHARGE_DAYS);
  }

  private product(id: string): ProxyProduct {
    return found(this.products.get(id), `product ${id}`);
  }

  private proxy(id: string): Proxy {
    return found(this.proxies.get(id), `proxy ${id}`);
  }
}
