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
        'Asks the registrars of the domains that name the contact what they have, writes it down and ' +
        'answers it. What differed is told by a `contact.synced` event. At most once a minute for each ' +
        'contact. One that no domain names is known to no registrar and answered as it is.',
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
