// POST /contacts/{id}/sync
import { endpoint, json } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import { contactSchema, viewContact } from '../portfolio/contact-view';
import { contactParams, ownContact } from '../portfolio/own-contact';
import { syncContact } from '../portfolio/sync-contact';

export const syncContactNow = (domains: DomainsDeps) =>
  endpoint(
    syncRoute({
      id: 'sync-contact',
      path: '/contacts/{id}/sync',
      tag: 'Contacts',
      summary: 'Read a contact from its registrar',
      description:
        'Reads the contact at the registrars of the domains that use it, stores it and answers it. A ' +
        '`contact.synced` event lists what differed. At most once a minute for each contact. A contact that no ' +
        'domain uses is known to no registrar and answered unchanged.',
      params: contactParams,
      answer: { description: 'The contact as it is now.', schema: contactSchema },
    }),
    async ({ params, reach }) => {
      const row = await ownContact(domains, reach, params.id);
      return json(
        200,
        viewContact(
          await syncOnce(domains.service, { product: 'domains', thing: `contact ${row.id}` }, () =>
            syncContact(domains, reach, row.id),
          ),
        ),
      );
    },
  );
