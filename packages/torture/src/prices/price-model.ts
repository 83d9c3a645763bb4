// A second implementation of all prices, from the catalogue's public answers and the rules of docs/contract.md, in
// whole numbers and without any of the code that sells. The model gets the purchases in the order of their holds, and
// predicts the price of each.
import type { Catalogue, Cost, CostsOf, EffectsOf } from './catalogue';
import { DomainPrices, type DomainPurchases } from './domain-prices';
import { ProxyPrices, type ProxyPurchases } from './proxy-prices';
import { ServerPrices, type ServerPurchases } from './server-prices';

type Purchases = DomainPurchases & ProxyPurchases & ServerPurchases;
type Kind = keyof Purchases;
/** Of one kind; of any, without a name. */
export type Purchase<K extends Kind = Kind> = { [One in K]: { readonly kind: One } & Purchases[One] }[K];

export class PriceModel {
  readonly servers: ServerPrices;
  readonly proxies: ProxyPrices;
  private readonly costs: CostsOf<Purchases>;
  private readonly effects: EffectsOf<Purchases>;

  constructor({ plans = [], products = [], tlds = [], surcharges = {} }: Partial<Catalogue>) {
    this.servers = new ServerPrices({ plans });
    this.proxies = new ProxyPrices({ products, surcharges });
    const domains = new DomainPrices({ tlds });
    this.costs = { ...this.servers.costs, ...this.proxies.costs, ...domains.costs };
    this.effects = { ...this.servers.effects, ...this.proxies.effects };
  }

  /** When the money is held at `at` (ms). */
  costOf(purchase: Purchase, at: number): Cost {
    const cost = this.costs[purchase.kind] as (purchase: Purchase, at: number) => Cost;
    return cost(purchase, at);
  }

  /** What was paid for changes. */
  bought(purchase: Purchase): void {
    const effect = this.effects[purchase.kind] as ((purchase: Purchase) => void) | undefined;
    effect?.(purchase);
  }
}
