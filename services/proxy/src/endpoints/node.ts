// What the endpoints of nodes share.
import { z } from 'zod';
import { isId, notFound } from '@lumi/shared/contract';
import { ADMIN_TAG, administer } from '@lumi/shared/admin';
import { sql, type SqlRunner } from '@lumi/shared/db';
import type { RequestContext } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import { listNodes } from '../store/node-list';
import { nodeSchema, viewNode, type NodeView } from '../views/node-view';

export const NODE_ROUTE = { tag: ADMIN_TAG, scope: 'admin:*', reach: 'none' } as const;
export const NODE_ANSWERS = { 200: { description: 'The node as it is now.', schema: nodeSchema } };
const LOCAL = 'node_local';
export const nodeParams = z.object({
  id: z
    .string()
    .refine((id) => id === LOCAL || isId(id, 'node'))
    .describe('Id of the node.'),
});

export async function nodeNow(deps: ProxyDeps, db: SqlRunner, id: string): Promise<NodeView> {
  const [found] = await listNodes(db, { id, afterId: null, limit: 1 });
  if (found === undefined) throw notFound();
  return viewNode(found, deps.service.clock.now());
}

/** Changes a node by a function of the database, which returns the state before, and records who did it. */
export async function changeNode(
  deps: ProxyDeps,
  context: Parameters<typeof administer>[1] & Pick<RequestContext, 'requestId'>,
  { id, action, change }: { id: string; action: 'node.drain' | 'node.retire'; change: ReturnType<typeof sql> },
) {
  const before = await nodeNow(deps, deps.service.db.platform, id);
  return administer(deps.service, context, id, async (tx) => {
    // Raw SQL: a function, in the transaction of the act.
    await tx.$queryRaw(sql`SELECT ${change}`);
    const after = await nodeNow(deps, tx, id);
    return {
      status: 200,
      body: after,
      act: { action, subject: id, accountId: null, before: { state: before.state }, after: { state: after.state } },
    };
  });
}
