// Postal codes: which countries use them, and their form there. The patterns are those of postcode-validator; this file
// adds the missing ones.
import { postcodeValidator, postcodeValidatorExistsForCountry } from 'postcode-validator';
import { readCountry } from './country';

/** Forms in use that the patterns lack: short codes, long ones, and codes of one large customer. */
const ALSO: Readonly<Record<string, RegExp>> = {
  AR: /^\d{4}$/,
  AS: /^96799-\d{4}$/,
  GB: /^GIR 0AA$/,
  NI: /^\d{5}$/,
  PW: /^96940-\d{4}$/,
  SA: /^\d{5}-?\d{4}$/,
  SV: /^\d{4}$/,
};
/**
 * Countries with codes whose addresses are complete without one: Ireland's codes name single houses, and those of the
 * others are rarely known. The patterns have no code for further such countries.
 */
const SELDOM: ReadonlySet<string> = new Set(['CK', 'IE', 'PA']);
const TEXT_MAX = 32;

/** Whether an address of this country is incomplete without one. */
export function usesPostalCodes(country: string): boolean {
  return hasPattern(country) && !SELDOM.has(country) && !postcodeValidator('', country);
}

/**
 * Takes lower-case letters, blanks and hyphens at any place or none, and the country's own code in front. True for
 * countries whose codes are unknown.
 */
export function isPostalCode(text: string, country: string): boolean {
  if (!hasPattern(country)) return true;
  const code = text.trim().toUpperCase();
  if (code === '' || code.length > TEXT_MAX) return false;
  return [code, code.replace(new RegExp(`^${country}[ -]?`), '')].some((one) =>
    spellings(one).some((spelling) => postcodeValidator(spelling, country) || ALSO[country]?.test(spelling) === true),
  );
}

function spellings(code: string): readonly string[] {
  const bare = code.replace(/[ -]+/g, '');
  const inside = Array.from({ length: Math.max(bare.length - 1, 0) }, (_, i) => i + 1);
  return [
    code,
    bare,
    ...inside.flatMap((at) => [' ', '-'].map((mark) => `${bare.slice(0, at)}${mark}${bare.slice(at)}`)),
  ].filter((spelling) => spelling !== '');
}

/** The library also has names that are not countries, such as INTL. */
function hasPattern(country: string): boolean {
  return readCountry(country).value === country && postcodeValidatorExistsForCountry(country);
}
