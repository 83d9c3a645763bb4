// PATCH /domains/{domain}
import { z } from 'zod';
import { actorOf } from '@lumi/shared/audit-log';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { autoRenewField, metadataField, referenceField, tagsField } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { changeDomain } from '../portfolio/change-domain';
import { domainSchema, viewDomain } from '../portfolio/domain-view';
import { domainParams, ownDomain } from '../portfolio/own-domain';

export const updateDomainBody = z.object({
  auto_renew: autoRenewField,
  locked: z.boolean().optional().describe('Transfer lock.'),
  privacy: z.boolean().optional(),
  tags: tagsField,
  reference: referenceField.nullable(),
  metadata: metadataField.nullable(),
});

export const updateDomain = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'update-domain',
      method: 'PATCH',
      path: '/domains/{domain}',
      tag: 'Domains',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Change a domain',
      description:
        'Changes only what is named. Lock and privacy are changed at the registry; when it refuses, nothing ' +
        'is changed.',
      params: domainParams,
      autoRenew: ['auto_renew'],
      body: updateDomainBody,
      bodyExample: { auto_renew: true, locked: true, tags: ['shop'] },
      responses: { 200: { description: 'The domain as it is now.', schema: domainSchema } },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error'],
    }),
    async (context) => {
      const { params, reach, body } = context;
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      const after = await changeDomain(domains, row, body, {
        actor: actorOf(context),
        by: context.principal.keyId,
      });
      if (after === null) throw notFound();
      return json(200, viewDomain(after, tld, domains.service.clock.now()));
    },
  );
