// Contacts on the wire: what is asked for, and how one looks.
import { z } from 'zod';
import { isoSeconds } from '@lumi/shared/runtime';
import type { UsedContactRow } from '../store/contact-store';
import type { ContactData } from '../supplier/registrar';

const line = (max: number) => z.string().min(1).max(max).regex(/^[^\p{Cc}]*$/u, 'must not contain control characters');

const fields = {
  type: z.enum(['person', 'organization']).describe('Absent: `organization` when one is named.'),
  first_name: line(64),
  last_name: line(64),
  organization: line(128).nullable(),
  email: z.email('must be an e-mail address').max(254),
  phone: z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be an international number such as +4930123456').meta({ example: '+4930123456' }),
  address1: line(128),
  address2: line(128).nullable(),
  city: line(64),
  state: line(64).nullable().describe('State or province.'),
  postal_code: line(16).nullable(),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be a country code of two capital letters').meta({ example: 'DE' }),
};

/** What a new contact needs. */
export const contactInput = z.strictObject({
  ...fields,
  type: fields.type.optional(),
  organization: fields.organization.optional(),
  address2: fields.address2.optional(),
  state: fields.state.optional(),
  postal_code: fields.postal_code.optional(),
});

export const contactPatch = z.object(fields).partial();

export const contactSchema = z.object({
  id: z.string().meta({ example: 'con_01k0000000000000000000000' }),
  type: z.enum(['person', 'organization']), first_name: z.string(), last_name: z.string(), organization: z.string().nullable(), email: z.string(), phone: z.string(),
  address1: z.string(), address2: z.string().nullable(), city: z.string(), state: z.string().nullable().describe('State or province.'), postal_code: z.string().nullable(), country: z.string(),
  used_by: z.number().int().describe('How many of your domains name this contact.'),
  created_at: z.string(), updated_at: z.string(),
}).meta({ id: 'Contact' });

export const CONTACT_EXAMPLE = {
  type: 'person', first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com', phone: '+4930123456', address1: 'Unter den Linden 1', city: 'Berlin', postal_code: '10117', country: 'DE',
};

export function contactDataOf(input: z.output<typeof contactInput>): ContactData {
  const organization = input.organization ?? null;
  return {
    type: input.type ?? (organization === null ? 'person' : 'organization'), first_name: input.first_name, last_name: input.last_name, organization, email: input.email, phone: input.phone,
    address1: input.address1, address2: input.address2 ?? null, city: input.city, state: input.state ?? null, postal_code: input.postal_code ?? null, country: input.country,
  };
}

export function viewContact(row: UsedContactRow): z.output<typeof contactSchema> {
  return { id: row.id, ...row.data, used_by: row.used_by, created_at: isoSeconds(row.created_at), updated_at: isoSeconds(row.updated_at) };
}
