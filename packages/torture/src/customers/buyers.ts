// The accounts of a run, and the money each begins with.
import type { Product } from '@lumi/shared/contract';
import type { Buyer } from '../system/accounts';
import type { System } from '../system/system';

/** 1/10,000 USD. */
const USD = 10_000;

/** Who buys in the first of the products. In each of the others the first one buys as well, from the same wallet. */
export interface Buyers {
  readonly rich1: Buyer;
  readonly rich2: Buyer;
  /** Has hardly any money. */
  readonly tight: Buyer;
  /** Its key has a daily cap. */
  readonly capped: Buyer;
  /** Buys what is hit at a named point. */
  readonly atPoints: Buyer;
  readonly others: readonly Buyer[];
}

export async function makeBuyers(system: System): Promise<Buyers> {
  const rich1 = await system.makeBuyer({ name: 'rich-1', money: 5_000 * USD });
  const rich2 = await system.makeBuyer({ name: 'rich-2', money: 5_000 * USD });
  const tight = await system.makeBuyer({ name: 'tight', money: 4 * USD });
  const capped = await system.makeBuyer({ name: 'capped', money: 500 * USD, dailyCap: 7 * USD });
  const atPoints = await system.makeBuyer({ name: 'at-points', money: 2_000 * USD });
  const others: Buyer[] = [];
  for (const product of system.products.slice(1))
    others.push(await system.makeBuyer({ name: 'rich-1', money: 0, product, account: rich1 }));
  return { rich1, rich2, tight, capped, atPoints, others };
}

/** One for each product. */
export function buyerOf({ rich1, others }: Buyers, product: Product): Buyer {
  const buyer = [rich1, ...others].find((one) => one.product === product);
  if (buyer === undefined) throw new Error(`nobody buys ${product} in this run`);
  return buyer;
}
