// GET /domains/{domain}/dnssec
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import type { DomainRow } from '../portfolio/domain-row';
import { dsSchema } from '../portfolio/domain-view';
import { domainParams, ownDomain } from '../portfolio/own-domain';

export const dnssecSchema = z.object({ domain: z.string(), mode: z.enum(['off', 'external']), ds: z.array(dsSchema) });

export const getDnssec = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'get-dnssec',
      method: 'GET',
      path: '/domains/{domain}/dnssec',
      tag: 'DNS delegation',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'Get the DS records',
      description: 'The delegation signers the registry publishes for the domain.',
      params: domainParams,
      responses: { 200: { description: 'The records.', schema: dnssecSchema } },
    }),
    async ({ params, reach }) => json(200, viewDnssec((await ownDomain(domains, reach, params.domain)).row)),
  );

export function viewDnssec(row: DomainRow): z.output<typeof dnssecSchema> {
  return { domain: row.name, mode: row.ds.length === 0 ? 'off' : 'external', ds: row.ds.map((one) => ({ ...one })) };
}
