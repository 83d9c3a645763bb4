// The wait before the next try: it doubles each time, up to a limit.
const DOUBLINGS_MAX = 20;

/** `tries`: the failed tries before the latest one. */
export function backoffMs(
  tries: number,
  { firstMs, lastMs }: { readonly firstMs: number; readonly lastMs: number },
): number {
  return Math.min(lastMs, firstMs * 2 ** Math.min(DOUBLINGS_MAX, Math.max(0, tries)));
}
