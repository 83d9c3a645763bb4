// How to change the credentials of plans and sub-users. Their names are unique, so each call takes another one.
import type { Call, Recipes, World } from './world';

type Thing = (world: World) => Promise<{ readonly id: string }>;

const id = async (thing: Promise<{ readonly id: string }>): Promise<Call> => ({ params: { id: (await thing).id } });

/** `sold`: what customers have. */
export function proxyLoginRecipes(sold: { readonly plan: Thing; readonly subuser: Thing }): Recipes {
  return {
    'set-plan-credentials': {
      status: 200,
      call: async (world) => ({
        ...(await id(sold.plan(world))),
        body: { username: `crawler${String(world.number())}`, grace_s: 600 },
      }),
    },
    'rotate-plan-credentials': { call: async (world) => ({ ...(await id(sold.plan(world))), body: { grace_s: 600 } }) },
    'set-subuser-credentials': {
      status: 200,
      call: async (world) => ({
        ...(await id(sold.subuser(world))),
        body: { username: `client${String(world.number())}`, grace_s: 600 },
      }),
    },
    'rotate-subuser-credentials': {
      call: async (world) => ({ ...(await id(sold.subuser(world))), body: { grace_s: 600 } }),
    },
  };
}
