import { lineField, optionalLineField, readLine } from './line';

describe('a line', () => {
  it.each([
    ['Ada', 'Ada'],
    ['  Ada Byron\t\n', 'Ada Byron'],
    ['\u00a0Köln\u3000', 'Köln'],
    ['-', '-'],
    ['李', '李'],
    ['क्‍ष', 'क्‍ष'],
    ['☕', '☕'],
    ['٣', '٣'],
    ['a\u200b', 'a\u200b'],
  ])('%j is read as %j', (text, line) => {
    expect(readLine(text, 64)).toEqual({ value: line });
  });

  it.each([
    '',
    ' ',
    '\t\n',
    '\u200b',
    '\u2060\ufeff',
    '\u00ad',
    '\u3164',
    '\u115f\u1160',
    '\uffa0',
    '\u2800',
    '\u0301',
    '\u0301\u0302',
    '\ufe0f',
    '\u{e0061}',
    '\u180e',
    'a\nb',
    'a\u0000',
    'a\u007fb',
    'a\u2028b',
    '\ud800',
    'a'.repeat(65),
  ])('%j is refused', (text) => {
    expect(readLine(text, 64)).toEqual({ reason: expect.stringMatching(/^must /) as string });
  });

  it('is measured without the blanks around it', () => {
    expect(lineField(3).parse('  abc  ')).toBe('abc');
    expect(lineField(3).safeParse('abcd').success).toBe(false);
  });

  it('may be empty or null when it is optional; both mean absent', () => {
    expect(['', '  ', null, ' a '].map((value) => optionalLineField(3).parse(value))).toEqual([null, null, null, 'a']);
    expect(optionalLineField(3).safeParse('\u200b').success).toBe(false);
  });
});
