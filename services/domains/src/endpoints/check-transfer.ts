// POST /transfers/check
import { z } from 'zod';
import { defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import type { DomainsDeps } from '../deps';
import { readDomainName } from '../names/domain-name';
import { domainField } from '../purchases/registration';
import { transferRefusal } from '../purchases/transfer-wish';
import { findDomain } from '../store/domain-store';

export const checkTransfer = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'check-transfer',
      method: 'POST',
      path: '/transfers/check',
      tag: 'Transfers',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      summary: 'Check whether a name can be transferred in',
      description:
        'What stands in the way as far as the registry tells, and what it costs. The registrar it is held ' +
        'at may still refuse.',
      body: z.object({ domain: domainField }),
      bodyExample: { domain: 'elsewhere-shop.test' },
      responses: {
        200: {
          description: 'The answer.',
          schema: z.object({
            domain: z.string(),
            transferable: z.boolean(),
            blockers: z.array(
              z.object({
                code: z.string().describe('What prevents the transfer, such as `locked`.'),
                message: z.string(),
                until: z.string().nullable(),
              }),
            ),
            price_usd: usdOutput.nullable(),
            years: z.number().int().describe('Years it adds.'),
            auth_code_required: z.boolean(),
          }),
        },
      },
    }),
    async ({ body, reach }) => {
      await domains.catalogue.ready();
      const reading = readDomainName(body.domain, domains.catalogue);
      if (reading.kind !== 'name') throw invalid('domain', reading.reason);
      const { name, tld } = reading;
      const [checks, own] = await Promise.all([
        domains.registrars.check([reading]),
        reach.kind === 'account' ? findDomain(domains.db, reach, name) : null,
      ]);
      const check = checks.get(name);
      const refusal = transferRefusal(check, own !== null);
      return json(200, {
        domain: name,
        transferable: refusal === null,
        blockers: refusal === null ? [] : [{ code: refusal.code, message: refusal.message, until: null }],
        price_usd: check?.status === 'unknown' ? null : formatUsd(check?.fees?.transfer ?? tld.transfer),
        years: tld.transfer_years,
        auth_code_required: tld.auth_code_required,
      });
    },
  );
