import { giveBuffer, LARGE_BYTES_MAX, nextLevel, takeBuffer } from './read-buffers';

const KIB = 1024;

describe('buffers for reading', () => {
  it('of the large sizes have a bound together; beyond it connections get 64 KiB', () => {
    const taken = Array.from({ length: LARGE_BYTES_MAX / (1024 * KIB) }, () => takeBuffer(3));
    expect(taken.every(({ length }) => length === 1024 * KIB)).toBe(true);
    const less = [3, 2, 1, 0].map((level) => takeBuffer(level));
    expect(less.map(({ length }) => length / KIB)).toEqual([64, 64, 64, 16]);
    for (const buffer of [...taken, ...less]) giveBuffer(buffer);
    const again = takeBuffer(3);
    expect(again.length).toBe(1024 * KIB);
    giveBuffer(again);
  });

  it.each([
    ['no limit', null, [1, 2, 3, 3]],
    ['1 Mbit/s', 1e6, [0, 0, 0, 0]],
    ['10 Mbit/s', 1e7, [0, 0, 0, 0]],
    ['50 Mbit/s', 5e7, [1, 1, 1, 1]],
    ['1 Gbit/s', 1e9, [1, 2, 3, 3]],
  ])('grow while they are filled, and take at most 20 ms of a limit of bandwidth at once: %s', (_, bps, levels) => {
    let level = 0;
    const grown = levels.map(() => (level = nextLevel(level, { isFree: true, size: 9, length: 9, bps })));
    expect(grown).toEqual(levels);
  });

  it('shrink when reads need a fraction, or the client does not take them', () => {
    const read = { isFree: true, size: 1024 * KIB, length: 1024 * KIB, bps: null };
    expect(nextLevel(3, { ...read, size: 100 })).toBe(0);
    expect(nextLevel(3, { ...read, size: 512 * KIB })).toBe(3);
    expect(nextLevel(3, { ...read, isFree: false })).toBe(1);
  });
});
