// PUT /domains/{domain}/nameservers
import { z } from 'zod';
import { defineRoute } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeAtRegistry } from '../portfolio/change-at-registry';
import { domainParams, ownDomain } from '../portfolio/own-domain';
import { nameserversField } from '../purchases/registration';
import { readNameservers } from '../purchases/holding-wishes';

export const setNameservers = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'set-nameservers',
      method: 'PUT',
      path: '/domains/{domain}/nameservers',
      tag: 'Domains',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Set the name servers',
      description:
        'Replaces the whole list at the registry. A host under the domain itself needs its addresses first: ' +
        '`PUT /domains/{domain}/hosts/{host}`.',
      params: domainParams,
      body: z.object({ nameservers: nameserversField }),
      bodyExample: { nameservers: ['ns1.example.net', 'ns2.example.net'] },
      responses: {
        200: {
          description: 'The list the registry has now.',
          schema: z.object({ domain: z.string(), nameservers: z.array(z.string()), warnings: z.array(z.string()) }),
        },
      },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error'],
    }),
    async ({ params, reach, body, principal }) => {
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      const nameservers = readNameservers(body.nameservers, { ...row, tld }, true);
      const after = await changeAtRegistry(domains, row, { nameservers }, principal.keyId);
      const warnings = after.nameservers.length === 0 ? ['without name servers the domain does not resolve'] : [];
      return json(200, { domain: after.name, nameservers: after.nameservers, warnings });
    },
  );
