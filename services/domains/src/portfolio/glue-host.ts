// Glue: addresses of name servers whose name is the domain itself or lies under it.
import { z } from 'zod';
import { addressField, isDocumentationAddress, isPublicAddress } from '@lumi/shared/addresses';
import { AppError, invalid, type ErrorDetail, type Page } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import { accountOf, pageOfWhole } from '@lumi/shared/listing';
import { readHostName } from '@lumi/shared/names';
import type { Tld } from '../catalogue/catalogue';
import type { DomainsDeps } from '../deps';
import type { DomainRow } from './domain-row';
import { domainParams } from './own-domain';

export const hostSchema = z
  .object({ domain: z.string(), host: z.string(), ips: z.array(z.string()) })
  .meta({ id: 'GlueHost' });
export const hostParams = domainParams.extend({
  host: z
    .string()
    .min(1)
    .max(255)
    .describe('The whole host name, or its one label before the domain: `ns1`.')
    .meta({ example: 'ns1' }),
});
export const hostBody = z.object({ ips: z.array(addressField).min(1).max(13) });

export function pageOfHosts(
  domains: DomainsDeps,
  reach: Reach,
  row: DomainRow,
  query: { readonly limit?: string | undefined; readonly cursor?: string | undefined },
): Page<z.output<typeof hostSchema>> {
  const hosts = Object.entries(row.hosts).sort(([a], [b]) => (a < b ? -1 : 1));
  return pageOfWhole(hosts, {
    route: 'list-hosts',
    account: accountOf(reach),
    of: row.name,
    query,
    cursors: domains.service.cursors,
    key: ([host]) => host,
    view: ([host, ips]) => ({ domain: row.name, host, ips: [...ips] }),
  });
}

/**
 * The host's full name. A single label is completed with the domain; a name with dots is taken as full. Null when it is
 * not under the domain.
 */
export function hostUnder(row: DomainRow, text: string): string | null {
  const host = readHostName(text.includes('.') ? text : `${text}.${row.name}`).value;
  return host !== undefined && liesUnder(host, row.name) ? host : null;
}

/** Accepts public addresses; for the sandbox's TLD, where nothing is real, documentation addresses too. Throws 422. */
export function requireGlue(ips: readonly string[], tld: Tld): readonly string[] {
  const isSandbox = tld.category === 'sandbox';
  const details = ips.flatMap((ip, i): ErrorDetail[] =>
    isPublicAddress(ip) || (isSandbox && isDocumentationAddress(ip))
      ? []
      : [
          {
            path: `ips.${String(i)}`,
            message: 'must be a public address: resolvers all over the world are sent there',
          },
        ],
  );
  if (details.length > 0) throw new AppError('validation_error', undefined, { details });
  if (new Set(ips).size !== ips.length) throw invalid('ips', 'names an address twice');
  return ips;
}

/**
 * Resolvers find a name server under the domain only by its glue. Throws 422 that names the servers without glue.
 * `hosts` is null for a domain that is not here yet.
 */
export function requireHosts(name: string, nameservers: readonly string[], hosts: DomainRow['hosts'] | null): void {
  const whatToDo =
    hosts === null
      ? 'that can be set once the domain is yours: begin with other name servers or none'
      : `set them first with PUT /domains/${name}/hosts/{host}`;
  const details = nameservers.flatMap((host, i): ErrorDetail[] =>
    liesUnder(host, name) && hosts?.[host] === undefined
      ? [
          {
            path: `nameservers.${String(i)}`,
            message: `${host} lies under the domain and needs addresses; ${whatToDo}`,
          },
        ]
      : [],
  );
  if (details.length > 0) throw new AppError('validation_error', undefined, { details });
}

function liesUnder(host: string, name: string): boolean {
  return host === name || host.endsWith(`.${name}`);
}
