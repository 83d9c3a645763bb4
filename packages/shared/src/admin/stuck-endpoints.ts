// The operators' queue: purchases and operations that recovery cannot decide. Money stays held until somebody does. A decision first finds out whether it
// can be carried out; only then it takes the work over, and only as it was when it was looked at. So of several at once one is carried out, whoever
// else tries is told that it is busy, and neither recovery nor a late worker can decide otherwise. Deciding again what is decided is refused, so
// these routes need no Idempotency-Key; and they work while money is switched off, because they only end what was begun.
import { z } from 'zod';
import { actorOf, noted, type Act, type Asking } from '../audit-log';
import { AppError, defineRoute, invalid, isId, notFound, pageOf, pageQuery, readPage, toPage, type CursorBinding, type Product } from '../contract';
import type { SqlRunner } from '../db';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { Service } from '../frame';
import { busyWith, concludeOperation, operationSchema, viewOperation, viewOrderAsOperation, type AnyOperationKind, type OperationView } from '../operations';
import { concludeOrder, withAbort, type AnyThingSold, type ConcludeDeps, type JsonObject, type LookUp, type Outcome } from '../purchase';
import { isoSeconds } from '../runtime';
import { ADMIN_TAG } from './deps';
import { attemptOf, findWork, listOpenWork, seizeWork, type OpenWork, type Work } from './stuck-store';

export type StuckDeps = Pick<Service, 'product' | 'db' | 'clock' | 'log' | 'cursors' | 'purchases'>;
/** What the code knows how to ask about and to finish, by kind. */
export interface KnownWork {
  readonly things: ReadonlyMap<string, AnyThingSold>;
  readonly tasks: ReadonlyMap<string, AnyOperationKind>;
}

const LOOK_UP_LIMIT_MS = 8_000;
/** Longer than the settlement. */
const LEASE_MS = 25_000;

const params = z.object({ id: z.string().refine((id) => isId(id, 'op')).describe('The id of the operation.') });
const reason = z.string().trim().min(1, 'must not be empty').max(500).describe('Why; kept in the audit log.');
const openSchema = operationSchema.extend({
  stuck_since: z.string().nullable(), attempts: z.int().describe('How often somebody took it on.'), next_attempt_at: z.string().nullable(), supplier_ref: z.string().nullable(),
}).meta({ id: 'OpenOperation' });

export function stuckEndpoints(deps: StuckDeps, known: KnownWork): Endpoint[] {
  return [listOpen(deps), retryOperation(deps), markDone(deps, known), failAndRefund(deps, known)];
}

function listOpen(deps: StuckDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-open-operations', method: 'GET', path: '/admin/operations', summary: 'List unfinished work', tag: ADMIN_TAG, scope: 'admin:*', class: 'regular', reach: 'none', keepsUserId: true,
      description: 'Purchases and operations of all accounts at this product that are not finished, the oldest first. `stuck=1`: only those that could not be decided within ten minutes and wait for an operator; a purchase’s money is still held.',
      query: pageQuery.extend({ stuck: z.enum(['0', '1']).optional().describe('1: only those that wait for an operator.') }),
      responses: { 200: { description: 'A page of operations.', schema: pageOf(openSchema) } },
    }),
    async ({ query }) => {
      const binding: CursorBinding = { account: null, route: 'list-open-operations', filter: { stuck: query.stuck } };
      const request = readPage(query, deps.cursors, binding);
      const rows = await listOpenWork(deps.db.platform, deps.product, query.stuck === '1', { limit: request.limit, afterSeq: request.after?.[0] ?? null });
      return json(200, toPage(rows, request, deps.cursors, binding, ({ seq }) => [seq.toString()], viewOpen));
    },
  );
}

function retryOperation(deps: StuckDeps): Endpoint {
  return endpoint(
    decision({
      id: 'retry-operation', status: 202, path: '/admin/operations/{id}/retry', summary: 'Ask the supplier again', body: z.object({}), bodyExample: {},
      description: 'Has recovery ask the supplier now instead of at its next time. It decides nothing by itself.',
    }),
    async (context) => {
      const { principal } = context;
      const view = viewWork(await takeOver(deps, context, { work: await openWork(deps, context.params.id), action: 'operation.retry', decision: {}, leaseMs: 0 }));
      deps.log.info('an operator has work looked up again', { operation_id: view.id, key_id: principal.keyId });
      return json(202, view);
    },
  );
}

function markDone(deps: StuckDeps, known: KnownWork): Endpoint {
  return endpoint(
    decision({
      id: 'mark-operation-done', status: 200, path: '/admin/operations/{id}/mark-done', summary: 'Mark work done',
      description: 'For a purchase the supplier did deliver, or an operation it did carry out. It is asked once more; if it cannot say, `result` must tell what was delivered, as the supplier would have. A purchase’s hold is captured and the product delivered.',
      body: z.object({
        reason, supplier_ref: z.string().min(1).max(200).optional(),
        result: z.record(z.string(), z.unknown()).optional().describe('What was delivered, in the form of this kind of work.'),
      }),
      bodyExample: { reason: 'The registry confirmed by phone.', supplier_ref: 'REG-2041-77' },
    }),
    async (context) => {
      const { params: { id }, body, principal } = context;
      const work = await openWork(deps, id);
      const one = caseOf(deps, known, work);
      const found = await ask(deps, id, one);
      const result = found.kind === 'done' ? found.result : body.result;
      if (result === undefined) throw invalid('result', 'is required: the supplier does not tell what it delivered');
      const supplierRef = (found.kind === 'done' ? found.supplierRef : undefined) ?? body.supplier_ref;
      refuseUnfit(() => { one.fit(result); });
      const view = await decide(deps, known, context, {
        work, action: 'operation.mark_done', decision: { reason: body.reason, supplier_ref: body.supplier_ref ?? null, has_result: body.result !== undefined }, leaseMs: LEASE_MS,
        outcome: { kind: 'done', result, ...(supplierRef === undefined ? {} : { supplierRef }) },
      });
      deps.log.warn('an operator marked work done', { operation_id: id, key_id: principal.keyId, reason: body.reason, supplier_says: found.kind });
      return json(200, view);
    },
  );
}

function failAndRefund(deps: StuckDeps, known: KnownWork): Endpoint {
  return endpoint(
    decision({
      id: 'fail-operation', status: 200, path: '/admin/operations/{id}/fail-and-refund', summary: 'Fail work and release its money',
      description: 'For a purchase the supplier did not deliver, or an operation it did not carry out (which holds no money). It is asked once more: what it says it delivered is not failed (`409 state_conflict`).',
      body: z.object({ reason }), bodyExample: { reason: 'The registry has no trace of it.' },
    }),
    async (context) => {
      const { params: { id }, body, principal } = context;
      const work = await openWork(deps, id);
      const found = await ask(deps, id, caseOf(deps, known, work));
      if (found.kind === 'done') throw new AppError('state_conflict', 'The supplier says that it delivered this; mark it done instead.');
      const view = await decide(deps, known, context, { work, action: 'operation.fail', decision: { reason: body.reason }, leaseMs: LEASE_MS, outcome: { kind: 'refused', code: 'supplier_error' } });
      deps.log.warn('an operator failed work', { operation_id: id, key_id: principal.keyId, reason: body.reason, supplier_says: found.kind });
      return json(200, view);
    },
  );
}

function decision<B extends z.ZodObject>({ status, description, ...spec }: { id: string; status: 200 | 202; path: string; summary: string; description: string; body: B; bodyExample: unknown }) {
  return defineRoute({
    ...spec, description: `${description} Of several decisions at once one is carried out; the others are \`409 busy\`.`, method: 'POST', tag: ADMIN_TAG, scope: 'admin:*', class: 'guarded', reach: 'none', keepsUserId: true, params,
    responses: { [status]: { description: status === 200 ? 'Decided.' : 'Recovery asks the supplier now.', schema: operationSchema } },
    errors: ['state_conflict', 'busy'],
  });
}

type Deciding = Asking & { readonly params: { readonly id: string } };

async function openWork(deps: StuckDeps, id: string): Promise<Work> {
  const work = await findWork(deps.db.platform, deps.product, id);
  if (work === null) throw notFound();
  if (work === 'over') throw new AppError('state_conflict', 'This is finished.');
  return work;
}

interface Decision {
  /** As it was when it was found that it can be decided so. */
  readonly work: Work;
  readonly action: string;
  readonly decision: Readonly<Record<string, unknown>>;
  readonly leaseMs: number;
}

/** Unless somebody else has taken it on since. That and the entry that says what it was taken over for commit together. */
function takeOver(deps: StuckDeps, context: Deciding, { work, action, decision: what, leaseMs }: Decision): Promise<Work> {
  return noted(deps.db, actorOf(context), (tx) => seize(tx, deps.product, context.params.id, work, leaseMs), (seized) => [decisionAct(action, seized, viewWork(seized), what)]);
}

/** What the operator decided takes effect, and who decided it is told, in one transaction. The supplier was asked before: nobody is waited for here. */
function decide(deps: StuckDeps, known: KnownWork, context: Deciding, { work, action, decision: what, leaseMs, outcome }: Decision & { readonly outcome: Outcome<JsonObject> }): Promise<OperationView> {
  const { id } = context.params;
  return noted(deps.db, actorOf(context), async (tx) => {
    const seized = await seize(tx, deps.product, id, work, leaseMs);
    const db = { platform: tx, direct: tx };
    const view = await caseOf({ clock: deps.clock, log: deps.log, db, purchases: { ...deps.purchases, db, isInTransaction: true } }, known, seized).conclude(outcome);
    if (view.finished_at === null) throw busyWith(id);
    return { seized, view };
  }, ({ seized, view }) => [decisionAct(action, seized, view, what)]).then(({ view }) => view);
}

async function seize(tx: SqlRunner, product: Product, id: string, work: Work, leaseMs: number): Promise<Work> {
  const seized = await seizeWork(tx, product, id, leaseMs);
  if (seized === null || attemptOf(seized) !== attemptOf(work) + 1) throw busyWith(id);
  return seized;
}

function decisionAct(action: string, work: Work, { id: subject, state, money }: OperationView, decision: Readonly<Record<string, unknown>>): Act {
  const { accountId, stuckSince } = 'order' in work ? work.order : work.operation;
  const before = viewWork(work);
  return {
    action, subject, accountId, before: { state: before.state, money: before.money, stuck_since: stuckSince === null ? null : isoSeconds(stuckSince) },
    after: { decision: action, state, money, ...decision },
  };
}

/** One piece of work with the code that knows its kind. */
interface Case {
  lookUp(signal: AbortSignal): Promise<LookUp<JsonObject>>;
  /** Throws when the product cannot deliver from this result. */
  fit(result: JsonObject): void;
  conclude(outcome: Outcome<JsonObject>): Promise<OperationView>;
}

/** What finishing it needs: a transaction will do. */
type CaseDeps = Pick<StuckDeps, 'clock' | 'log'> & { readonly db: { readonly platform: SqlRunner }; readonly purchases: ConcludeDeps };

function caseOf(deps: CaseDeps, known: KnownWork, work: Work): Case {
  if ('order' in work) {
    const { order } = work;
    const thing = known.things.get(order.kind) ?? unknownKind();
    return {
      lookUp: (signal) => thing.lookUp(order, signal),
      fit: (result) => void [thing.delivered?.(order, result), thing.answer(order, result), thing.events(order, result), thing.deliver(order, result)],
      conclude: async (outcome) => {
        const answer = await concludeOrder(deps.purchases, thing, order, outcome);
        if (answer.order === null) throw new Error('a concluded order is always told');
        return viewOrderAsOperation(answer.order);
      },
    };
  }
  const { operation } = work;
  const kind = known.tasks.get(operation.kind) ?? unknownKind();
  return {
    lookUp: (signal) => kind.lookUp(operation, signal),
    fit: (result) => void [kind.events(operation, result), kind.deliver(operation, result)],
    conclude: async (outcome) => viewOperation(await concludeOperation(deps, kind, operation, outcome)),
  };
}

function unknownKind(): never {
  throw new AppError('state_conflict', 'No code of this version knows this kind of work.');
}

async function ask(deps: StuckDeps, operationId: string, one: Case): Promise<LookUp<JsonObject>> {
  const signal = AbortSignal.timeout(LOOK_UP_LIMIT_MS);
  try {
    return await withAbort(one.lookUp(signal), signal);
  } catch (cause) {
    deps.log.warn('the supplier could not be asked', { operation_id: operationId, err: cause });
    return { kind: 'unknown', cause };
  }
}

/** A result that the product cannot deliver from throws before anything is taken over. */
function refuseUnfit(fit: () => void): void {
  try {
    fit();
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new AppError('validation_error', undefined, { details: [{ path: 'result', message: 'is not a result of this kind of work' }], cause });
  }
}

function viewWork(work: Work): OperationView {
  return 'order' in work ? viewOrderAsOperation(work.order) : viewOperation(work.operation);
}

function viewOpen(work: OpenWork): z.output<typeof openSchema> {
  const { stuckSince, attempt, supplierRef } = 'order' in work ? work.order : work.operation;
  return {
    ...viewWork(work), stuck_since: stuckSince === null ? null : isoSeconds(stuckSince), attempts: attempt,
    next_attempt_at: work.wakeAt === null ? null : isoSeconds(work.wakeAt), supplier_ref: supplierRef,
  };
}
