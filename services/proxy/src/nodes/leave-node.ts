// A node that has drained leaves: its epoch is closed, and what it had not used is free again.
import type { InternalReply, InternalRequest } from '@lumi/shared/endpoint';
import { leaveNode } from '../store/nodes';
import { nodeOf } from './authenticate';
import type { NodeDeps } from './deps';
import { leaveBody } from './protocol';
import { readBody } from './read-body';

export async function leave(deps: NodeDeps, request: InternalRequest): Promise<InternalReply> {
  const node = await nodeOf(deps, request);
  if ('status' in node) return node;
  const { epoch } = await readBody(request, leaveBody);
  const { db, clock, log } = deps.service;
  const { hasLeft } = await leaveNode(db, node.id, epoch, clock.now());
  if (!hasLeft) return { status: 409, body: { closed: true, seq: 0 } };
  log.info('a node has left', { node: node.id, epoch });
  return { status: 200, body: { epoch, now: clock.now().toISOString() } };
}
