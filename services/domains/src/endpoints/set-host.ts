// PUT /domains/{domain}/hosts/{host}
import { defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import type { DomainsDeps } from '../deps';
import { changeAtRegistry } from '../portfolio/change-at-registry';
import { hostBody, hostParams, hostSchema, hostUnder, requireGlue } from '../portfolio/glue-host';
import { ownDomain } from '../portfolio/own-domain';

export const setHost = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'set-host',
      method: 'PUT',
      path: '/domains/{domain}/hosts/{host}',
      tag: 'DNS delegation',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      summary: 'Set a glue host',
      description: 'Creates the host or replaces its addresses, at the registry. Addresses are public ones.',
      params: hostParams,
      body: hostBody,
      bodyExample: { ips: ['192.0.2.53', '2001:db8::53'] },
      responses: { 200: { description: 'The host as the registry has it now.', schema: hostSchema } },
      errors: ['busy', 'state_conflict', 'suspended', 'supplier_error'],
    }),
    async ({ params, reach, body, principal }) => {
      const { row, tld } = await ownDomain(domains, reach, params.domain);
      const host = hostUnder(row, params.host);
      if (host === null)
        throw invalid('host', 'must be one label such as ns1, or a whole name that is the domain or lies under it');
      const hosts = { ...row.hosts, [host]: requireGlue(body.ips, tld) };
      const after = await changeAtRegistry(domains, row, { hosts }, principal.keyId);
      return json(200, { domain: after.name, host, ips: after.hosts[host] ?? [] });
    },
  );
