// DELETE /domains/{domain}
import { z } from 'zod';
import { actorOf } from '@lumi/shared/audit-log';
import { defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { bodyOrQuery, endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeDomain } from '../portfolio/change-domain';
import { deleteAtRegistry } from '../portfolio/change-at-registry';
import { domainSchema, viewDomain } from '../portfolio/domain-view';
import { domainParams, ownDomain } from '../portfolio/own-domain';
import { readDomainName } from '../names/domain-name';

const said = z.object({
  when: z.enum(['at_expiry', 'now']).optional().describe('Required.'),
  confirm: z.string().max(255).optional().describe('The name again. Required.'),
});

export const deleteDomain = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'delete-domain',
      method: 'DELETE',
      path: '/domains/{domain}',
      tag: 'Domains',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Give a domain up',
      description:
        '`at_expiry` only switches auto_renew off. `now` deletes the name at the registry: it goes into ' +
        'redemption, from which it can be restored for a price; a name registered days ago is gone at once. ' +
        'Nothing is paid back. Clients that cannot send a body with DELETE say `when` and `confirm` in the ' +
        'query.',
      params: domainParams,
      query: said,
      body: said,
      bodyExample: { when: 'at_expiry', confirm: 'example.com' },
      responses: {
        200: {
          description: 'The domain as it is now.',
          schema: z.object({ domain: domainSchema, refund_usd: z.string() }),
        },
      },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error'],
    }),
    async (context) => {
      const { params, reach, body, query, principal } = context;
      const by = principal.keyId;
      const { when, confirm } = bodyOrQuery(body, query);
      if (when === undefined) throw invalid('when', 'is required: at_expiry or now');
      if (confirm === undefined) throw invalid('confirm', 'is required: the name of the domain');
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      const confirmed = readDomainName(confirm, domains.catalogue);
      if (confirmed.kind !== 'name' || confirmed.name !== row.name)
        throw invalid('confirm', 'must be the name of the domain');
      const after =
        when === 'now'
          ? await deleteAtRegistry(domains, row, by)
          : await changeDomain(domains, row, { auto_renew: false }, { actor: actorOf(context), by });
      if (after === null) throw notFound();
      return json(200, { domain: viewDomain(after, tld, domains.service.clock.now()), refund_usd: '0.00' });
    },
  );
