// Countries by their codes in ISO 3166-1 (alpha-2). The library's table has one code that is not assigned, XK; it is
// user-assigned like all X codes.
import codes from 'i18n-iso-countries/codes.json';
import { readField, type Reading } from '../contract';

/** User-assigned codes (ISO 3166-1 §8.1.3): two parties agree on their meaning. */
const USER_ASSIGNED = /^(?:AA|Q[M-Z]|X[A-Z]|ZZ)$/;
const ASSIGNED: ReadonlySet<string> = new Set(
  (codes as readonly (readonly string[])[]).flatMap(([code]) =>
    code === undefined || USER_ASSIGNED.test(code) ? [] : [code],
  ),
);
/** Other codes that people use for the same country. */
const MEANT: Readonly<Record<string, string>> = { EL: 'GR', UK: 'GB' };
const WANTED = 'must be a country code of ISO 3166-1, two letters such as DE';
const TEXT_MAX = 64;

interface CountryRules {
  /** Also takes user-assigned codes, for products that are sold under such codes. */
  readonly userAssigned?: boolean;
}

export function readCountry(text: string, { userAssigned = false }: CountryRules = {}): Reading<string> {
  const trimmed = text.trim();
  const code = /^[a-z]{2}$/i.test(trimmed) ? trimmed.toUpperCase() : '';
  if (ASSIGNED.has(code) || (userAssigned && USER_ASSIGNED.test(code))) return { value: code };
  const meant = Object.hasOwn(MEANT, code) ? MEANT[code] : undefined;
  return { reason: meant === undefined ? WANTED : `${WANTED}; ${code} is not one, ${meant} is` };
}

/** All codes, user-assigned ones left out. */
export function countryCodes(): readonly string[] {
  return [...ASSIGNED];
}

export const countryField = (rules: CountryRules = {}) =>
  readField((text) => readCountry(text, rules), TEXT_MAX).meta({ example: 'DE' });
