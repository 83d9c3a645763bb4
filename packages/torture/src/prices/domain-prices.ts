// What names cost: the first year at the price of the operation, all others at that of a renewal.
import { found, unitsOf, type Catalogue, type CostsOf, type Tld } from './catalogue';

export interface DomainPurchases {
  domain_register: { tld: string; years: number };
  domain_renew: { tld: string; years: number };
  domain_transfer: { tld: string };
  domain_restore: { tld: string };
}

export class DomainPrices {
  private readonly tlds: ReadonlyMap<string, Tld>;

  constructor({ tlds }: Pick<Catalogue, 'tlds'>) {
    this.tlds = new Map(tlds.map((tld) => [tld.tld, tld]));
  }

  readonly costs: CostsOf<DomainPurchases> = {
    domain_register: ({ tld, years }) => ({
      units: this.price(tld, 'register') + this.price(tld, 'renew') * BigInt(years - 1),
    }),
    domain_renew: ({ tld, years }) => ({ units: this.price(tld, 'renew') * BigInt(years) }),
    domain_transfer: ({ tld }) => ({ units: this.price(tld, 'transfer') }),
    domain_restore: ({ tld }) => ({ units: this.price(tld, 'restore') }),
  };

  private price(tld: string, operation: string): bigint {
    return unitsOf(found(this.tlds.get(tld)?.prices[`${operation}_usd`], `price to ${operation} .${tld}`));
  }
}
