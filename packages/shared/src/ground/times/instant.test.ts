import { currentExpiryField } from '../../work/lifecycle';
import { instantField, readInstant } from './instant';

describe('a point in time', () => {
  it.each([
    ['2026-11-27T10:20:30Z', '2026-11-27T10:20:30.000Z'], // RFC 3339, section 5.8 and what it allows
    ['2026-11-27t10:20:30z', '2026-11-27T10:20:30.000Z'],
    ['2026-11-27T10:20Z', '2026-11-27T10:20:00.000Z'],
    ['2026-11-27T10:20+02:00', '2026-11-27T08:20:00.000Z'],
    ['1985-04-12T23:20:50.52Z', '1985-04-12T23:20:50.520Z'],
    ['1996-12-19T16:39:57-08:00', '1996-12-20T00:39:57.000Z'],
    ['1990-12-31T23:59:60Z', '1991-01-01T00:00:00.000Z'],
    ['1990-12-31T15:59:60-08:00', '1991-01-01T00:00:00.000Z'],
    ['1937-01-01T12:00:27.87+00:20', '1937-01-01T11:40:27.870Z'],
    ['2026-11-27', '2026-11-27T00:00:00.000Z'],
    [' 2026-11-27 ', '2026-11-27T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29', '2000-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is read as %s', (text, expected) => {
    expect(readInstant(text).value?.toISOString()).toBe(expected);
    expect(instantField.parse(text)).toBe(expected);
    expect(instantField.parse(expected)).toBe(expected); // what was read is read again as itself
  });

  it.each([
    '',
    ' ',
    '2026',
    '2026-11',
    '20261127',
    '2026-11-27T',
    '2026-11-27T10Z',
    '2026-11-27T10:20:30',
    '2026-11-27 10:20:30Z',
    '2026-02-29',
    '1900-02-29',
    '2026-02-30',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '2026-11-27T24:00:00Z',
    '2026-11-27T10:60:00Z',
    '2026-11-27T10:20:60Z',
    '2026-11-27T10:59:61Z',
    '2026-11-27T10:20:30+24:00',
    '2026-11-27T10:20:30+02',
    '0000-01-01',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '+010000-01-01',
    '-0001-01-01',
    '２０２６-11-27',
    '1796774400',
    'now',
    'infinity',
    'epoch',
  ])('%j is refused', (text) => {
    expect(readInstant(text).reason).toEqual(expect.any(String));
    expect(instantField.safeParse(text).success).toBe(false);
  });

  it('stays a day where an expiry is stated as one', () => {
    expect(currentExpiryField.parse('2026-11-27')).toBe('2026-11-27');
    expect(currentExpiryField.parse('2026-11-27t10:20z')).toBe('2026-11-27T10:20:00.000Z');
    expect(currentExpiryField.safeParse('2026-02-30').success).toBe(false);
  });
});
