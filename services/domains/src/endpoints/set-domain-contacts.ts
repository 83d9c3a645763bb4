// PUT /domains/{domain}/contacts
import { z } from 'zod';
import { AppError, defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeAtRegistry } from '../portfolio/change-at-registry';
import { requireOfContacts } from '../portfolio/contact-requirements';
import { contactsSchema, viewContacts } from '../portfolio/domain-view';
import { domainParams, ownDomain } from '../portfolio/own-domain';
import { contactsOf } from '../store/contact-store';
import { ROLES, type ContactHandles } from '../supplier/registrar';

const contactId = z.string().min(1).max(64).optional().describe('One of your contacts; absent: stays as it is.');

export const setDomainContacts = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'set-domain-contacts',
      method: 'PUT',
      path: '/domains/{domain}/contacts',
      tag: 'Contacts',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Set the contacts of a domain',
      description:
        'Puts your contacts into roles, at the registry. Where a change of registrant is a trade, it ' +
        'answers `trade_required`.',
      params: domainParams,
      body: z.object({ registrant: contactId, admin: contactId, tech: contactId, billing: contactId }),
      bodyExample: { registrant: 'con_01k000000000000000000000' },
      responses: { 200: { description: 'Role → contact id.', schema: contactsSchema } },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error', 'trade_required', 'requirements_missing'],
    }),
    async ({ params, reach, body, principal }) => {
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      const ids = ROLES.map((role) => body[role]).filter((id) => id !== undefined);
      if (ids.length === 0) throw invalid('', 'must name at least one role');
      const known = await contactsOf(domains.db, row.account_id, ids);
      if (body.registrant !== undefined && body.registrant !== row.registrant_id && tld.trade !== null)
        throw new AppError('trade_required');
      requireOfContacts(
        tld,
        ROLES.flatMap((role) => {
          const data = known.get(body[role] ?? '');
          return data === undefined ? [] : [{ role, data, path: role }];
        }),
      );
      const before = viewContacts(row);
      const contacts: ContactHandles = Object.fromEntries(
        ROLES.flatMap((role) => {
          const id = body[role] ?? before[role];
          return id === null ? [] : [[role, id]];
        }),
      );
      const wanted = { contacts, contactData: Object.fromEntries(known) };
      return json(200, viewContacts(await changeAtRegistry(domains, row, wanted, principal.keyId)));
    },
  );
