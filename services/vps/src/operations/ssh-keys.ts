// The five endpoints of SSH keys: they share their schema and the way to a key.
import { z } from 'zod';
import { AppError, defineRoute, invalid, isId, lineField, newId, notFound, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint, type Reach } from '@lumi/shared/endpoint';
import { readSshPublicKey } from '@lumi/shared/public-keys';
import { isoSeconds } from '@lumi/shared/runtime';
import { addSshKey, deleteSshKey, findSshKey, listSshKeys, renameSshKey, type SshKey } from '../store/ssh-keys';
import type { Vps } from '../vps';

const keySchema = z.object({
  id: z.string().meta({ example: 'ssh_01k000000000000000000000' }),
  name: z.string(),
  public_key: z.string(),
  fingerprint: z.string().describe('As `ssh-keygen -l` prints it.'),
  used_by: z.int().describe('Servers that were made with it and exist. Deleting the key does not take it off them.'),
  created_at: z.string(),
}).meta({ id: 'SshKey' });

const nameField = lineField(128).describe('A name for people.');
const params = z.object({ id: z.string().refine((id) => isId(id, 'ssh')).describe('The id of the key.') });
const common = { tag: 'SSH keys', class: 'regular', reach: 'account' } as const;
const bodyExample = { name: 'laptop', public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEx8Z0yqXn7y1S0m6lqv0tq0E6o3m0d9o0n6m9w0a1b2 laptop' };

export function sshKeyEndpoints(vps: Vps): readonly Endpoint[] {
  return [list(vps), create(vps), get(vps), update(vps), remove(vps)];
}

function list({ service }: Vps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'list-ssh-keys', method: 'GET', path: '/ssh-keys', summary: 'List SSH keys', description: 'Newest first.', scope: 'read',
      query: pageQuery.extend({ name: z.string().max(128).optional().describe('Only keys of this name.'), fingerprint: z.string().max(128).optional().describe('Only the key with this fingerprint.') }),
      responses: { 200: { description: 'A page of keys.', schema: pageOf(keySchema) } },
    }),
    async ({ reach, query }) => {
      const { name, fingerprint } = query;
      const binding: CursorBinding = { account: reach.kind === 'account' ? reach.accountId : null, route: 'list-ssh-keys', filter: { name, fingerprint } };
      const request = readPage(query, service.cursors, binding);
      const rows = await listSshKeys(service.db.platform, reach, { name, fingerprint }, { limit: request.limit, beforeSeq: request.after?.[0] ?? null });
      return json(200, toPage(rows, request, service.cursors, binding, ({ seq }) => [seq.toString()], view));
    },
  );
}

function create(vps: Vps): Endpoint {
  const { service } = vps;
  return endpoint(
    defineRoute({
      ...common, id: 'create-ssh-key', method: 'POST', path: '/ssh-keys', summary: 'Add an SSH key', scope: 'write',
      description: 'A public key that new and rebuilt servers can be given.',
      body: z.object({ name: nameField, public_key: z.string().max(8_192).describe('One key, on one line, in OpenSSH form.') }), bodyExample,
      responses: { 201: { description: 'Added.', schema: keySchema } },
      errors: ['already_owned'],
    }),
    async (context) => {
      const { value: key, reason } = readSshPublicKey(context.body.public_key);
      if (reason !== undefined) throw invalid('public_key', reason);
      const id = newId('ssh', service.clock.nowMs());
      const added = await addSshKey(service.db.platform, { id, accountId: context.accountId, name: context.body.name, publicKey: key.text, fingerprint: key.fingerprint });
      if (!added) throw new AppError('already_owned', 'This account has this key already.');
      return json(201, view(await requireKey(vps, context.reach, id)));
    },
  );
}

function get(vps: Vps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'get-ssh-key', method: 'GET', path: '/ssh-keys/{id}', summary: 'Get an SSH key', description: 'One key.', scope: 'read', params,
      responses: { 200: { description: 'The key.', schema: keySchema } },
    }),
    async ({ reach, params: { id } }) => json(200, view(await requireKey(vps, reach, id))),
  );
}

function update(vps: Vps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'update-ssh-key', method: 'PATCH', path: '/ssh-keys/{id}', summary: 'Rename an SSH key', description: 'The key itself does not change: add another one instead.', scope: 'write', params,
      body: z.object({ name: nameField }), bodyExample: { name: 'old laptop' },
      responses: { 200: { description: 'The key as it is now.', schema: keySchema } },
    }),
    async ({ reach, params: { id }, body }) => {
      await requireKey(vps, reach, id);
      await renameSshKey(vps.service.db.platform, id, body.name);
      return json(200, view(await requireKey(vps, reach, id)));
    },
  );
}

function remove(vps: Vps): Endpoint {
  return endpoint(
    defineRoute({
      ...common, id: 'delete-ssh-key', method: 'DELETE', path: '/ssh-keys/{id}', summary: 'Delete an SSH key', description: 'Servers that have it keep it.', scope: 'write', params,
      responses: { 200: { description: 'The key that was deleted.', schema: keySchema } },
    }),
    async ({ reach, params: { id } }) => {
      const key = await requireKey(vps, reach, id);
      await deleteSshKey(vps.service.db.platform, id);
      return json(200, view(key));
    },
  );
}

async function requireKey(vps: Vps, reach: Reach, id: string): Promise<SshKey> {
  const key = await findSshKey(vps.service.db.platform, reach, id);
  if (key === null) throw notFound();
  return key;
}

function view(key: SshKey): z.output<typeof keySchema> {
  return { id: key.id, name: key.name, public_key: key.publicKey, fingerprint: key.fingerprint, used_by: key.usedBy, created_at: isoSeconds(key.createdAt) };
}
