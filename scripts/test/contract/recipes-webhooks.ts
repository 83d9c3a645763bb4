// Recipes of the operations of webhooks. Nothing listens at the endpoint.
import type { Recipes, World } from './world';

const URL_OF_NOBODY = 'http://127.0.0.1:9/lumi';

const BESIDE_THE_KEPT_MAX = 7;

const made = async (world: World): Promise<{ id: string }> => ({
  id: (await world.send<{ id: string }>('POST', '/webhooks', { url: URL_OF_NOBODY, events: ['*'] })).id,
});
/** One endpoint for all that leave it as it is: an account has at most ten. */
const kept = (world: World): Promise<{ id: string }> => world.once('webhook', () => made(world));
/** Deletes the oldest of the others, so that one more fits. */
const makeRoom = async (world: World): Promise<void> => {
  const { id: ofAll } = await kept(world);
  const { items } = await world.get<{ items: readonly { id: string }[] }>('/webhooks');
  const others = items.map(({ id }) => id).filter((id) => id !== ofAll);
  for (const id of others.sort().slice(0, Math.max(0, others.length - BESIDE_THE_KEPT_MAX)))
    await world.send('DELETE', `/webhooks/${id}`);
};
const delivery = (world: World): Promise<{ id: string; delivery_id: string }> =>
  world.once('delivery', async () => {
    const { id } = await kept(world);
    const { id: delivery_id } = await world.send<{ id: string }>('POST', `/webhooks/${id}/test`, {});
    return { id, delivery_id };
  });

export const webhookRecipes: Recipes = {
  'list-webhooks': {
    call: async (world) => {
      await kept(world);
      return {};
    },
  },
  'create-webhook': {
    call: async (world) => {
      await makeRoom(world);
      return { body: { url: URL_OF_NOBODY, events: ['*'], description: 'of the shop' } };
    },
  },
  'get-webhook': { call: async (world) => ({ params: await kept(world) }) },
  'update-webhook': {
    call: async (world) => ({ params: await kept(world), body: { events: ['order.*'], description: 'orders' } }),
  },
  'delete-webhook': {
    call: async (world) => {
      await makeRoom(world);
      return { params: await made(world) };
    },
  },
  'test-webhook': { call: async (world) => ({ params: await kept(world), body: { type: 'deposit.credited' } }) },
  'rotate-webhook-secret': {
    call: async (world) => ({ params: await kept(world), body: { overlap_seconds: 3_600 } }),
  },
  'list-webhook-deliveries': {
    call: async (world) => {
      const { id } = await delivery(world);
      return { params: { id } };
    },
  },
  'get-webhook-delivery': { call: async (world) => ({ params: await delivery(world) }) },
  'redeliver-webhook': { call: async (world) => ({ params: await delivery(world) }) },
  'recover-webhook': {
    call: async (world) => ({ params: await kept(world), body: { since: '2026-07-09T12:00:00Z' } }),
  },
};
