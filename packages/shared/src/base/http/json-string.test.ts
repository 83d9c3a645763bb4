import { endOfString } from './json-string';

/** What a loop over all characters finds. */
function looped(bytes: Buffer): number {
  let i = 1;
  while (i < bytes.length && bytes[i] !== 0x22) i += bytes[i] === 0x5c ? 2 : 1;
  return Math.min(i, bytes.length);
}

describe('the end of a JSON string', () => {
  it.each([0, 1, 30, 31, 32, 33, 34, 35, 100])('is found behind %i characters, whatever is escaped', (length) => {
    for (const tail of ['', '\\"', '\\\\', '\\\\\\"', '\\\\\\\\', 'a\\"b\\\\', '\\', '\\"\\"\\"\\\\']) {
      for (const rest of ['"', '":1,"x"', '', '\\']) {
        const bytes = Buffer.from(`"${'x'.repeat(length)}${tail}${rest}`);
        expect([bytes.toString(), Math.min(endOfString(bytes, 0), bytes.length)]).toEqual([
          bytes.toString(),
          looped(bytes),
        ]);
      }
    }
  });

  it('is where the writer of a long string put it', () => {
    const bytes = Buffer.from(`[${JSON.stringify('\\"'.repeat(1_000))},1]`);
    expect(bytes.subarray(endOfString(bytes, 1)).toString()).toBe('",1]');
  });
});
