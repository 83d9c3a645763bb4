// GET /contacts/{id}
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { contactSchema, viewContact } from '../portfolio/contact-view';
import { contactParams, ownContact } from '../portfolio/own-contact';

export const getContact = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'get-contact',
      method: 'GET',
      path: '/contacts/{id}',
      tag: 'Contacts',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'Get a contact',
      description: 'One contact, with the number of domains that name it.',
      params: contactParams,
      responses: { 200: { description: 'The contact.', schema: contactSchema } },
    }),
    async ({ params, reach }) => json(200, viewContact(await ownContact(domains, reach, params.id))),
  );
