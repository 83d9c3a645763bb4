// Contacts on the wire: the fields a request has, and the view of a contact.
import { z } from 'zod';
import { invalid, lineField, optionalLineField } from '@lumi/shared/contract';
import { countryField } from '@lumi/shared/countries';
import { emailField } from '@lumi/shared/names';
import { phoneField } from '@lumi/shared/phones';
import { isoSeconds } from '@lumi/shared/runtime';
import type { UsedContactRow } from '../store/contact-store';
import type { ContactData } from '../supplier/registrar';

const fields = {
  type: z.enum(['person', 'organization']).describe('Absent: `organization` when one is named.'),
  first_name: lineField(64),
  last_name: lineField(64),
  organization: optionalLineField(128),
  email: emailField,
  phone: phoneField,
  address1: lineField(128),
  address2: optionalLineField(128),
  city: lineField(64),
  state: optionalLineField(64).describe('State or province.'),
  postal_code: optionalLineField(16),
  country: countryField().describe('ISO 3166-1, two letters. No registry that we sell for takes others.'),
};

/** The fields of a new contact. */
export const contactInput = z.strictObject({
  ...fields,
  type: fields.type.optional(),
  organization: fields.organization.optional(),
  address2: fields.address2.optional(),
  state: fields.state.optional(),
  postal_code: fields.postal_code.optional(),
});

export const contactPatch = z.object(fields).partial();

export const contactSchema = z
  .object({
    id: z.string().meta({ example: 'con_01k000000000000000000000' }),
    type: z.enum(['person', 'organization']),
    first_name: z.string(),
    last_name: z.string(),
    organization: z.string().nullable(),
    email: z.string(),
    phone: z.string(),
    address1: z.string(),
    address2: z.string().nullable(),
    city: z.string(),
    state: z.string().nullable().describe('State or province.'),
    postal_code: z.string().nullable(),
    country: z.string(),
    used_by: z.number().int().describe('How many of your domains name this contact.'),
    created_at: z.string(),
    updated_at: z.string(),
    synced_at: z
      .string()
      .nullable()
      .describe('When the registrar was last asked about it, by `POST /contacts/{id}/sync`.'),
    missing_since: z
      .string()
      .nullable()
      .describe(
        'Since when the registrar does not know it, though a domain names it. Changing it writes it there ' +
          'again; null: all is well.',
      ),
  })
  .meta({ id: 'Contact' });

export const CONTACT_EXAMPLE = {
  type: 'person',
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: 'ada@example.com',
  phone: '+4930123456',
  address1: 'Unter den Linden 1',
  city: 'Berlin',
  postal_code: '10117',
  country: 'DE',
};

/** `path`: the path of the contact in the request. */
export function contactDataOf(input: z.output<typeof contactInput>, path = ''): ContactData {
  const organization = input.organization ?? null;
  return wholeContact(
    {
      type: input.type ?? (organization === null ? 'person' : 'organization'),
      first_name: input.first_name,
      last_name: input.last_name,
      organization,
      email: input.email,
      phone: input.phone,
      address1: input.address1,
      address2: input.address2 ?? null,
      city: input.city,
      state: input.state ?? null,
      postal_code: input.postal_code ?? null,
      country: input.country,
    },
    path,
  );
}

export function changedContact(before: ContactData, patch: z.output<typeof contactPatch>): ContactData {
  return wholeContact({
    ...before,
    ...Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)),
  });
}

/** Rules that concern several fields together. */
function wholeContact(data: ContactData, path = ''): ContactData {
  if (data.type === 'organization' && data.organization === null)
    throw invalid(fieldPath(path, 'organization'), "is required where 'type' is organization");
  return data;
}

export function fieldPath(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

export function viewContact(row: UsedContactRow): z.output<typeof contactSchema> {
  return {
    id: row.id,
    ...row.data,
    used_by: row.used_by,
    created_at: isoSeconds(row.created_at),
    updated_at: isoSeconds(row.updated_at),
    synced_at: row.synced_at === null ? null : isoSeconds(row.synced_at),
    missing_since: row.missing_since === null ? null : isoSeconds(row.missing_since),
  };
}
