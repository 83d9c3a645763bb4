// Checks that contacts have the fields a TLD requires, before money is held and before a registry would refuse.
import { AppError, type ErrorDetail } from '@lumi/shared/contract';
import { isPostalCode } from '@lumi/shared/countries';
import type { Tld } from '../catalogue/catalogue';
import { demandedFields } from '../catalogue/contact-rules';
import type { ContactData, Role } from '../supplier/registrar';
import { fieldPath } from './contact-view';

interface PlacedContact {
  readonly role: Role;
  readonly data: ContactData;
  /** The path of the contact in the request. */
  readonly path: string;
}

export function requireOfContacts(tld: Tld, contacts: readonly PlacedContact[]): void {
  const details = new Map<string, ErrorDetail>();
  for (const { role, data, path } of contacts) {
    for (const field of demandedFields(tld.contact_rules, role, data)) {
      const value = data[field];
      const at = fieldPath(path, field);
      if (value === null)
        details.set(at, { path: at, message: `is required for .${tld.tld} of a contact in ${data.country}` });
      else if (field === 'postal_code' && !isPostalCode(value, data.country))
        details.set(at, { path: at, message: `is not what postal codes look like in ${data.country}` });
    }
  }
  if (details.size > 0) throw new AppError('requirements_missing', undefined, { details: [...details.values()] });
}
