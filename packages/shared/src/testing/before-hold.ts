import type { PurchaseDeps } from '../work/purchase';

/** What a test lets happen between the offer of the next purchase and its hold; null takes it back. */
export function beforeHoldOf(purchases: PurchaseDeps): (work: (() => Promise<unknown>) | null) => void {
  const deps = purchases as { checkpoint?: PurchaseDeps['checkpoint'] | undefined };
  return (work) => {
    let isDone = false;
    deps.checkpoint =
      work === null
        ? undefined
        : async (name) => {
            if (name !== 'before-hold' || isDone) return;
            isDone = true;
            await work();
          };
  };
}
