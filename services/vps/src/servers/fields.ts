// Fields that several requests share.
import { z } from 'zod';
import { invalid, isId } from '@lumi/shared/contract';

const LABEL = '[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const USER_DATA_MAX = 65_536;

export const hostnameField = z.string().max(253).regex(new RegExp(`^${LABEL}(\\.${LABEL})*$`), 'must be a host name of letters, digits, hyphens and dots')
  .describe('Host name of the machine. On the sandbox, names such as `sandbox-build-fails` end in a chosen way.').meta({ example: 'web-1.example.com' });
export const labelField = z.string().min(1).max(128).optional().describe('A name for people.');
export const sshKeyIdsField = z.array(z.string().max(64)).max(50).optional().describe('Keys that may log in as the default user.');
export const userDataField = z.string().max(USER_DATA_MAX).refine((text) => Buffer.byteLength(text, 'utf8') <= USER_DATA_MAX, 'must not be larger than 64 KiB')
  .optional().describe('cloud-init user data, at most 64 KiB. Never shown again.');
export const serverParams = z.object({ id: z.string().refine((id) => isId(id, 'srv')).describe('The id of the server.') });

export const confirmField = z.string().max(253).describe('The host name of the server, so that no wrong one is hit.').meta({ example: 'web-1.example.com' });

export function confirmed(server: { readonly hostname: string }, confirm: string): void {
  if (confirm !== server.hostname) throw invalid('confirm', 'must be the host name of the server');
}

export const periodField = z.union([z.literal(1), z.literal(3), z.literal(6), z.literal(12)]).optional();
