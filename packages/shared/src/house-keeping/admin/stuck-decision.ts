// The operators’ queue: purchases and operations that recovery cannot decide. Their money stays held until an operator
// decides. A decision first checks whether it can be carried out. Only then it takes the work over, and only if the
// work has not changed since the check. So one of several decisions at once is carried out, and the others are refused
// as busy; recovery or a late worker can no longer decide otherwise. A second decision is refused, so these routes need
// no Idempotency-Key. They work while money is switched off, because they only finish what was begun.
import { z } from 'zod';
import { actorOf, noted, type Act, type Asking } from '../../base/audit-log';
import { AppError, defineRoute, isId, notFound, type Product } from '../../ground/contract';
import type { SqlRunner } from '../../base/db';
import { busyWith, operationSchema, type OperationView } from '../../work/operations';
import type { JsonObject, Outcome } from '../../work/purchase';
import { isoSeconds } from '../../ground/runtime';
import { ADMIN_TAG } from './deps';
import { attemptOf, findWork, seizeWork, type Work } from './stuck-store';
import { type StuckDeps, viewWork, type KnownWork, caseOf } from './stuck-case';

/** Longer than the settlement. */
export const LEASE_MS = 25_000;

const stuckParams = z.object({
  id: z
    .string()
    .refine((id) => isId(id, 'op'))
    .describe('The id of the operation.'),
});
export const reasonField = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(500)
  .describe('Why; kept in the audit log.');

export function decisionRoute<B extends z.ZodObject>({
  status,
  description,
  ...spec
}: {
  id: string;
  status: 200 | 202;
  path: string;
  summary: string;
  description: string;
  body: B;
  bodyExample: unknown;
}) {
  return defineRoute({
    ...spec,
    description: `${description} Of several decisions at once one is carried out; the others are \`409 busy\`.`,
    method: 'POST',
    tag: ADMIN_TAG,
    scope: 'admin:*',
    class: 'guarded',
    reach: 'none',
    keepsUserId: true,
    params: stuckParams,
    responses: {
      [status]: {
        description: status === 200 ? 'Decided.' : 'Recovery asks the supplier now.',
        schema: operationSchema,
      },
    },
    errors: ['state_conflict', 'busy'],
  });
}

type Deciding = Asking & { readonly params: { readonly id: string } };

export async function openWork(deps: StuckDeps, id: string): Promise<Work> {
  const work = await findWork(deps.db.platform, deps.product, id);
  if (work === null) throw notFound();
  if (work === 'over') throw new AppError('state_conflict', 'This is finished.');
  return work;
}

interface Decision {
  /** Its state when the check found that the decision is possible. */
  readonly work: Work;
  readonly action: string;
  readonly decision: Readonly<Record<string, unknown>>;
  readonly leaseMs: number;
}

/** Unless it was taken over since. The take-over and its entry in the audit log commit together. */
export function takeOver(
  deps: StuckDeps,
  context: Deciding,
  { work, action, decision: what, leaseMs }: Decision,
): Promise<Work> {
  return noted(
    deps.db,
    actorOf(context),
    (tx) => seize(tx, deps.product, context.params.id, work, leaseMs),
    (seized) => [decisionAct(action, seized, viewWork(seized), what)],
  );
}

/**
 * Carries the decision out and writes who made it, in one transaction. The supplier was asked before, so the
 * transaction makes no calls.
 */
export function decide(
  deps: StuckDeps,
  known: KnownWork,
  context: Deciding,
  { work, action, decision: what, leaseMs, outcome }: Decision & { readonly outcome: Outcome<JsonObject> },
): Promise<OperationView> {
  const { id } = context.params;
  return noted(
    deps.db,
    actorOf(context),
    async (tx) => {
      const seized = await seize(tx, deps.product, id, work, leaseMs);
      const db = { platform: tx, direct: tx };
      const view = await caseOf(
        { clock: deps.clock, log: deps.log, db, purchases: { ...deps.purchases, db, isInTransaction: true } },
        known,
        seized,
      ).conclude(outcome);
      if (view.finished_at === null) throw busyWith(id);
      return { seized, view };
    },
    ({ seized, view }) => [decisionAct(action, seized, view, what)],
  ).then(({ view }) => view);
}

async function seize(tx: SqlRunner, product: Product, id: string, work: Work, leaseMs: number): Promise<Work> {
  const seized = await seizeWork(tx, product, id, leaseMs);
  if (seized === null || attemptOf(seized) !== attemptOf(work) + 1) throw busyWith(id);
  return seized;
}

function decisionAct(
  action: string,
  work: Work,
  { id: subject, state, money }: OperationView,
  decision: Readonly<Record<string, unknown>>,
): Act {
  const { accountId, stuckSince } = 'order' in work ? work.order : work.operation;
  const before = viewWork(work);
  return {
    action,
    subject,
    accountId,
    before: {
      state: before.state,
      money: before.money,
      stuck_since: stuckSince === null ? null : isoSeconds(stuckSince),
    },
    after: { decision: action, state, money, ...decision },
  };
}
