// What the endpoints of nodes share.
import { z } from 'zod';
import { isId, notFound } from '@lumi/shared/contract';
import { ADMIN_TAG, administer } from '@lumi/shared/admin';
import { sql, type SqlRunner } from '@lumi/shared/db';
import type { ProxyDeps } from '../deps';
import { listNodes, type ListedNode } from '../store/node-list';
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
  return viewNode(await nodeRow(db, id), deps.service.clock.now());
}

async function nodeRow(db: SqlRunner, id: string): Promise<ListedNode> {
  const [found] = await listNodes(db, { id, afterId: null, limit: 1 });
  if (found === undefined) throw notFound();
  return found;
}

/**
 * Changes a node by a function of the database, which locks it and returns the state before, and records who did it.
 * `assertPossible` throws for a state in which nothing is changed.
 */
export function changeNode(
  deps: ProxyDeps,
  context: Parameters<typeof administer>[1],
  {
    id,
    action,
    change,
    assertPossible,
  }: {
    id: string;
    action: 'node.drain' | 'node.retire';
    change: ReturnType<typeof sql>;
    assertPossible?: (before: string) => void;
  },
) {
  return administer(deps.service, context, id, async (tx) => {
    // Raw SQL: a function, in the transaction of the act.
    const rows = await tx.$queryRaw<{ before: string | null }[]>(sql`SELECT ${change} AS before`);
    const before = rows[0]?.before ?? null;
    if (before === null) throw notFound();
    assertPossible?.(before);
    const found = await nodeRow(tx, id);
    return {
      status: 200,
      body: viewNode(found, deps.service.clock.now()),
      act: { action, subject: id, accountId: null, before: { state: before }, after: { state: found.row.state } },
    };
  });
}
