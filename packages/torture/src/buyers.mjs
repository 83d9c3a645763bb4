// The accounts of a run, and the money each begins with.

/** 1/10,000 USD. */
const USD = 10_000;
/** Who buys in the first of the products. In each of the others the first one buys as well, from the same wallet. */
const BUYERS = [
  { name: 'rich-1', money: 5_000 * USD },
  { name: 'rich-2', money: 5_000 * USD },
  { name: 'tight', money: 4 * USD },
  { name: 'capped', money: 500 * USD, dailyCap: 7 * USD },
  { name: 'pieces', money: 2_000 * USD },
];

export async function makeBuyers(system) {
  const buyers = [];
  for (const buyer of BUYERS) buyers.push(await system.makeBuyer(buyer));
  for (const product of system.products.slice(1))
    buyers.push(await system.makeBuyer({ ...BUYERS[0], product, account: buyers[0] }));
  return buyers;
}
