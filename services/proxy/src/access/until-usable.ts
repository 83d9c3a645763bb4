// What was just bought can be used when its purchase is answered: its access goes to the nodes at once, and the answer
// waits for them for a moment. It waits for nothing where no node is there, and a node that is slow does not hold it up
// for long; the worker goes on then.
import { setTimeout } from 'node:timers/promises';
import type { Reply } from '@lumi/shared/endpoint';
import { tellAccessOf } from '../jobs/push-access';
import type { NodeDeps } from '../nodes/deps';
import { reachableNodes } from '../store/nodes';
import { findProxies } from '../store/proxies';
import { findPlans } from '../store/traffic';
import { accessOfPlans, accessOfProxies } from './wanted-access';

const LOOK_EVERY_MS = 25;

/** What an answer 201 to a purchase has of what was bought. */
interface Bought {
  readonly proxies?: readonly { readonly id: string }[];
  readonly plan?: { readonly id: string };
}

/** Tells access. Resolves with true once it is in force. */
type Tell = () => Promise<boolean>;

/** The answer to an order of proxies, once they can be used. */
export function onceProxiesWork(deps: NodeDeps, reply: Reply): Promise<Reply> {
  return onceUsable(deps, reply, async ({ proxies = [] }) => {
    const ids = proxies.map(({ id }) => id);
    const rows = [...(await findProxies(deps.service.db.platform, { kind: 'all' }, ids)).values()];
    return async () => (await tellAccessOf(deps, 'proxy', rows, (some) => accessOfProxies(deps, some))) === rows.length;
  });
}

/** The answer to a purchase of a traffic plan, once it can be used. */
export function oncePlanWorks(deps: NodeDeps, reply: Reply): Promise<Reply> {
  return onceUsable(deps, reply, async ({ plan }) => {
    const rows = await findPlans(deps.db, plan === undefined ? [] : [plan.id]);
    return async () =>
      (await tellAccessOf(deps, 'traffic_plan', rows, (some) => accessOfPlans(deps, some))) === rows.length;
  });
}

async function onceUsable(deps: NodeDeps, reply: Reply, read: (bought: Bought) => Promise<Tell>): Promise<Reply> {
  const { service, db, feed, usableWithinMs } = deps;
  if (reply.status !== 201 || reply.bytes === undefined || usableWithinMs === 0) return reply;
  const endsAtMs = performance.now() + usableWithinMs;
  try {
    if ((await reachableNodes(db, service.clock.now())) === 0) return reply;
    const tell = await read(JSON.parse(Buffer.from(reply.bytes).toString('utf8')) as Bought); // our own answer
    while (!(await tell()) && performance.now() < endsAtMs) {
      feed.hurry();
      await setTimeout(LOOK_EVERY_MS);
    }
  } catch (err) {
    // It is bought all the same, and the worker tells its access.
    service.log.warn('access to what was just bought could not be told at once', { err });
  }
  return reply;
}
