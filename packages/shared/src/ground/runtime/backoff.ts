// How long to wait before the next try: doubled with each one, up to a limit.
const DOUBLINGS_MAX = 20;

/** `tries` are those that failed before the one that just did. */
export function backoffMs(
  tries: number,
  { firstMs, lastMs }: { readonly firstMs: number; readonly lastMs: number },
): number {
  return Math.min(lastMs, firstMs * 2 ** Math.min(DOUBLINGS_MAX, Math.max(0, tries)));
}
