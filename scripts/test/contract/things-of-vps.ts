// The things that calls of the hosting API need: servers, snapshots and SSH keys, each bought or made for the call.
import type { Call, Recipe, World } from './world';

const WISH = { plan_id: 's1', locations: ['hel', 'fra'], image_id: 'debian-13', period_months: 1 };

interface Server {
  readonly id: string;
  readonly hostname: string;
  readonly expires_at: string;
  readonly ips: readonly { readonly ip: string; readonly version: number }[];
}

const host = (world: World, word = 'contract'): string => `${world.fresh(word)}.example.com`;
export const wish = (world: World, word?: string) => ({ ...WISH, hostname: host(world, word) });
const show = (world: World, id: string): Promise<Server> => world.get(`/servers/${id}`);
export const buy = async (world: World, word?: string): Promise<Server> => {
  const { server } = await world.pay<{ server: { id: string } }>('/servers', wish(world, word));
  await world.settle();
  return show(world, server.id);
};
export const held = (world: World): Promise<Server> => world.once('held', () => buy(world));
export const id = async (server: Promise<Server>): Promise<Call> => ({ params: { id: (await server).id } });
/** An action on a separate server, on which nothing else runs. */
export const action = (body?: (server: Server) => object): Recipe => ({
  status: 202,
  call: async (world) => {
    const server = await buy(world);
    return { params: { id: server.id }, ...(body === undefined ? {} : { body: body(server) }) };
  },
});
export const snapshot = async (world: World): Promise<Call> => {
  const server = await buy(world);
  await world.send('POST', `/servers/${server.id}/snapshots`, { name: 'before' });
  await world.settle();
  const { items } = await world.get<{ items: { id: string }[] }>(`/servers/${server.id}/snapshots`);
  return { params: { id: server.id, snapshot_id: items[0]?.id ?? '' } };
};
export const confirmedSnapshot = async (world: World): Promise<Call> => {
  const call = await snapshot(world);
  return {
    ...call,
    body: { confirm: (await world.get<{ hostname: string }>(`/servers/${call.params?.['id'] ?? ''}`)).hostname },
  };
};
export const sshKey = async (world: World): Promise<Call> => ({
  params: {
    id: (await world.send<{ id: string }>('POST', '/ssh-keys', { name: 'laptop', public_key: publicKey(world) })).id,
  },
});

/** Another key each time: its last bytes are a number. */
export function publicKey(world: World): string {
  const blob = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(Buffer.alloc(32, world.fresh('key')))]);
  return `ssh-ed25519 ${blob.toString('base64')} laptop`;
}

function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
