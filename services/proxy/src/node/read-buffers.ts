// Buffers for the way down, shared by all connections. A buffer comes back only when the kernel has everything in it. A
// connection that waits for its target keeps one, so the large ones have a bound for all connections together.

const SIZES = [16, 64, 256, 1024].map((kib) => kib * 1024);
const KEPT = [64, 64, 32, 16];
const free: Buffer[][] = SIZES.map(() => []);

export const LEVELS = SIZES.length;
/** The largest buffer for a client that does not take what is read at once, and when there are too many larger ones. */
export const LEVEL_SLOW = 1;
export const LARGE_BYTES_MAX = 64 * 1024 * 1024;
let largeBytes = 0;

/** A smaller one than asked for if too many large ones are in use. */
export function takeBuffer(level: number): Buffer {
  const isTooMuch = level > LEVEL_SLOW && largeBytes + (SIZES[level] ?? 0) > LARGE_BYTES_MAX;
  const given = isTooMuch ? LEVEL_SLOW : level;
  const buffer = free[given]?.pop() ?? Buffer.allocUnsafeSlow(SIZES[given] ?? 0);
  if (given > LEVEL_SLOW) largeBytes += buffer.length;
  return buffer;
}

/** No read waits with it any more; a write may still own it. */
export function leaveBuffer(buffer: Buffer): void {
  if (SIZES.indexOf(buffer.length) > LEVEL_SLOW) largeBytes -= buffer.length;
}

/** Nothing owns it any more. */
export function giveBuffer(buffer: Buffer): void {
  leaveBuffer(buffer);
  const level = SIZES.indexOf(buffer.length);
  const kept = free[level];
  if (kept !== undefined && kept.length < (KEPT[level] ?? 0)) kept.push(buffer);
}
