import { z } from 'zod';
import { AppError, defineRoute, invalid, newId } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { readSshPublicKey } from '@lumi/shared/public-keys';
import { addSshKey } from '../store/ssh-keys';
import type { VpsDeps } from '../deps';
import { SSH_KEY_ROUTE, sshKeyNameField, sshKeySchema, viewSshKey, requireSshKey } from './ssh-key';

const bodyExample = {
  name: 'laptop',
  public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEx8Z0yqXn7y1S0m6lqv0tq0E6o3m0d9o0n6m9w0a1b2 laptop',
};

export function createSshKey(vps: VpsDeps): Endpoint {
  const { service } = vps;
  return endpoint(
    defineRoute({
      ...SSH_KEY_ROUTE,
      id: 'create-ssh-key',
      method: 'POST',
      path: '/ssh-keys',
      summary: 'Add an SSH key',
      scope: 'write',
      description: 'A public key that new and rebuilt servers can be given.',
      body: z.object({
        name: sshKeyNameField,
        public_key: z.string().max(8_192).describe('One key, on one line, in OpenSSH form.'),
      }),
      bodyExample,
      responses: { 201: { description: 'Added.', schema: sshKeySchema } },
      errors: ['already_owned'],
    }),
    async (context) => {
      const { value: key, reason } = readSshPublicKey(context.body.public_key);
      if (reason !== undefined) throw invalid('public_key', reason);
      const id = newId('ssh', service.clock.nowMs());
      const added = await addSshKey(service.db.platform, {
        id,
        accountId: context.accountId,
        name: context.body.name,
        publicKey: key.text,
        fingerprint: key.fingerprint,
      });
      if (!added) throw new AppError('already_owned', 'This account has this key already.');
      return json(201, viewSshKey(await requireSshKey(vps, context.reach, id)));
    },
  );
}
