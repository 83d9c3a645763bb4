// The contact fields that the registry of a TLD requires beyond those that every contact has, as data. Each rule names
// fields, and the contacts that must have them.
import { z } from 'zod';
import { usesPostalCodes } from '@lumi/shared/countries';
import { ROLES, type ContactData, type Role } from '../supplier/registrar';

/** Fields that a contact may lack. Every contact has all others. */
export const OPTIONAL_FIELDS = ['organization', 'address2', 'state', 'postal_code'] as const;
export type OptionalField = (typeof OPTIONAL_FIELDS)[number];

const rule = z
  .strictObject({
    fields: z.array(z.enum(OPTIONAL_FIELDS)).min(1),
    /** Absent: all roles. */
    roles: z.array(z.enum(ROLES)).min(1).optional(),
    /** Countries of the contact. Absent: all. */
    countries: z.union([z.literal('with_postal_codes'), z.array(z.string().regex(/^[A-Z]{2}$/)).min(1)]).optional(),
  })
  .readonly();

export type ContactRule = z.output<typeof rule>;

export function readContactRules(stored: unknown): readonly ContactRule[] {
  return z.array(rule).parse(stored);
}

/** The fields that these rules require of this contact in this role. */
export function demandedFields(
  rules: readonly ContactRule[],
  role: Role,
  { country }: ContactData,
): ReadonlySet<OptionalField> {
  const applying = rules.filter(
    ({ roles, countries }) =>
      (roles === undefined || roles.includes(role)) &&
      (countries === undefined ||
        (countries === 'with_postal_codes' ? usesPostalCodes(country) : countries.includes(country))),
  );
  return new Set(applying.flatMap(({ fields }) => fields));
}
