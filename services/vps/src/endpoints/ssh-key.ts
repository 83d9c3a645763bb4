// Shared by the endpoints of SSH keys: the common part of their routes, the schema, and finding a key.
import { z } from 'zod';
import { isId, lineField, notFound } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import { isoSeconds } from '@lumi/shared/runtime';
import { findSshKey, type SshKey } from '../store/ssh-keys';
import type { VpsDeps } from '../deps';

export const sshKeySchema = z
  .object({
    id: z.string().meta({ example: 'ssh_01k000000000000000000000' }),
    name: z.string(),
    public_key: z.string(),
    fingerprint: z.string().describe('As `ssh-keygen -l` prints it.'),
    used_by: z.int().describe('Servers that were made with it and exist. Deleting the key does not take it off them.'),
    created_at: z.string(),
  })
  .meta({ id: 'SshKey' });

export const sshKeyNameField = lineField(128).describe('A name for people.');
export const sshKeyParams = z.object({
  id: z
    .string()
    .refine((id) => isId(id, 'ssh'))
    .describe('The id of the key.'),
});
export const SSH_KEY_ROUTE = { tag: 'SSH keys', class: 'regular', reach: 'account' } as const;

export async function requireSshKey(vps: VpsDeps, reach: Reach, id: string): Promise<SshKey> {
  const key = await findSshKey(vps.service.db.platform, reach, id);
  if (key === null) throw notFound();
  return key;
}

export function viewSshKey(key: SshKey): z.output<typeof sshKeySchema> {
  return {
    id: key.id,
    name: key.name,
    public_key: key.publicKey,
    fingerprint: key.fingerprint,
    used_by: key.usedBy,
    created_at: isoSeconds(key.createdAt),
  };
}
