// Buffers for the way down, shared by all connections. A buffer comes back only when the kernel has everything in it.

const SIZES = [16, 64, 256, 1024].map((kib) => kib * 1024);
const KEPT = [64, 64, 32, 16];
const free: Buffer[][] = SIZES.map(() => []);

export const LEVELS = SIZES.length;
/** The largest buffer for a client that does not take what is read at once. */
export const LEVEL_SLOW = 1;

export function takeBuffer(level: number): Buffer {
  return free[level]?.pop() ?? Buffer.allocUnsafeSlow(SIZES[level] ?? 0);
}

export function giveBuffer(buffer: Buffer): void {
  const level = SIZES.indexOf(buffer.length);
  const kept = free[level];
  if (kept !== undefined && kept.length < (KEPT[level] ?? 0)) kept.push(buffer);
}
