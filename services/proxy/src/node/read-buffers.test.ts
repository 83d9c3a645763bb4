import { giveBuffer, LARGE_BYTES_MAX, takeBuffer } from './read-buffers';

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
});
