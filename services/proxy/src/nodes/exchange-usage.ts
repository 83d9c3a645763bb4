// What a node used since the batch before, and what it may use now. A repeat changes nothing.
import { elapsedMs } from '@lumi/shared/runtime';
import type { InternalReply, InternalRequest } from '@lumi/shared/endpoint';
import { reportUnplaced } from '../jobs/collect-usage';
import { takeBatch } from '../store/batches';
import { tellPlansOf } from '../store/plan-limits';
import { noteHeard } from '../store/nodes';
import { noteExitsChanged, noteSeen } from '../store/seen';
import { nodeOf } from './authenticate';
import type { NotTakenAnswer, TakenAnswer } from '../node/control/wire';
import type { NodeDeps } from './deps';
import { exchangeBody } from './protocol';
import { readBody } from './read-body';
import { takeReports } from './take-reports';

export async function exchange(deps: NodeDeps, request: InternalRequest): Promise<InternalReply> {
  const node = await nodeOf(deps, request);
  if ('status' in node) return node;
  const body = await readBody(request, exchangeBody);
  const { epoch, seq, lines, wants, seen, exits_changed: moved, state, connections, signs } = body;
  const { db, clock } = deps.service;
  const now = clock.now();
  const begin = elapsedMs();
  const taken = await takeBatch(db.platform, { source: node.id, epoch, seq, lines }, wants, now);
  if (taken.outcome === 'gap') return notTaken({ expected: taken.expected });
  if (taken.outcome === 'closed') return notTaken({ closed: true, seq: taken.seq });
  if (taken.outcome === 'unknown') return notTaken({ closed: true, seq: 0 });
  reportUnplaced(deps, node.id, taken);
  await tellPlansOf(db, new Set(lines.map(({ subject }) => subject)), now);
  // A journal of the process before says nothing about the present one.
  if (epoch === node.epoch)
    await noteHeard(deps.db, node.id, { connections: state.connections, bytesPerS: state.bytes_per_s }, now);
  await noteSeen(db.platform, seen);
  await noteExitsChanged(db.platform, moved, now);
  await takeReports(deps, node.id, { connections, signs }, now);
  const ms = elapsedMs() - begin;
  if (ms > SLOW_MS)
    deps.service.log.warn('an exchange with a node was slow', { node: node.id, lines: lines.length, ms });
  const answer: TakenAnswer = {
    seq,
    now: clock.now().toISOString(),
    leases: [...taken.leases],
    drain_s: drainOf(node),
  };
  return { status: 200, body: answer };
}

const notTaken = (body: NotTakenAnswer): InternalReply => ({ status: 409, body });

const SLOW_MS = 1_000;

/** Seconds in which its connections should end; null: it goes on. */
function drainOf({ state, drain_s: seconds }: { state: string; drain_s: number | null }): number | null {
  return state === 'draining' ? (seconds ?? 0) : null;
}
