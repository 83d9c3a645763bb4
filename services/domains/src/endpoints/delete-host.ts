// DELETE /domains/{domain}/hosts/{host}
import { z } from 'zod';
import { AppError, defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeAtRegistry } from '../portfolio/change-at-registry';
import { hostParams, hostUnder } from '../portfolio/glue-host';
import { ownDomain } from '../portfolio/own-domain';

export const deleteHost = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'delete-host',
      method: 'DELETE',
      path: '/domains/{domain}/hosts/{host}',
      tag: 'DNS delegation',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Delete a glue host',
      description: 'Only a host that is not one of the domain’s name servers.',
      params: hostParams,
      responses: {
        200: {
          description: 'Deleted.',
          schema: z.object({ domain: z.string(), host: z.string(), deleted: z.literal(true) }),
        },
      },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error'],
    }),
    async ({ params, reach, principal }) => {
      const { row } = await ownDomain(domains, reach, params.domain);
      const host = hostUnder(row, params.host);
      if (host === null) throw notFound();
      const { [host]: ips, ...rest } = row.hosts;
      if (ips === undefined) throw notFound();
      if (row.nameservers.includes(host))
        throw new AppError(
          'state_conflict',
          'This host is a name server of the domain; change the name servers first.',
        );
      await changeAtRegistry(domains, row, { hosts: rest }, principal.keyId);
      return json(200, { domain: row.name, host, deleted: true });
    },
  );
