// GET /domains/{domain}
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { domainSchema, viewDomain } from '../portfolio/domain-view';
import { domainParams, ownDomain } from '../portfolio/own-domain';

export const getDomain = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'get-domain',
      method: 'GET',
      path: '/domains/{domain}',
      tag: 'Domains',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'Get a domain',
      description: 'One domain with its state, its dates, and in `can` what may be done to it now.',
      params: domainParams,
      responses: { 200: { description: 'The domain.', schema: domainSchema } },
    }),
    async ({ params, reach }) => {
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      return json(200, viewDomain(row, tld, domains.service.clock.now()));
    },
  );
