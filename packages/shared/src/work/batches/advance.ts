// One step of a batch: lease a few items, buy each under its own claim, report the items that no order settled, and
// finish the batch if no item is open. Any number of workers may step at once, and any may die at any point: leases and
// attempts in Postgres decide which worker may order which item.
import { linkTo } from '../../base/tracing';
import { AppError, newId, type Product } from '../../ground/contract';
import type { Database, PlatformClient } from '../../base/db';
import { validateItem } from '../../counter/endpoint';
import { toAppError } from '../../base/http';
import { fingerprint, type Claim } from '../../base/idempotency';
import type { Principal } from '../../base/principal';
import { consentOf, purchase, refusalOfDatabase, type Offer, type PurchaseDeps } from '../purchase';
import type { Clock, Log } from '../../ground/runtime';
import { isOrdered, type Batch, type ItemReport, type LeasedItem } from './batch';
import { batchesToAdvance, finishBatch, reportItems, takeItems } from './batch-store';
import { findBatch, listItems } from './batch-reads';
import { bulkResult } from './batch-view';
import type { BulkItemBody, BulkKind } from './bulk-kind';
import { Slots } from './slots';

export interface BatchDeps {
  readonly product: Product;
  readonly db: Pick<Database, 'platform'>;
  readonly purchases: PurchaseDeps;
  readonly clock: Clock;
  readonly log: Log;
}

export type BulkKinds = ReadonlyMap<string, BulkKind>;

export interface Step {
  /** Items worked on. */
  readonly taken: number;
  readonly isFinished: boolean;
}

/** Longer than the supplier call. A lost attempt is fenced, so a lease that ends too early only costs time. */
const LEASE_MS = 15_000;
/** Items of one step, all at once unless their order matters. */
export const STEP_ITEMS = 10;
/** Items that keep failing for our own reasons are failed after this many attempts. */
const ATTEMPTS_MAX = 5;
const BATCH_MAX_ITEMS = 500;
/**
 * Items that one process buys at a time, over all its steps. More would wait for its database connections with money
 * already held.
 */
const BUYING_MAX = 20;
const buying = new Slots(BUYING_MAX);
const CANDIDATES = 20;

/** One step of the account's batch that has waited longest and has work to do. True: there may be more. */
export async function advanceAccount(
  deps: BatchDeps,
  kinds: BulkKinds,
  accountId: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (const batchId of await batchesToAdvance(deps.db.platform, deps.product, accountId, CANDIDATES)) {
    if (signal.aborted) return true;
    const step = await advanceBatch(deps, kinds, batchId, signal);
    if (step.taken > 0 || step.isFinished) return true;
  }
  return false;
}

export async function advanceBatch(
  deps: BatchDeps,
  kinds: BulkKinds,
  batchId: string,
  signal: AbortSignal,
): Promise<Step> {
  const { platform } = deps.db;
  const batch = await findBatch(platform, { kind: 'all' }, deps.product, batchId);
  if (batch === null || batch.finishedAt !== null) return { taken: 0, isFinished: batch !== null };
  linkTo(batch.requestId);
  const kind = kinds.get(batch.kind);
  if (kind === undefined) {
    deps.log.error('no code knows this kind of batch', { batch_id: batchId, kind: batch.kind, alert: true });
    return { taken: 0, isFinished: false };
  }
  const leased = await takeItems(platform, deps.product, batchId, STEP_ITEMS, LEASE_MS);
  const reports = leased.length === 0 ? [] : await buyItems(deps, { batch, kind, signal }, leased);
  const open = await reportItems(platform, deps.product, batchId, reports);
  const isFinished = open.waiting + open.running + open.pending === 0 && (await finish(deps, batch));
  return { taken: leased.length, isFinished };
}

/**
 * The process that finishes an inline batch also writes its stored answer. The items are final, so every process would
 * write the same.
 */
async function finish(deps: BatchDeps, batch: Batch): Promise<boolean> {
  const { platform } = deps.db;
  const answer = batch.form === 'inline' ? await inlineAnswer(platform, batch.id) : null;
  const isFinished = await finishBatch(platform, deps.product, batch.id, answer, newId('evt', deps.clock.nowMs()));
  if (isFinished) deps.log.info('a batch is finished', { batch_id: batch.id, kind: batch.kind, total: batch.total });
  return isFinished;
}

/** The answer of an inline bulk with the present results. */
export async function inlineAnswer(
  db: Pick<PlatformClient, 'batchItem'>,
  batchId: string,
): Promise<{ status: number; body: Uint8Array }> {
  const items = await listItems(db, batchId, {}, { limit: BATCH_MAX_ITEMS, afterItem: -1 });
  return { status: 200, body: Buffer.from(JSON.stringify(bulkResult(batchId, items)), 'utf8') };
}

interface Work {
  readonly batch: Batch;
  readonly kind: BulkKind;
  readonly signal: AbortSignal;
}

async function buyItems(deps: BatchDeps, work: Work, leased: readonly LeasedItem[]): Promise<readonly ItemReport[]> {
  let parts: readonly Prepared[];
  try {
    parts = await offersFor(work, leased);
  } catch (err) {
    // The product could not prepare any item: nothing was ordered.
    return leased.map((item) => onOurFault(deps, item, err));
  }
  if (!isOrdered(work.batch)) {
    const reports = await Promise.all(leased.map((item, i) => buying.use(() => buyOne(deps, work, item, parts[i]))));
    return reports.flatMap(({ report }) => report ?? []);
  }
  const reports: ItemReport[] = [];
  let isHalted = false;
  for (const [i, item] of leased.entries()) {
    isHalted ||= work.signal.aborted;
    if (isHalted) {
      reports.push({ item: item.item, attempt: item.attempt, state: 'waiting' });
      continue;
    }
    const { report, isGood } = await buying.use(() => buyOne(deps, work, item, parts[i]));
    reports.push(...(report === null ? [] : [report]));
    isHalted = !isGood && work.batch.onError === 'stop';
  }
  return reports;
}

interface Prepared {
  readonly body: BulkItemBody | null;
  readonly part: Offer | AppError;
}

async function offersFor({ kind, batch }: Work, leased: readonly LeasedItem[]): Promise<readonly Prepared[]> {
  await kind.ready?.();
  const bodies = leased.map((item) => parse(kind, item.input));
  const good = bodies.filter((body) => !(body instanceof AppError));
  // the kind's own schema parsed it
  const parts = good.length === 0 ? [] : [...(await kind.prepare(batch.accountId, good as never[]))];
  return bodies.map((body) =>
    body instanceof AppError
      ? { body: null, part: body }
      : { body: body as BulkItemBody, part: parts.shift() ?? new AppError('internal_error') },
  );
}

function parse(kind: BulkKind, input: unknown): unknown {
  try {
    return validateItem(kind.item, input);
  } catch (err) {
    return err instanceof AppError ? err : new AppError('internal_error', undefined, { cause: err });
  }
}

interface Bought {
  /** Null: the order settled the item, or another worker has it now. */
  readonly report: ItemReport | null;
  /** Bought, with a known result. */
  readonly isGood: boolean;
}

async function buyOne(
  deps: BatchDeps,
  { batch }: Work,
  item: LeasedItem,
  offer: Prepared | undefined,
): Promise<Bought> {
  const where = { item: item.item, attempt: item.attempt };
  try {
    if (offer?.part instanceof AppError) throw offer.part;
    if (offer === undefined || offer.body === null) throw new AppError('internal_error');
    const claim = claimOf(batch, item);
    const answer = await purchase(deps.purchases, {
      ...offer.part,
      principal: principalOf(batch, deps.product),
      accountId: batch.accountId,
      requestId: batch.requestId,
      claim,
      dryRun: false,
      consent: consentOf(offer.body),
      quoteId: offer.body.quote_id ?? null,
      reference: offer.body.reference ?? null,
      tags: offer.body.tags ?? [],
      metadata: offer.body.metadata ?? null,
      batch: { id: batch.id, item: item.item },
    });
    if (answer.status === 202) return { report: { ...where, state: 'pending' }, isGood: false };
    return { report: null, isGood: answer.status < 400 };
  } catch (err) {
    const constraint = violatedConstraint(err);
    if (constraint === 'batch_item_fence') {
      deps.log.warn('a late attempt at an item of a batch was fenced', { batch_id: batch.id, ...where });
      return { report: null, isGood: false };
    }
    if (constraint === 'batch_max_total')
      return {
        report: failed(item, new AppError('price_changed', "This item would take the bulk past its 'max_total_usd'.")),
        isGood: false,
      };
    if (err instanceof AppError && err.code === 'in_progress')
      return { report: { ...where, state: 'waiting' }, isGood: false };
    if (err instanceof AppError && err.status < 500) return { report: failed(item, err), isGood: false };
    return { report: onOurFault(deps, item, err), isGood: false };
  }
}

/**
 * One claim per attempt: the database accepts an order from the current attempt only, so a repeated step buys an item
 * only once.
 */
function claimOf(batch: Batch, item: LeasedItem): Claim {
  const key = `${batch.id}/${String(item.item)}/${String(item.attempt)}`;
  return {
    scope: 'batch',
    product: batch.product,
    key,
    requestId: batch.requestId,
    keyId: batch.keyId,
    fingerprint: fingerprint({ method: 'POST', url: key, body: new Uint8Array() }),
  };
}

/** The key that requested the batch. The money step reads it again for every item. */
function principalOf(batch: Batch, product: Product): Principal {
  return {
    product,
    keyId: batch.keyId,
    lineageId: batch.lineageId,
    type: batch.isOperator ? 'operator' : 'reseller',
    accountId: batch.isOperator ? null : batch.accountId,
    scopes: [],
    moneyPerMinute: 0,
    regularPerMinute: 0,
  };
}

function failed(item: LeasedItem, err: AppError): ItemReport {
  return {
    item: item.item,
    attempt: item.attempt,
    state: 'failed',
    code: err.code,
    text: err.message,
    ...(err.details === undefined ? {} : { details: err.details }),
  };
}

/**
 * Not the caller's fault: tried again a few times. If an order was made after all, the database leaves the item to
 * recovery.
 */
function onOurFault(deps: BatchDeps, item: LeasedItem, err: unknown): ItemReport {
  const known = toAppError(err);
  deps.log.warn('an item of a batch failed on our side', { item: item.item, attempt: item.attempt, err });
  const isDatabaseAway = known.code === 'service_unavailable' && !(err instanceof AppError);
  if (isDatabaseAway || (known.code === 'internal_error' && item.attempt < ATTEMPTS_MAX))
    return { item: item.item, attempt: item.attempt, state: 'waiting' };
  return failed(item, known);
}

function violatedConstraint(err: unknown): string | null {
  let name: string | null = null;
  try {
    refusalOfDatabase(err, (constraint) => {
      name = constraint;
      return null;
    });
  } catch {
    // It throws for an unknown value; the name then is the requested one.
  }
  return name;
}
