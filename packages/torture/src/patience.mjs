// What deeds and leads share: how long they wait for what they began, and who buys.

const LOOK_EVERY_MS = 250;
/** Far more than a broken system needs to come back. */
export const PATIENCE_MS = 120_000;
/** An order that nobody else can end: on a busy machine it is decided after healing. */
export const DECISION_MS = 300_000;
/** A request may lie in a stopped process for so long before it makes its order. */
export const ARRIVAL_MS = 20_000;
/** Look-ups that get no answer: more than anybody makes. */
export const NEVER = 900;

export function buyerOf({ buyers }, product) {
  return buyers.find((buyer) => buyer.product === product);
}

/** What `find` finds as soon as it finds something; a database that is down is asked again. */
export async function soon(find, limitMs) {
  const endAt = performance.now() + limitMs;
  for (;;) {
    const found = await find().catch(() => undefined);
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endAt) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
