// Glue: addresses of name servers that lie under the domain itself.
import { isIP } from 'node:net';
import { z } from 'zod';
import { invalid, notFound } from '@lumi/shared/contract';
import { readHostName } from '../names/domain-name';
import type { DomainRow } from './domain-row';
import { domainParams } from './own-domain';

export const hostSchema = z.object({ domain: z.string(), host: z.string(), ips: z.array(z.string()) }).meta({ id: 'GlueHost' });
export const hostParams = domainParams.extend({ host: z.string().min(1).max(255).describe('The whole host name, or its part before the domain: `ns1`.').meta({ example: 'ns1' }) });
export const hostBody = z.object({ ips: z.array(z.string().max(45).refine((text) => isIP(text) !== 0, 'must be an IPv4 or IPv6 address')).min(1).max(13) });

/** The host's whole name; 404 for what does not lie under the domain. */
export function hostUnder(row: DomainRow, text: string): string {
  const lower = text.toLowerCase();
  const host = readHostName(lower.endsWith(`.${row.name}`) ? lower : `${lower}.${row.name}`);
  if (host === null || !host.endsWith(`.${row.name}`)) throw notFound();
  return host;
}

/** One spelling for each address: `::1` and `0:0:0:0:0:0:0:1` are one. */
export function readAddresses(ips: readonly string[]): readonly string[] {
  const read = ips.map((text) => (isIP(text) === 6 ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text));
  if (new Set(read).size !== read.length) throw invalid('ips', 'names an address twice');
  return read;
}
