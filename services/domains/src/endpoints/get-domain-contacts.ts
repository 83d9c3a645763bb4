// GET /domains/{domain}/contacts
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { contactsSchema, viewContacts } from '../portfolio/domain-view';
import { domainParams, ownDomain } from '../portfolio/own-domain';

export const getDomainContacts = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'get-domain-contacts',
      method: 'GET',
      path: '/domains/{domain}/contacts',
      tag: 'Contacts',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'Get the contacts of a domain',
      description: 'The id of the contact in each role.',
      params: domainParams,
      responses: { 200: { description: 'Role → contact id.', schema: contactsSchema } },
    }),
    async ({ params, reach }) => json(200, viewContacts((await ownDomain(domains, reach, params.domain)).row)),
  );
