// DELETE /domains/{domain}
import { z } from 'zod';
import { defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { Domains } from '../domains';
import { changeDomain } from '../portfolio/change-domain';
import { deleteAtRegistry } from '../portfolio/change-at-registry';
import { domainSchema, viewDomain } from '../portfolio/domain-view';
import { domainParams, ownDomain } from '../portfolio/own-domain';
import { readDomainName } from '../names/domain-name';

export const deleteDomain = (domains: Domains) =>
  endpoint(
    defineRoute({
      id: 'delete-domain', method: 'DELETE', path: '/domains/{domain}', tag: 'Domains', scope: 'write', class: 'regular', reach: 'account',
      summary: 'Give a domain up',
      description: '`at_expiry` only switches auto_renew off. `now` deletes the name at the registry: it goes into redemption, from which it can be restored for a price; a name registered days ago is gone at once. Nothing is paid back.',
      params: domainParams,
      body: z.object({ when: z.enum(['at_expiry', 'now']), confirm: z.string().max(255).describe('The name again.') }),
      bodyExample: { when: 'at_expiry', confirm: 'example.com' },
      responses: { 200: { description: 'The domain as it is now.', schema: z.object({ domain: domainSchema, refund_usd: z.string() }) } },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error'],
    }),
    async ({ params, reach, body }) => {
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      const confirmed = readDomainName(body.confirm, domains.catalogue);
      if (confirmed.kind !== 'name' || confirmed.name !== row.name) throw invalid('confirm', 'must be the name of the domain');
      const after = body.when === 'now' ? await deleteAtRegistry(domains, row) : await changeDomain(domains, row, { auto_renew: false });
      if (after === null) throw notFound();
      return json(200, { domain: viewDomain(after, tld, domains.service.clock.now()), refund_usd: '0.00' });
    },
  );
