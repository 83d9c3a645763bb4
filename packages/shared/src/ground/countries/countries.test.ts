import codes from 'i18n-iso-countries/codes.json';
import { readCountry } from './country';
import { isPostalCode, usesPostalCodes } from './postal-code';

describe('a country', () => {
  it('is one of the 249 codes of ISO 3166-1, in any case, with blanks around', () => {
    const assigned = (codes as string[][])
      .map(([code]) => code ?? '')
      .filter((code) => readCountry(code).value === code);
    expect(assigned).toHaveLength(249);
    expect(['de', ' DE ', 'dE\n', 'ax', 'SS'].map((text) => readCountry(text).value)).toEqual([
      'DE',
      'DE',
      'DE',
      'AX',
      'SS',
    ]);
  });

  it.each([
    '',
    ' ',
    'D',
    'DEU',
    '276',
    'Germany',
    'UK',
    'EL',
    'EU',
    'AN',
    'SU',
    'YU',
    'CS',
    'TP',
    'AC',
    'IC',
    'ZZ',
    'AA',
    'QM',
    'XA',
    'XK',
    'XX',
    'ＤＥ',
    'D E',
    'ſS',
    'toString',
    '__proto__',
  ])('%j is refused', (text) => {
    expect(readCountry(text)).toEqual({ reason: expect.stringContaining('ISO 3166-1') as string });
  });

  it('is named in the refusal when another code is usual for it', () => {
    expect(readCountry('uk').reason).toContain('GB is');
  });

  it('may be a user-assigned code where products are sold under such codes', () => {
    expect(
      ['xb', 'ZZ', 'QM', 'AA', 'DE', 'UK', 'QL', 'AB'].map((text) => readCountry(text, { userAssigned: true }).value),
    ).toEqual(['XB', 'ZZ', 'QM', 'AA', 'DE', undefined, undefined, undefined]);
  });
});

describe('a postal code', () => {
  it.each([
    ['DE', '10117'],
    ['DE', 'DE-10117'],
    ['US', '94016'],
    ['US', '94016-1234'],
    ['US', '940161234'],
    ['GB', 'SW1A 1AA'],
    ['GB', 'sw1a1aa'],
    ['GB', 'GIR 0AA'],
    ['JP', '100-0001'],
    ['JP', '1000001'],
    ['NL', '1012js'],
    ['PL', '00950'],
    ['CA', 'k1a0b1'],
    ['IE', 'D02 X285'],
    ['SE', '111 22'],
    ['SE', 'SE-111 22'],
    ['CZ', '110 00'],
    ['PT', '1000205'],
    ['BR', '01310-100'],
    ['IN', '110 001'],
    ['AR', '1425'],
    ['AR', 'C1425DKA'],
    ['SV', '1101'],
    ['NI', '11001'],
    ['SA', '11564-1234'],
    ['AZ', 'AZ1000'],
    ['LV', 'LV-1010'],
    ['LV', '1010'],
    ['AD', 'AD500'],
    ['MT', 'VLT1117'],
    ['KY', 'ky1-1001'],
    ['CL', '834-0457'],
    ['KR', '03051'],
    ['VA', '00120'],
    ['HK', 'anything'],
    ['AS', '96799-1234'],
  ])('of %s may be %s', (country, code) => {
    expect(isPostalCode(code, country)).toBe(true);
  });

  it.each([
    ['DE', '1011'],
    ['DE', '101177'],
    ['DE', 'D10117'],
    ['DE', 'none'],
    ['DE', ''],
    ['DE', '-'],
    ['DE', '１０１１７'],
    ['US', '9401'],
    ['US', 'K1A 0B1'],
    ['GB', '12345'],
    ['JP', '10000011'],
    ['LB', ''],
    ['CH', 'DE-8001'],
    ['FR', `75001${' '.repeat(40)}`.concat('1')],
  ])('of %s cannot be %j', (country, code) => {
    expect(isPostalCode(code, country)).toBe(false);
  });

  it('is required in most countries, not in those that have none or rarely use one', () => {
    expect(
      ['DE', 'AT', 'CH', 'FR', 'US', 'GB', 'JP', 'IN', 'BR', 'UA', 'ZA'].filter((country) => !usesPostalCodes(country)),
    ).toEqual([]);
    expect(
      ['HK', 'AE', 'QA', 'BS', 'JM', 'AO', 'IE', 'PA', 'BH', 'NG', 'LB', 'INTL', 'UK', 'XK', ''].filter(
        usesPostalCodes,
      ),
    ).toEqual([]);
  });
});
