// The arithmetic of prices: tier by the quantity of the whole order, surcharge by place, both per unit.
import { prorate, type Units } from '@lumi/shared/money';
import type { ProxyProduct } from './products';

const SURCHARGE_DAYS = 30n;

/** Per unit, for the period, at the tier that `quantity` reaches. Null: the product is not sold for that period. */
export function unitPrice(product: ProxyProduct, periodDays: number, quantity: number): Units | null {
  let price: Units | null = null;
  for (const tier of product.tiers) if (tier.periodDays === periodDays && tier.minQuantity <= quantity) price = tier.unitPrice;
  return price;
}

/** A surcharge is stated for 30 days (traffic: per GB, whatever the period). */
export function surchargeFor(product: ProxyProduct, surcharge: Units, periodDays: number): Units {
  return product.shape === 'traffic' ? surcharge : prorate(surcharge, BigInt(periodDays), SURCHARGE_DAYS);
}
