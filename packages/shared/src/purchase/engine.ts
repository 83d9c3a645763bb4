// The purchase engine: hold → act at the supplier with no transaction open → capture or release. It never decides on `unknown`:
// the hold stays, the caller gets 202, and the recovery worker asks the supplier by our reference until it knows.
import { AppError, BASE_PATHS, newId, type ErrorCode, type ErrorDetail, type Product } from '../contract';
import type { Database, Sql } from '../db';
import { errorBody } from '../http/errors';
import { refuseOrReplay, type Claim, type StoredAnswer } from '../idempotency';
import { formatUsd, type Units } from '../money';
import type { Principal } from '../principal';
import type { Clock, Log } from '../runtime';
import { begin, constraintName, postpone, refusalOfDatabase, settle, type BeginOutcome, type RefusedResult } from './money-step';
import { findQuotedLine, useLine, LINE_TAKEN } from './quoted-price';
import { operationIdOf, viewOrder } from './order-view';
import { costOf, priceOf, type Terms } from './terms';
import type { AnyThingSold, JsonObject, Order, Outcome } from './thing-sold';

export interface PurchaseTimes {
  /** The supplier call is cut off here and counts as unknown. */
  readonly actLimitMs: number;
  /** Recovery leaves an order alone this long: longer than the call, its settlement and a slow disk together. */
  readonly leaseMs: number;
  /** An unknown outcome is looked up this soon. */
  readonly unknownWakeMs: number;
  readonly pendingWakeMs: number;
}

export const PURCHASE_TIMES: PurchaseTimes = { actLimitMs: 10_000, leaseMs: 25_000, unknownWakeMs: 2_000, pendingWakeMs: 5_000 };

export interface PurchaseDeps {
  readonly db: Pick<Database, 'platform' | 'direct'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly defaultCap: Units | null;
  /** Named points between the steps; the fault harness kills the process there. */
  readonly checkpoint?: (name: Checkpoint, orderId: string) => void | Promise<void>;
  /** PURCHASE_TIMES by default; the fault harness has less patience. */
  readonly times?: PurchaseTimes;
}

export type Checkpoint = 'before-hold' | 'after-hold' | 'after-act' | 'after-settle' | 'after-take-over' | 'after-look-up';

/** The product's part of a purchase: what is sold at which terms. Endpoints, quotes, bulks and renewals by themselves all ask for it. */
export interface Offer {
  readonly thing: AnyThingSold;
  readonly item: JsonObject;
  readonly subject: string;
  /** At most one open order may hold this key, over all accounts: an open order on an object is a state that every later offer on it sees. Null for things that cannot collide. */
  readonly lockKey: string | null;
  /** Every input of the price, and the price. */
  readonly terms: Terms;
  /** A reason of the product to refuse; told only after cap and balance were found good, as the order of refusals demands. */
  readonly refusal?: AppError | null;
}

export interface PurchaseRequest extends Offer {
  readonly consent?: PriceConsent;
  /** Buys at the price of a line of this quote, which must be the account's own, not expired, not used, and of the same kind and terms. */
  readonly quoteId?: string | null;
  readonly principal: Payer;
  readonly accountId: string;
  readonly requestId: string;
  /** Null for a dry run. */
  readonly claim: Claim | null;
  readonly dryRun: boolean;
  readonly reference?: string | null;
  readonly tags?: readonly string[];
  readonly metadata?: JsonObject | null;
  readonly batch?: { readonly id: string; readonly item: number };
}

/** What the money step asks about who pays: a key, or Lumi itself for a renewal (see `systemPayer`). */
export type Payer = Pick<Principal, 'product' | 'keyId' | 'lineageId'> & { readonly type: Principal['type'] | 'system' };

export interface PriceConsent {
  readonly expected?: Units | undefined;
  readonly max?: Units | undefined;
}

export interface PurchaseAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly location: string | null;
  /** Set when the answer was stored by an earlier identical request. */
  readonly replayOf: string | null;
  readonly order: Order | null;
  readonly error: AppError | null;
}

/** Another purchase may take the line of a quote between reading and using it; the next one is tried, this often. */
const LINE_TRIES = 5;

export async function purchase(deps: PurchaseDeps, request: PurchaseRequest): Promise<PurchaseAnswer> {
  for (let tries = 1; ; tries += 1) {
    const offer = await offerOf(deps, request);
    const answer = await purchaseAt(deps, offer.request, offer.rider, tries < LINE_TRIES);
    if (answer !== 'line taken') return answer;
  }
}

/** The request at its price: the quoted one where it names a quote. A quote that does not cover it is told like a price that has changed. */
async function offerOf(deps: PurchaseDeps, request: PurchaseRequest): Promise<{ request: PurchaseRequest; rider: ((orderId: string) => Sql) | null }> {
  if (request.quoteId === undefined || request.quoteId === null) return { request, rider: null };
  const line = await findQuotedLine(deps.db.platform, {
    quoteId: request.quoteId, accountId: request.accountId, product: request.principal.product, kind: request.thing.kind, terms: request.terms, now: deps.clock.now(),
  });
  if (line === null) return { request: { ...request, refusal: request.refusal ?? priceChanged(priceOf(request), 'The quote does not cover this purchase, is used or has expired; nothing was charged.') }, rider: null };
  return { request: { ...request, terms: line.terms }, rider: (orderId) => useLine(line, orderId) };
}

async function purchaseAt(deps: PurchaseDeps, request: PurchaseRequest, rider: ((orderId: string) => Sql) | null, mayRetry: boolean): Promise<PurchaseAnswer | 'line taken'> {
  const order = newOrder(deps, request);
  const refusal = request.refusal ?? consentRefusal(order.price, request.consent);
  const begun = await holdMoney(deps, request, order, { isDryRun: request.dryRun || refusal !== null, rider, mayRetry });
  if (begun === 'line taken') return begun;
  if (begun.outcome !== 'held') return replayOrRefuse(begun, request);
  if (refusal !== null) throw refusal;
  if (request.dryRun) return dryRunAnswer(request);

  const held: Order = { ...order, createdAt: begun.created_at ?? order.createdAt };
  await deps.checkpoint?.('after-hold', order.id);
  const outcome = await boundedAct(deps, request.thing, held);
  await deps.checkpoint?.('after-act', order.id);
  return concludeOrder(deps, request.thing, held, outcome);
}

/** Writes what the supplier said. Shared by the request that bought, by recovery and by the operator's decision. */
export async function concludeOrder(deps: PurchaseDeps, thing: AnyThingSold, order: Order, outcome: Outcome<JsonObject>): Promise<PurchaseAnswer> {
  switch (outcome.kind) {
    case 'done':
      return capture(deps, thing, order, outcome);
    case 'refused':
      return release(deps, thing, order, outcome);
    case 'pending':
      await postpone(deps.db.platform, { orderId: order.id, attempt: order.attempt, state: 'pending', supplierRef: outcome.supplierRef, wakeAfterMs: outcome.checkAfterMs ?? timesOf(deps).pendingWakeMs, stuck: false });
      return acceptedAnswer(thing, { ...order, state: 'pending', supplierRef: outcome.supplierRef });
    case 'unknown':
      deps.log.warn('supplier outcome unknown; the hold stays', { order_id: order.id, kind: order.kind, err: outcome.cause });
      await postpone(deps.db.platform, { orderId: order.id, attempt: order.attempt, state: 'acting', supplierRef: null, wakeAfterMs: timesOf(deps).unknownWakeMs, stuck: false });
      return acceptedAnswer(thing, order);
  }
}

export function timesOf(deps: Pick<PurchaseDeps, 'times'>): PurchaseTimes {
  return deps.times ?? PURCHASE_TIMES;
}

function newOrder(deps: PurchaseDeps, request: PurchaseRequest): Order {
  return {
    id: newId('ord', deps.clock.nowMs()), accountId: request.accountId, product: request.principal.product, kind: request.thing.kind, subject: request.subject, item: request.item,
    terms: request.terms, price: priceOf(request), charged: null, state: 'acting', supplierRef: null, refusalCode: null, refusalText: null, refusalDetails: null,
    batchId: request.batch?.id ?? null, batchItem: request.batch?.item ?? null, reference: request.reference ?? null, tags: request.tags ?? [], metadata: request.metadata ?? null,
    requestId: request.requestId, attempt: 1, stuckSince: null, createdAt: deps.clock.now(), settledAt: null,
  };
}

function consentRefusal(price: Units, consent: PriceConsent | undefined): AppError | null {
  const agreed = (consent?.expected === undefined || consent.expected === price) && (consent?.max === undefined || price <= consent.max);
  return agreed ? null : priceChanged(price);
}

function priceChanged(price: Units, text?: string): AppError {
  return new AppError('price_changed', text, { details: [{ path: 'price_usd', message: formatUsd(price) }] });
}

interface HoldOptions {
  readonly isDryRun: boolean;
  readonly rider: ((orderId: string) => Sql) | null;
  readonly mayRetry: boolean;
}

async function holdMoney(deps: PurchaseDeps, request: PurchaseRequest, order: Order, { isDryRun, rider, mayRetry }: HoldOptions): Promise<BeginOutcome | 'line taken'> {
  await deps.checkpoint?.('before-hold', order.id);
  try {
    return await begin(deps.db.direct, {
      order, lockKey: request.lockKey, claim: request.claim, keyId: request.principal.keyId, lineageId: request.principal.lineageId, isOperator: request.principal.type === 'operator',
      defaultCap: deps.defaultCap, wakeAfterMs: timesOf(deps).leaseMs, dryRun: isDryRun, hasRowsOfItsOwn: request.thing.hasRowsOfItsOwn ?? false,
      termsNow: isDryRun || request.thing.termsNow === 'fixed' ? null : request.thing.termsNow(order, deps.clock.now()), prepare: isDryRun ? [] : [...(request.thing.prepare?.(order) ?? []), ...(rider === null ? [] : [rider(order.id)])],
    });
  } catch (err) {
    if (mayRetry && constraintName(err) === LINE_TAKEN) return 'line taken';
    throw changeRefusal(request.thing, err) ?? refusalOfDatabase(err, (constraint) => (constraint === LINE_TAKEN ? 'price_changed' : (request.thing.refusalOfConstraint?.(constraint) ?? null)));
  }
}

/** The guard of the hold found that one of the terms is not what it was. */
function changeRefusal(thing: AnyThingSold, err: unknown): AppError | null {
  const fact = /^terms_(.+)$/.exec(constraintName(err) ?? '')?.[1];
  if (fact === undefined) return null;
  const code = thing.refusalOfChange?.[fact] ?? (fact === 'state' || fact === 'object' ? 'state_conflict' : 'price_changed');
  return new AppError(code, undefined, { details: [{ path: fact, message: 'has changed since the price was told; read it again' }], cause: err });
}

function replayOrRefuse(begun: BeginOutcome, request: PurchaseRequest): PurchaseAnswer {
  switch (begun.outcome) {
    case 'no_account':
      throw new AppError('not_found');
    case 'cap':
      throw new AppError('daily_cap_exceeded');
    case 'balance':
      throw new AppError('insufficient_balance');
    case 'busy':
      // The product's own reason (taken, already owned) says more than "busy"; another account's order is not revealed.
      throw request.refusal ?? (begun.other_order === null
        ? new AppError('not_available')
        : new AppError('busy', undefined, { details: [{ path: 'operation_id', message: operationIdOf(begun.other_order) }] }));
    default:
      return storedAnswer(refuseOrReplay(begun));
  }
}

export function storedAnswer(stored: StoredAnswer): PurchaseAnswer {
  return { status: stored.status, bytes: stored.body, location: stored.location, replayOf: stored.requestId, order: null, error: null };
}

function dryRunAnswer(request: PurchaseRequest): PurchaseAnswer {
  return { ...jsonAnswer(200, { dry_run: true, would_succeed: true, kind: request.thing.kind, subject: request.subject, price_usd: formatUsd(priceOf(request)) }), order: null };
}

async function boundedAct(deps: PurchaseDeps, thing: AnyThingSold, order: Order): Promise<Outcome<JsonObject>> {
  const signal = AbortSignal.timeout(timesOf(deps).actLimitMs);
  try {
    return await withAbort(thing.act(order, signal), signal);
  } catch (cause) {
    deps.log.warn('a supplier call threw; its outcome counts as unknown', { order_id: order.id, err: cause });
    return { kind: 'unknown', cause };
  }
}

/** Even an adapter that ignores its signal cannot hold the request for ever. */
export async function withAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        onAbort = () => reject(new Error('the supplier call was cut off'));
        signal.addEventListener('abort', onAbort, { once: true });
      }),
    ]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

async function capture(deps: PurchaseDeps, thing: AnyThingSold, order: Order, outcome: Extract<Outcome<JsonObject>, { kind: 'done' }>): Promise<PurchaseAnswer> {
  const settledAt = deps.clock.now();
  const delivered = thing.delivered?.(order, outcome.result) ?? null;
  const charged = delivered === null ? order.price : costOf(delivered);
  const final: Order = { ...order, state: 'captured', charged, supplierRef: outcome.supplierRef ?? order.supplierRef, settledAt };
  const answer = thing.answer(final, outcome.result);
  const bytes = Buffer.from(JSON.stringify(answer.body), 'utf8');
  const location = placeOf(order, answer.location);
  const settled = await settle(deps.db.direct, {
    orderId: order.id, accountId: order.accountId, hasRowsOfItsOwn: thing.hasRowsOfItsOwn ?? false, attempt: order.attempt, charge: charged, delivered, transferId: newId('trf', deps.clock.nowMs()), description: thing.describe(final),
    answer: { status: answer.status, body: bytes, location }, result: outcome.result, refusal: null, supplierRef: outcome.supplierRef ?? null, settledAt,
    events: thing.events(final, outcome.result).map((event) => ({ id: newId('evt', deps.clock.nowMs()), ...event })),
    deliver: thing.deliver(final, outcome.result),
  });
  if (!settled) return fencedAnswer(deps, thing, order);
  await deps.checkpoint?.('after-settle', order.id);
  return { status: answer.status, bytes, location, replayOf: null, order: final, error: null };
}

/** Lumi finds these before the hold, which is not remembered, and suppliers after it, which is: the body has to tell. */
const FOUND_BY_BOTH: ReadonlySet<ErrorCode> = new Set(['price_changed', 'not_available', 'out_of_stock']);
const KEY_IS_USED: ErrorDetail = { path: 'Idempotency-Key', message: 'this refusal is remembered under it; try again under another' };

async function release(deps: PurchaseDeps, thing: AnyThingSold, order: Order, refusal: Extract<Outcome<JsonObject>, { kind: 'refused' }>): Promise<PurchaseAnswer> {
  const { code, text } = refusal;
  const details = FOUND_BY_BOTH.has(code) && order.batchId === null ? [...(refusal.details ?? []), KEY_IS_USED] : refusal.details;
  const error = new AppError(code, text, details === undefined ? {} : { details });
  const result: RefusedResult | null = details === undefined ? null : { details };
  const bytes = Buffer.from(JSON.stringify(errorBody(error, order.requestId)), 'utf8');
  const settledAt = deps.clock.now();
  const final: Order = { ...order, state: 'released', refusalCode: code, refusalText: error.message, refusalDetails: details ?? null, settledAt };
  const settled = await settle(deps.db.direct, {
    orderId: order.id, accountId: order.accountId, hasRowsOfItsOwn: thing.hasRowsOfItsOwn ?? false, attempt: order.attempt, charge: null, delivered: null, transferId: newId('trf', deps.clock.nowMs()), description: thing.describe(order),
    answer: { status: error.status, body: bytes, location: null }, result, refusal: { code, text: error.message }, supplierRef: null, settledAt,
    events: [{ id: newId('evt', deps.clock.nowMs()), type: 'order.failed', subject: order.subject, data: { order_id: order.id, code } }],
    deliver: thing.undo?.(final) ?? [],
  });
  if (!settled) return fencedAnswer(deps, thing, order);
  await deps.checkpoint?.('after-settle', order.id);
  return { status: error.status, bytes, location: null, replayOf: null, order: final, error };
}

/** Somebody else owns the order now: whatever we learned is theirs to find out, and our caller polls. */
function fencedAnswer(deps: PurchaseDeps, thing: AnyThingSold, order: Order): PurchaseAnswer {
  deps.log.warn('a late attempt was fenced', { order_id: order.id, attempt: order.attempt });
  return acceptedAnswer(thing, order);
}

function acceptedAnswer(thing: AnyThingSold, order: Order): PurchaseAnswer {
  const answer = thing.pendingAnswer?.(order) ?? { body: { operation_id: operationIdOf(order.id), order: viewOrder(order) } };
  return { ...jsonAnswer(202, answer.body), location: placeOf(order, answer.location ?? `/operations/${operationIdOf(order.id)}`), order };
}

/** Where it is from outside: a path of the product begins with its base. */
function placeOf(order: Order, path: string | undefined): string | null {
  return path === undefined ? null : `${BASE_PATHS[order.product as Product]}${path}`; // orders are made by products alone
}

function jsonAnswer(status: number, body: unknown): Omit<PurchaseAnswer, 'order'> {
  return { status, bytes: Buffer.from(JSON.stringify(body), 'utf8'), location: null, replayOf: null, error: null };
}
