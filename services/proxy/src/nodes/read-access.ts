// The access feed of a node: what changed after a number, or everything. Asking for what is after a number confirms it.
import type { InternalReply, InternalRequest } from '@lumi/shared/endpoint';
import { AppError } from '@lumi/shared/contract';
import { checkKey, publicHalf } from '../node/check-login';
import { readChanges, type Changes } from '../store/feed';
import { exitsOfNodes, nodeAddresses, noteConfirmed, noteHeard, poolsOfNode, type NodeRow } from '../store/nodes';
import { poolsOfSandbox } from '../supplier/sandbox/pools';
import { nodeOf } from './authenticate';
import type { AccessAnswer } from '../node/control/wire';
import type { NodeDeps } from './deps';
import { nodeKey } from './node-token';
import { accessQuery } from './protocol';
import { rightsOf } from './rights-now';

/** A silent node is not waited for; so one that waits here is heard of now and then. */
const HEARD_EVERY_MS = 5_000;
const PAGE_CHANGES = 2_000;
/** An answer ends before this many bytes of rights; the rest is behind its number. */
const PAGE_BYTES = 6 * 1024 * 1024;

export async function readAccess(deps: NodeDeps, request: InternalRequest): Promise<InternalReply> {
  let node = await nodeOf(deps, request);
  if ('status' in node) return node;
  const query = accessQuery.safeParse(Object.fromEntries(request.query));
  if (!query.success) throw new AppError('bad_request', 'after and wait are whole numbers; wait is 25 at most.');
  const { after, wait } = query.data;
  if (query.data.whole !== undefined) return answer(deps, node, await nextOfWhole(deps, after));
  await noteConfirmed(deps.db, node.id, after, deps.service.clock.now());
  const endsAtMs = performance.now() + wait * 1000;
  for (;;) {
    const changes = await changesFor(deps, node, after);
    const leftMs = endsAtMs - performance.now();
    const isOver = leftMs <= 0 || request.signal.aborted || deps.service.readiness.isStopping;
    if (changes.isWhole || changes.number > after || isOver) return answer(deps, node, changes);
    await deps.feed.isAbove(after, Math.min(leftMs, HEARD_EVERY_MS), request.signal);
    node = await nodeOf(deps, request); // It may have been retired, or have registered anew.
    if ('status' in node) return node;
    await noteIfSilent(deps, node);
  }
}

/** Its exchanges show that it is there, too. */
async function noteIfSilent({ db, service: { clock } }: NodeDeps, { id, heard_at: heardAt }: NodeRow): Promise<void> {
  if (heardAt === null || heardAt.getTime() <= clock.nowMs() - HEARD_EVERY_MS)
    await noteHeard(db, id, null, clock.now());
}

/** Nothing is confirmed by it: the node puts a whole into force when it has all of it. */
async function nextOfWhole(deps: NodeDeps, after: number): Promise<Changes> {
  const found = await readChanges(deps.service.db.platform, { after, notBefore: null, limit: PAGE_CHANGES });
  return { ...found, isWhole: true, areExitsNew: false };
}

function changesFor(deps: NodeDeps, node: NodeRow, after: number): Promise<Changes> {
  return readChanges(deps.service.db.platform, {
    after,
    notBefore: Number(node.access_from),
    limit: PAGE_CHANGES,
  });
}

async function answer(deps: NodeDeps, node: NodeRow, found: Changes): Promise<InternalReply> {
  const { clock, config } = deps.service;
  const key = nodeKey(config.SECRET_RING, node.key_version, node.id);
  // Registered under a key that has left the ring, or never: it registers, and gets one.
  if (key === null) return { status: 409, body: { register: true } };
  const now = clock.now();
  const rights = await rightsOf(deps, found.changes, { node: node.id, key });
  let [bytes, count] = [0, 0];
  for (const right of rights) {
    bytes += JSON.stringify(right).length;
    if (bytes > PAGE_BYTES && count > 0) break;
    count += 1;
  }
  const isAll = count === rights.length && found.changes.length < PAGE_CHANGES;
  const body: AccessAnswer = {
    number: isAll ? found.number : (found.changes[count - 1]?.number ?? found.number),
    now: now.toISOString(),
    is_whole: found.isWhole,
    is_more: found.isWhole && !isAll,
    key: key.toString('base64'),
    rights: rights.slice(0, count).filter((right) => right !== null),
    pools: found.areExitsNew ? { ...poolsOfSandbox(), ...(await poolsOfNode(deps.db, node.id)) } : null,
    exits: found.areExitsNew ? await exitsOfNodes(deps.db) : null,
    nodes: await nodeAddresses(deps.db),
    check_keys: [...config.SECRET_RING.byVersion.values()].map((secret) => publicHalf(checkKey(secret))),
  };
  return { status: 200, body };
}
