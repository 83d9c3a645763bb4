// The arithmetic of prices: the tier by the quantity of the whole order, the surcharge by place, both per unit.
import { prorate, type Units } from '@lumi/shared/money';
import type { PriceTier, ProxyProduct } from './products';

/** A surcharge is stated for this many days. */
export const SURCHARGE_DAYS = 30;

/** Per unit, for the period, at the tier that `quantity` reaches. Null: the product is not sold for that period. */
export function unitPrice(product: ProxyProduct, periodDays: number, quantity: number): Units | null {
  return (
    tiersOf(product, periodDays)
      .filter((tier) => tier.minQuantity <= quantity)
      .at(-1)?.unitPrice ?? null
  );
}

/** The tiers of a period, the smallest quantity first. */
export function tiersOf(product: ProxyProduct, periodDays: number): readonly PriceTier[] {
  return product.tiers.filter((tier) => tier.periodDays === periodDays);
}

/** A surcharge is stated for 30 days (for traffic per GB, whatever the period). */
export function surchargeFor(product: ProxyProduct, surcharge: Units, periodDays: number): Units {
  return product.shape === 'traffic' ? surcharge : prorate(surcharge, BigInt(periodDays), BigInt(SURCHARGE_DAYS));
}
