// How operators call the proxy API: nodes, and what they stop.
import type { Call, Recipes, World } from './world';

type Thing = (world: World) => Promise<{ readonly id: string }>;

const id = async (thing: Promise<{ readonly id: string }>): Promise<Call> => ({ params: { id: (await thing).id } });
const node = async (world: World): Promise<Call> =>
  id(world.administer<{ id: string }>('POST', '/admin/nodes', { name: world.fresh('node') }));
const ownPlan = async (world: World): Promise<{ id: string }> =>
  (await world.pay<{ plan: { id: string } }>('/traffic-plans', { pool: 'dc_pool', gb: 1 })).plan;

/** `sold`: what customers have. */
export function proxyOperatorRecipes(sold: {
  readonly proxy: Thing;
  readonly plan: Thing;
  readonly subuser: Thing;
}): Recipes {
  return {
    'enrol-node': { status: 201, call: (world) => ({ body: { name: world.fresh('node') } }) },
    'list-nodes': {
      call: async (world) => {
        await world.once('node', () => node(world));
        return {};
      },
    },
    'list-abuse-signs': { call: () => ({}) },
    'drain-node': { call: async (world) => ({ ...(await node(world)), body: { drain_s: 60 } }) },
    'retire-node': { call: (world) => node(world) },
    'suspend-proxy': { call: async (world) => ({ ...(await id(sold.proxy(world))), body: { reason: 'Port scans' } }) },
    'unsuspend-proxy': { call: (world) => id(sold.proxy(world)) },
    'suspend-traffic-plan': {
      call: async (world) => ({ ...(await id(ownPlan(world))), body: { reason: 'Port scans' } }),
    },
    'unsuspend-traffic-plan': { call: (world) => id(sold.plan(world)) },
    'suspend-subuser': {
      call: async (world) => ({ ...(await id(sold.subuser(world))), body: { reason: 'Port scans' } }),
    },
    'unsuspend-subuser': { call: (world) => id(sold.subuser(world)) },
  };
}
