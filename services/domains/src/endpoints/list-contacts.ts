// GET /contacts
import { z } from 'zod';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import type { DomainsDeps } from '../deps';
import { contactSchema, viewContact } from '../portfolio/contact-view';
import { listContacts as queryContacts } from '../store/contact-store';

export const listContacts = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'list-contacts',
      method: 'GET',
      path: '/contacts',
      tag: 'Contacts',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'List contacts',
      description: 'Your contacts, newest first.',
      query: pageQuery.extend({ q: z.string().min(1).max(128).optional().describe('Part of any of its fields.') }),
      responses: { 200: { description: 'A page of contacts.', schema: pageOf(contactSchema) } },
    }),
    async ({ query, reach }) => {
      const { service } = domains;
      const page = await pageOfRows({
        route: 'list-contacts',
        reach,
        query,
        cursors: service.cursors,
        read: (at) => queryContacts(service.db.platform, reach, { q: query.q, ...at }),
        position: bySeq,
        view: viewContact,
      });
      return json(200, page);
    },
  );
