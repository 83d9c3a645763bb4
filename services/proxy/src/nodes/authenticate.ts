// Who asks: a node by its token, under its own id. The answers tell nothing more than that it is not.
import { timingSafeEqual } from 'node:crypto';
import type { InternalReply, InternalRequest } from '@lumi/shared/endpoint';
import { enrolLocalNode, findNodeByToken, type NodeRow } from '../store/nodes';
import type { NodeDeps } from './deps';
import { hashOfToken } from './node-token';
import { PROTOCOL } from './protocol';

export const LOCAL_NODE = 'node_local';
const TOKEN_MAX = 200;

/** The node, or the refusal: 401 without a good token, 404 for another's id, 426 for an older protocol. */
export async function nodeOf(deps: NodeDeps, request: InternalRequest): Promise<NodeRow | InternalReply> {
  const token = /^Bearer ([\x21-\x7e]+)$/.exec(request.header('authorization') ?? '')?.[1];
  if (token === undefined || token.length > TOKEN_MAX) return { status: 401 };
  const hash = hashOfToken(token);
  const node = (await findNodeByToken(deps.db, hash)) ?? (await localNode(deps, hash));
  if (node === null || node.state === 'retired') return { status: 401 };
  if (node.id !== request.params['id']) return { status: 404 };
  if (!(Number(request.header('lumi-node-protocol')) >= PROTOCOL)) return { status: 426 };
  return node;
}

/** The node of `npm start` is enrolled when it comes for the first time. */
async function localNode(deps: NodeDeps, hash: Buffer): Promise<NodeRow | null> {
  if (deps.localToken === null || !timingSafeEqual(hash, hashOfToken(deps.localToken))) return null;
  await enrolLocalNode(deps.service.db.platform, LOCAL_NODE, hash, deps.service.clock.now());
  return findNodeByToken(deps.db, hash);
}
