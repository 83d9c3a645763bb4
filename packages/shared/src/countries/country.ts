// Countries by their codes in ISO 3166-1 (alpha-2). The table knows one code beyond those that are assigned: XK, which
// is left to its users like all of its kind.
import codes from 'i18n-iso-countries/codes.json';
import { readField, type Reading } from '../contract';

/**
 * Codes that the standard leaves to whoever needs some (ISO 3166-1, section 8.1.3): they mean what two parties agree
 * on.
 */
const USER_ASSIGNED = /^(?:AA|Q[M-Z]|X[A-Z]|ZZ)$/;
const ASSIGNED: ReadonlySet<string> = new Set(
  (codes as readonly (readonly string[])[]).flatMap(([code]) =>
    code === undefined || USER_ASSIGNED.test(code) ? [] : [code],
  ),
);
/** What the same country is often called instead. */
const MEANT: Readonly<Record<string, string>> = { EL: 'GR', UK: 'GB' };
const WANTED = 'must be a country code of ISO 3166-1, two letters such as DE';
const TEXT_MAX = 64;

interface CountryRules {
  /** Takes codes that are left to users, for things that are sold under such codes. */
  readonly userAssigned?: boolean;
}

export function readCountry(text: string, { userAssigned = false }: CountryRules = {}): Reading<string> {
  const trimmed = text.trim();
  const code = /^[a-z]{2}$/i.test(trimmed) ? trimmed.toUpperCase() : '';
  if (ASSIGNED.has(code) || (userAssigned && USER_ASSIGNED.test(code))) return { value: code };
  const meant = Object.hasOwn(MEANT, code) ? MEANT[code] : undefined;
  return { reason: meant === undefined ? WANTED : `${WANTED}; ${code} is not one, ${meant} is` };
}

export const countryField = (rules: CountryRules = {}) =>
  readField((text) => readCountry(text, rules), TEXT_MAX).meta({ example: 'DE' });
