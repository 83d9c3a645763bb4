// What a customer requests for a name that is bought or transferred in: contacts, name servers, years, privacy, lock.
import { z } from 'zod';
import { AppError, invalid, newId, type ErrorDetail } from '@lumi/shared/contract';
import { readHostName } from '@lumi/shared/names';
import { autoRenewField } from '@lumi/shared/purchase';
import type { Tld } from '../catalogue/catalogue';
import { requireOfContacts } from '../portfolio/contact-requirements';
import { contactDataOf, contactInput } from '../portfolio/contact-view';
import type { DomainRow } from '../portfolio/domain-row';
import { requireHosts } from '../portfolio/glue-host';
import { ROLES, type ContactData, type ContactHandles, type Role } from '../supplier/registrar';
import type { HoldingItem } from './holding';

/** The fields that registration and transfer share. */
export const holdingFields = {
  contact_id: z.string().max(64).optional().describe('One of your contacts, for all four roles.'),
  contacts: z
    .object({
      registrant: contactInput,
      admin: contactInput.optional(),
      tech: contactInput.optional(),
      billing: contactInput.optional(),
    })
    .strict()
    .optional()
    .describe(
      'Contacts given in place, instead of `contact_id`; roles left out are the registrant’s. They become ' +
        'contacts of your account.',
    ),
  privacy: z.boolean().optional().describe('Absent: on, where the TLD allows it.'),
  locked: z.boolean().optional().describe('Transfer lock. Absent: on, where the TLD has one.'),
  auto_renew: autoRenewField,
};
export type HoldingBody = z.output<z.ZodObject<typeof holdingFields>>;

export const NO_CONTACTS = { contacts: {}, contact_data: {}, new_contacts: [] } as const;

export function readYears(years: number | undefined, tld: Tld): number {
  const wanted = years ?? tld.years_min;
  if (wanted < tld.years_min || wanted > tld.years_max)
    throw invalid('years', `must be from ${String(tld.years_min)} to ${String(tld.years_max)} for .${tld.tld}`);
  return wanted;
}

/**
 * A-labels without duplicates, as many as the TLD takes. Name servers under the domain need their addresses (`hosts`;
 * null for a domain that is not here yet).
 */
export function readNameservers(
  nameservers: readonly string[],
  { name: domain, tld, hosts }: { readonly name: string; readonly tld: Tld; readonly hosts: DomainRow['hosts'] | null },
  mayBeNone: boolean,
): readonly string[] {
  const read = nameservers.map((host, i) => {
    const { value, reason } = readHostName(host);
    if (reason !== undefined) throw invalid(`nameservers.${String(i)}`, reason);
    return value;
  });
  if (new Set(read).size !== read.length) throw invalid('nameservers', 'names a host twice');
  if (read.length > tld.ns_max || (read.length < tld.ns_min && !(mayBeNone && read.length === 0)))
    throw invalid('nameservers', `must be from ${String(tld.ns_min)} to ${String(tld.ns_max)} hosts for .${tld.tld}`);
  requireHosts(domain, read, hosts);
  return read;
}

export function checkWishes(body: HoldingBody, tld: Tld): void {
  const details: ErrorDetail[] = [];
  if (body.privacy === true && !tld.privacy)
    details.push({ path: 'privacy', message: `is not offered for .${tld.tld}` });
  if (body.locked === true && !tld.lock) details.push({ path: 'locked', message: `is not offered for .${tld.tld}` });
  if (body.contact_id !== undefined && body.contacts !== undefined)
    details.push({ path: 'contacts', message: 'and contact_id exclude each other' });
  if (details.length > 0) throw new AppError('validation_error', undefined, { details });
}

/** The contact of each role with its data, which the registry needs too. */
export function readContacts(
  body: HoldingBody,
  tld: Tld,
  known: ReadonlyMap<string, ContactData>,
  nowMs: number,
): Pick<HoldingItem, 'contacts' | 'contact_data' | 'new_contacts'> {
  if (body.contact_id !== undefined) {
    const data = known.get(body.contact_id);
    if (data === undefined) throw new AppError('not_found');
    requireOfContacts(
      tld,
      ROLES.map((role) => ({ role, data, path: 'contact_id' })),
    );
    return { contacts: forAllRoles(body.contact_id), contact_data: { [body.contact_id]: data }, new_contacts: [] };
  }
  if (body.contacts === undefined) {
    if (tld.contacts_required)
      throw new AppError('requirements_missing', undefined, {
        details: [
          { path: 'contact_id', message: `a contact is required for .${tld.tld}: give contact_id or contacts` },
        ],
      });
    return { contacts: {}, contact_data: {}, new_contacts: [] };
  }
  const ids = new Map<Role, string>();
  const data: Record<string, ContactData> = {};
  for (const role of ROLES) {
    const input = body.contacts[role];
    if (input === undefined) continue;
    const id = newId('con', nowMs);
    ids.set(role, id);
    data[id] = contactDataOf(input, `contacts.${role}`);
  }
  const registrant = ids.get('registrant') ?? '';
  requireOfContacts(
    tld,
    ROLES.flatMap((role) => {
      const given = ids.has(role) ? role : 'registrant';
      const one = data[ids.get(given) ?? ''];
      return one === undefined ? [] : [{ role, data: one, path: `contacts.${given}` }];
    }),
  );
  return {
    contacts: Object.fromEntries(ROLES.map((role) => [role, ids.get(role) ?? registrant])),
    contact_data: data,
    new_contacts: Object.keys(data),
  };
}

export function forAllRoles(id: string): ContactHandles {
  return Object.fromEntries(ROLES.map((role) => [role, id]));
}
