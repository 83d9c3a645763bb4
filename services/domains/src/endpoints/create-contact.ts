// POST /contacts
import { defineRoute, newId } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { CONTACT_EXAMPLE, contactDataOf, contactInput, contactSchema, viewContact } from '../portfolio/contact-view';
import { insertContact } from '../store/contact-store';

export const createContact = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'create-contact',
      method: 'POST',
      path: '/contacts',
      tag: 'Contacts',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Create a contact',
      description: 'A person or organization that can stand behind domains.',
      body: contactInput,
      bodyExample: CONTACT_EXAMPLE,
      responses: { 201: { description: 'Created.', schema: contactSchema } },
    }),
    async (context) => {
      const { clock } = domains.service;
      const row = await insertContact(domains.db, {
        id: newId('con', clock.nowMs()),
        accountId: context.accountId,
        data: contactDataOf(context.body),
        now: clock.now(),
      });
      return json(201, viewContact(row), { Location: `/api/v1/contacts/${row.id}` });
    },
  );
