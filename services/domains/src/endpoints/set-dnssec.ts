// PUT /domains/{domain}/dnssec
import { z } from 'zod';
import { defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { dnskeyInput, dsInput, readDs } from '../names/ds-record';
import { changeAtRegistry } from '../portfolio/change-at-registry';
import { domainParams, ownDomain } from '../portfolio/own-domain';
import { dnssecSchema, viewDnssec } from './get-dnssec';

export const setDnssec = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'set-dnssec',
      method: 'PUT',
      path: '/domains/{domain}/dnssec',
      tag: 'DNS delegation',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Set the DS records',
      description:
        'Replaces all DS records at the registry. Keys are turned into DS records with SHA-256. `mode: ' +
        '"off"` takes all away.',
      params: domainParams,
      body: z.object({
        mode: z.enum(['off', 'external']),
        ds: z.array(dsInput).max(20).optional(),
        keys: z.array(dnskeyInput).max(20).optional(),
      }),
      bodyExample: {
        mode: 'external',
        ds: [
          {
            key_tag: 12345,
            algorithm: 13,
            digest_type: 2,
            digest: 'E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766',
          },
        ],
      },
      responses: { 200: { description: 'The records the registry has now.', schema: dnssecSchema } },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error'],
    }),
    async ({ params, reach, body, principal }) => {
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      const [ds, keys] = [body.ds ?? [], body.keys ?? []];
      if (body.mode === 'off' && ds.length + keys.length > 0)
        throw invalid('mode', "must be 'external' to set records");
      if (body.mode === 'external' && ds.length + keys.length === 0)
        throw invalid('ds', 'must hold a record, or keys must');
      const wanted = { ds: readDs(row.name, tld, ds, keys) };
      return json(200, viewDnssec(await changeAtRegistry(domains, row, wanted, principal.keyId)));
    },
  );
