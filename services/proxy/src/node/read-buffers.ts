// Buffers for the way down, shared by all connections. A buffer comes back only when the kernel has everything in it. A
// connection that waits for its target keeps one, so the large ones have a bound for all connections together.

const SIZES = [16, 64, 256, 1024].map((kib) => kib * 1024);
const KEPT = [64, 64, 32, 16];
const free: Buffer[][] = SIZES.map(() => []);

const LEVELS = SIZES.length;
/** The largest buffer for a client that does not take what is read at once, and when there are too many larger ones. */
const LEVEL_SLOW = 1;
/**
 * What one read may take of a limit of bandwidth. All connections of a subject share the limit, and each may have read
 * once before it waits.
 */
const PACED_READ_MS = 20;
export const LARGE_BYTES_MAX = 64 * 1024 * 1024;
let largeBytes = 0;

export interface LastRead {
  /** The client's kernel has everything. */
  readonly isFree: boolean;
  readonly size: number;
  /** Of the buffer. */
  readonly length: number;
  /** The limit of bandwidth; null: none. */
  readonly bps: number | null;
}

/** Which buffer the next read gets: a larger one after it was filled, a small one for those that need no more. */
export function nextLevel(level: number, { isFree, size, length, bps }: LastRead): number {
  let next = level;
  if (!isFree) next = Math.min(level, LEVEL_SLOW);
  else if (size === length) next = Math.min(level + 1, LEVELS - 1);
  else if (size < length / 8) next = 0;
  return bps === null ? next : Math.min(next, levelUpTo((bps / 8_000) * PACED_READ_MS));
}

/** Of the largest buffer that is no larger than this; the smallest is always allowed. */
function levelUpTo(bytes: number): number {
  return Math.max(
    0,
    SIZES.findLastIndex((size) => size <= bytes),
  );
}

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
