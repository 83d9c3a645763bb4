// The operators' queue: purchases that recovery cannot decide. The money stays held until somebody does; every decision takes the order over
// first, so that neither recovery nor a late worker can decide otherwise at the same time. Deciding again what is decided is refused, so
// these routes need no Idempotency-Key; and they work while money is switched off, because they only end what was begun.
import { z } from 'zod';
import { AppError, defineRoute, invalid, isId, notFound, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../contract';
import { endpoint, json, type Endpoint, type Reply } from '../endpoint';
import type { Service } from '../frame';
import { operationSchema, viewOrderAsOperation } from '../operations';
import { concludeOrder, withAbort, type AnyThingSold, type JsonObject, type LookUp, type Order } from '../purchase';
import { isoSeconds } from '../runtime';
import { ADMIN_TAG } from './deps';
import { listOpenOrders, readOrder, seizeOrder, type OpenOrder } from './stuck-store';

export type StuckDeps = Pick<Service, 'product' | 'db' | 'clock' | 'log' | 'cursors' | 'purchases'>;
type Things = ReadonlyMap<string, AnyThingSold>;

const LOOK_UP_LIMIT_MS = 8_000;
/** Longer than the look-up and the settlement together. */
const LEASE_MS = 25_000;

const params = z.object({ id: z.string().refine((id) => isId(id, 'op')).describe('The id of the operation.') });
const reason = z.string().trim().min(1, 'must not be empty').max(500).describe('Why; kept in the log.');
const openSchema = operationSchema.extend({
  stuck_since: z.string().nullable(), attempts: z.int().describe('How often somebody took it on.'), next_attempt_at: z.string().nullable(), supplier_ref: z.string().nullable(),
}).meta({ id: 'OpenOperation' });

export function stuckEndpoints(deps: StuckDeps, things: Things): Endpoint[] {
  return [listOpen(deps), retryOperation(deps), markDone(deps, things), failAndRefund(deps, things)];
}

function listOpen(deps: StuckDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-open-operations', method: 'GET', path: '/admin/operations', summary: 'List unfinished purchases', tag: ADMIN_TAG, scope: 'admin:*', class: 'regular', reach: 'none', keepsUserId: true,
      description: 'Purchases of all accounts at this product that are not finished, the oldest first. `stuck=1`: only those that could not be decided within ten minutes and wait for an operator; their money is still held.',
      query: pageQuery.extend({ stuck: z.enum(['0', '1']).optional().describe('1: only those that wait for an operator.') }),
      responses: { 200: { description: 'A page of operations.', schema: pageOf(openSchema) } },
    }),
    async ({ query }) => {
      const binding: CursorBinding = { account: null, route: 'list-open-operations', filter: { stuck: query.stuck } };
      const request = readPage(query, deps.cursors, binding);
      const rows = await listOpenOrders(deps.db.platform, deps.product, query.stuck === '1', { limit: request.limit, afterSeq: request.after?.[0] ?? null });
      return json(200, toPage(rows, request, deps.cursors, binding, ({ seq }) => [seq.toString()], viewOpen));
    },
  );
}

function retryOperation(deps: StuckDeps): Endpoint {
  return endpoint(
    decision({
      id: 'retry-operation', path: '/admin/operations/{id}/retry', summary: 'Ask the supplier again', body: z.object({}), bodyExample: {},
      description: 'Has recovery ask the supplier now instead of at its next time. It decides nothing by itself.',
    }),
    async ({ params: { id }, principal }) => {
      const order = await seize(deps, id, 0);
      deps.log.info('an operator has an order looked up again', { order_id: order.id, key_id: principal.keyId });
      return json(202, viewOrderAsOperation(order));
    },
  );
}

function markDone(deps: StuckDeps, things: Things): Endpoint {
  return endpoint(
    decision({
      id: 'mark-operation-done', path: '/admin/operations/{id}/mark-done', summary: 'Mark a purchase done',
      description: 'For a purchase the supplier did deliver. It is asked once more; if it cannot say, `result` must tell what was delivered, as the supplier would have. The hold is captured and the product delivered.',
      body: z.object({
        reason, supplier_ref: z.string().min(1).max(200).optional(),
        result: z.record(z.string(), z.unknown()).optional().describe('What was delivered, in the form of this kind of purchase.'),
      }),
      bodyExample: { reason: 'The registry confirmed by phone.', supplier_ref: 'REG-2041-77' },
    }),
    async ({ params: { id }, body, principal }) => {
      const order = await seize(deps, id, LEASE_MS);
      const thing = thingOf(things, order);
      const found = await lookUp(deps, thing, order);
      const result = found.kind === 'done' ? found.result : body.result;
      if (result === undefined) throw invalid('result', 'is required: the supplier does not tell what it delivered');
      const supplierRef = (found.kind === 'done' ? found.supplierRef : undefined) ?? body.supplier_ref;
      deps.log.warn('an operator marks an order done', { order_id: order.id, key_id: principal.keyId, reason: body.reason, supplier_says: found.kind });
      return concluded(await concludeOrder(deps.purchases, thing, order, {
        kind: 'done', result, ...(supplierRef === undefined ? {} : { supplierRef }), ...(found.kind === 'done' && found.charge !== undefined ? { charge: found.charge } : {}),
      }).catch(asUnfitResult));
    },
  );
}

function failAndRefund(deps: StuckDeps, things: Things): Endpoint {
  return endpoint(
    decision({
      id: 'fail-operation', path: '/admin/operations/{id}/fail-and-refund', summary: 'Fail a purchase and release its money',
      description: 'For a purchase the supplier did not deliver. It is asked once more: what it says it delivered is not failed (`409 state_conflict`).',
      body: z.object({ reason }), bodyExample: { reason: 'The registry has no trace of it.' },
    }),
    async ({ params: { id }, body, principal }) => {
      const order = await seize(deps, id, LEASE_MS);
      const thing = thingOf(things, order);
      const found = await lookUp(deps, thing, order);
      if (found.kind === 'done') throw new AppError('state_conflict', 'The supplier says that it delivered this; mark it done instead.');
      deps.log.warn('an operator fails an order', { order_id: order.id, key_id: principal.keyId, reason: body.reason, supplier_says: found.kind });
      return concluded(await concludeOrder(deps.purchases, thing, order, { kind: 'refused', code: 'supplier_error' }));
    },
  );
}

function decision<B extends z.ZodObject>(spec: { id: string; path: string; summary: string; description: string; body: B; bodyExample: unknown }) {
  return defineRoute({
    ...spec, method: 'POST', tag: ADMIN_TAG, scope: 'admin:*', class: 'regular', reach: 'none', keepsUserId: true, params,
    responses: { 200: { description: 'Decided.', schema: operationSchema }, 202: { description: 'Not decided yet.', schema: operationSchema } },
    errors: ['state_conflict'],
  });
}

async function seize(deps: StuckDeps, operationId: string, leaseMs: number): Promise<Order> {
  const orderId = operationId.replace(/^op_/, 'ord_');
  const order = await seizeOrder(deps.db.platform, deps.product, orderId, leaseMs);
  if (order !== null) return order;
  if ((await readOrder(deps.db.platform, deps.product, orderId)) === null) throw notFound();
  throw new AppError('state_conflict', 'This purchase is finished.');
}

function thingOf(things: Things, order: Order): AnyThingSold {
  const thing = things.get(order.kind);
  if (thing === undefined) throw new AppError('state_conflict', 'No code of this version knows this kind of purchase.');
  return thing;
}

async function lookUp(deps: StuckDeps, thing: AnyThingSold, order: Order): Promise<LookUp<JsonObject>> {
  const signal = AbortSignal.timeout(LOOK_UP_LIMIT_MS);
  try {
    return await withAbort(thing.lookUp(order, signal), signal);
  } catch (cause) {
    deps.log.warn('the supplier could not be asked', { order_id: order.id, err: cause });
    return { kind: 'unknown', cause };
  }
}

/** A result that the product cannot deliver from throws before anything is written. */
function asUnfitResult(err: unknown): never {
  if (err instanceof TypeError || err instanceof RangeError) throw new AppError('validation_error', undefined, { details: [{ path: 'result', message: 'is not a result of this kind of purchase' }], cause: err });
  throw err;
}

function concluded(answer: { readonly order: Order | null }): Reply {
  if (answer.order === null) throw new Error('a concluded order is always told');
  return json(answer.order.settledAt === null ? 202 : 200, viewOrderAsOperation(answer.order));
}

function viewOpen({ order, wakeAt }: OpenOrder): z.output<typeof openSchema> {
  return {
    ...viewOrderAsOperation(order), stuck_since: order.stuckSince === null ? null : isoSeconds(order.stuckSince), attempts: order.attempt,
    next_attempt_at: wakeAt === null ? null : isoSeconds(wakeAt), supplier_ref: order.supplierRef,
  };
}
