// Fields that several requests share.
import { z } from 'zod';
import { AppError, invalid, isId } from '@lumi/shared/contract';
import type { Principal } from '@lumi/shared/principal';

const LABEL = '[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const USER_DATA_MAX = 65_536;

export const hostnameField = z.string().max(253).regex(new RegExp(`^${LABEL}(\\.${LABEL})*$`), 'must be a host name of letters, digits, hyphens and dots')
  .describe('Host name of the machine. On the sandbox, names such as `sandbox-build-fails` end in a chosen way.').meta({ example: 'web-1.example.com' });
export const labelField = z.string().min(1).max(128).optional().describe('A name for people.');
export const sshKeyIdsField = z.array(z.string().max(64)).max(50).optional().describe('Keys that may log in as the default user.');
export const userDataField = z.string().max(USER_DATA_MAX).refine((text) => Buffer.byteLength(text, 'utf8') <= USER_DATA_MAX, 'must not be larger than 64 KiB')
  .optional().describe('cloud-init user data, at most 64 KiB. Never shown again.');
export const serverParams = z.object({ id: z.string().refine((id) => isId(id, 'srv')).describe('The id of the server.') });

/** Where a field asks for more than the route does: `auto_renew: true` commits future money. */
export function requireScope(principal: Principal, scope: string): void {
  if (principal.type !== 'operator' && !principal.scopes.includes(scope)) throw new AppError('forbidden_scope', `Key lacks the required scope '${scope}'.`);
}

export const confirmField = z.string().max(253).describe('The host name of the server, so that no wrong one is hit.').meta({ example: 'web-1.example.com' });

export function confirmed(server: { readonly hostname: string }, confirm: string): void {
  if (confirm !== server.hostname) throw invalid('confirm', 'must be the host name of the server');
}

export const periodField = z.union([z.literal(1), z.literal(3), z.literal(6), z.literal(12)]).optional();
export const expiryField = z.iso.datetime({ offset: true, error: 'must be a time such as 2026-06-09T12:00:00Z' })
  .describe('`expires_at` as you know it: a renewal that was already done is refused with `expiry_mismatch`.');
