// DELETE /contacts/{id}
import { z } from 'zod';
import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { contactParams, ownContact } from '../portfolio/own-contact';
import { deleteContact as removeContact } from '../store/contact-store';

export const deleteContact = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'delete-contact',
      method: 'DELETE',
      path: '/contacts/{id}',
      tag: 'Contacts',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Delete a contact',
      description: 'Only a contact that no domain names.',
      params: contactParams,
      responses: { 200: { description: 'Deleted.', schema: z.object({ id: z.string(), deleted: z.literal(true) }) } },
      errors: ['state_conflict'],
    }),
    async ({ params, reach }) => {
      const row = await ownContact(domains, reach, params.id);
      const { db, clock } = domains.service;
      if (!(await removeContact(db.platform, row, clock.now())))
        throw new AppError('state_conflict', 'A domain still names this contact.');
      return json(200, { id: row.id, deleted: true });
    },
  );
