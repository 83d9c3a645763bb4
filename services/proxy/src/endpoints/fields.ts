// Fields that several requests of this service share.
import { z } from 'zod';
import { isId, lineField, notFound, type IdPrefix } from '@lumi/shared/contract';
import { readBlock } from '@lumi/shared/addresses';
import { countryField as readCountryField } from '@lumi/shared/countries';

/**
 * ISO 3166-1 reserves some codes for users. The sandbox's magic countries have such codes, so they are accepted too.
 */
export const countryField = readCountryField({ userAssigned: true });
export const labelField = lineField(128).describe(
  'Shown in lists; on a sandbox it may be a magic word such as `sandbox:timeout-after`.',
);
export const usernameField = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{2,31}$/, 'must be 3-32 letters, digits and underscores, the first a letter');
export const passwordField = z
  .string()
  .regex(/^[A-Za-z0-9._~-]{8,64}$/, 'must be 8-64 characters out of letters, digits and ._~-');
export const revealQuery = z
  .enum(['1', 'true'])
  .optional()
  .describe('`1` shows passwords in clear, to keys with `proxy:write`; recorded.');
export const allowedField = z
  .string()
  .max(64)
  .describe('An address or a block; `current` is the address you call from.');
export const gbField = z.int().min(1).max(100_000).describe('Gigabytes of 10^9 bytes.');
export const boolQuery = z.enum(['true', 'false']).optional();

/** In a path: a value that cannot be an id is answered with 404. */
export const idParam = (prefix: IdPrefix, what: string) =>
  z
    .string()
    .refine((id) => isId(id, prefix))
    .describe(`Id of ${what}.`);
/** In a query or body: an id that names nothing is not found, in every form. */
export const idField = (what: string) => z.string().min(1).max(64).describe(`Id of ${what}.`);

export function boolOf(value: 'true' | 'false' | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 'true';
}

/** A wider block would admit millions of unknown addresses. */
const WIDEST = { ipv4: 16, ipv6: 32 } as const;

/** The canonical form of an address or block; null when it is none, or too wide. */
export function canonicalBlock(text: string): string | null {
  const block = readBlock(text).value;
  return block === undefined || block.bits < WIDEST[block.family] ? null : block.text;
}

/** Every id must be the caller's own. An id of another account is treated as one that does not exist. */
export function allFound<T>(ids: readonly string[], found: ReadonlyMap<string, T>): T[] {
  return ids.map((id) => {
    const row = found.get(id);
    if (row === undefined) throw notFound();
    return row;
  });
}
