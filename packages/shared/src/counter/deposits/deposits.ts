// Creating, reading and cancelling deposits, and the effects of a webhook.
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isId, newId, notFound } from '../../ground/contract';
import type { Reach } from '../endpoint';
import { findAnswer, type Claim } from '../../base/idempotency';
import type { Units } from '../../ground/money';
import type { Principal } from '../../base/principal';
import { beginDeposit, claimCheck, closeDeposit, failDeposit, wakeDeposit } from './deposit-store';
import { findDeposit, findDepositByInvoice } from './deposit-reads';
import type { Deposit } from './deposit-row';
import { viewDeposit } from './deposit-view';
import { nextLookMs } from './look-schedule';
import { leaveHint } from './payment-hint';
import type { CreateOutcome, LookUpOutcome, PaymentProvider } from './provider';
import { bytesOf, fail, locationOf, open, reconcile, reread, type DepositDeps } from './reconcile';

/** The poller skips a fresh deposit for this long: longer than the call to the provider and its look-up together. */
const LEASE_MS = 60_000;
/** A reader asks the provider when no process did for this long. */
const STALE_MS = 5_000;
const WAIT_STEP_MS = 500;

export interface DepositRequest {
  readonly principal: Principal;
  readonly accountId: string;
  readonly claim: Claim;
  readonly amount: Units;
  readonly provider: PaymentProvider;
  readonly asset: string | null;
  readonly returnUrl: string | null;
  readonly reference: string | null;
  readonly expiresInS: number;
}

export interface DepositAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly location: string | null;
  /** Set when the answer was stored by an earlier identical request. */
  readonly replayOf: string | null;
}

/**
 * 201 with the pay link. 202 when it is not known yet whether the provider made the invoice; then the poller finds out,
 * and no second invoice is requested. Throws `daily_cap_exceeded`, `service_unavailable` (nothing happened, the key may
 * be used again) and the errors of a claim. A refusal of the provider is a stored answer: 502 `supplier_error`.
 */
export async function createDeposit(deps: DepositDeps, request: DepositRequest): Promise<DepositAnswer> {
  const id = newId('dep', deps.clock.nowMs());
  const begun = await beginDeposit(deps.db.platform, {
    id,
    accountId: request.accountId,
    product: request.principal.product,
    provider: request.provider.terms.provider,
    amount: request.amount,
    asset: request.asset,
    returnUrl: request.returnUrl,
    reference: request.reference,
    expiresInS: request.expiresInS,
    lineageId: request.principal.lineageId,
    isOperator: request.principal.type === 'operator',
    defaultCap: deps.defaultCap,
    claim: request.claim,
    wakeAfterMs: LEASE_MS,
  });
  switch (begun.kind) {
    case 'no_account':
      throw notFound();
    case 'cap':
      throw new AppError('daily_cap_exceeded');
    case 'stored':
      return {
        status: begun.answer.status,
        bytes: begun.answer.body,
        location: begun.answer.location,
        replayOf: begun.answer.requestId,
      };
    case 'begun':
      return conclude(deps, request, await reread(deps, id), await askForInvoice(request, id));
  }
}

/** No transaction is open here. */
function askForInvoice(request: DepositRequest, depositId: string): Promise<CreateOutcome> {
  return request.provider
    .create({
      depositId,
      amount: request.amount,
      expiresInS: request.expiresInS,
      ...(request.asset !== null && { asset: request.asset }),
      ...(request.returnUrl !== null && { returnUrl: request.returnUrl }),
    })
    .catch((cause: unknown): CreateOutcome => ({ kind: 'unknown', cause }));
}

async function conclude(
  deps: DepositDeps,
  request: DepositRequest,
  deposit: Deposit,
  outcome: CreateOutcome,
): Promise<DepositAnswer> {
  switch (outcome.kind) {
    case 'done':
      return storedAnswer(deps, request.claim, await open(deps, deposit, outcome.invoice));
    case 'refused':
      deps.log.warn('a payment provider refused an invoice', {
        deposit_id: deposit.id,
        provider: deposit.provider,
        reason: outcome.reason,
      });
      return storedAnswer(
        deps,
        request.claim,
        await fail(deps, deposit, 'supplier_error', 'The payment provider refused this invoice; nothing was charged.'),
      );
    case 'unavailable':
      await failDeposit(deps.db.platform, {
        id: deposit.id,
        failure: 'The payment provider was not available.',
        eventId: '',
        answer: null,
      });
      throw new AppError(
        'service_unavailable',
        'The payment provider is not available right now; nothing happened. Try again shortly.',
        { retryAfterS: 10, cause: outcome.cause },
      );
    case 'unknown': {
      deps.log.warn('it is not known whether a provider made an invoice', {
        deposit_id: deposit.id,
        provider: deposit.provider,
        err: outcome.cause,
      });
      // Usually the invoice exists and only the answer was lost.
      return storedAnswer(deps, request.claim, await reconcile(deps, deposit, await lookUp(request.provider, deposit)));
    }
  }
}

/** The answer that every repeat gets too. While there is none: 202 with the deposit. */
async function storedAnswer(deps: DepositDeps, claim: Claim, deposit: Deposit): Promise<DepositAnswer> {
  if (deposit.state === 'created')
    return { status: 202, bytes: bytesOf(viewDeposit(deposit)), location: locationOf(deposit.id), replayOf: null };
  const stored = await findAnswer(deps.db.platform, claim);
  if (stored === null) throw new Error('a settled deposit has no stored answer');
  return { status: stored.status, bytes: stored.body, location: stored.location, replayOf: null };
}

/** Waits up to `waitS` seconds for the deposit to be settled. Throws 404. */
export async function readDeposit(deps: DepositDeps, reach: Reach, id: string, waitS: number): Promise<Deposit> {
  for (let leftMs = waitS * 1_000; ; leftMs -= WAIT_STEP_MS) {
    const deposit = await freshDeposit(deps, reach, id);
    if (deposit.settledAt !== null || leftMs <= 0) return deposit;
    await delay(WAIT_STEP_MS);
  }
}

async function freshDeposit(deps: DepositDeps, reach: Reach, id: string): Promise<Deposit> {
  const deposit = await findDeposit(deps.db.platform, reach, id);
  if (deposit === null) throw notFound();
  const provider = deps.providers.find(deposit.provider);
  if (deposit.state !== 'pending' || provider === null || !(await claimCheck(deps.db.platform, id, STALE_MS)))
    return deposit;
  return reconcile(deps, deposit, await lookUp(provider, deposit));
}

/**
 * Deletes the invoice at the provider and then uses the provider's later answer only: a payment may have been faster,
 * and then the deposit is credited instead. Throws 404, `state_conflict`, `service_unavailable`.
 */
export async function cancelDeposit(deps: DepositDeps, reach: Reach, id: string): Promise<Deposit> {
  const deposit = await findDeposit(deps.db.platform, reach, id);
  if (deposit === null) throw notFound();
  if (deposit.state === 'cancelled' || deposit.state === 'expired') return deposit;
  if (deposit.state === 'created')
    throw new AppError('state_conflict', 'This deposit is still being made at the provider; try again in a moment.', {
      retryAfterS: 2,
    });
  const provider = deps.providers.find(deposit.provider);
  if (deposit.state !== 'pending' || deposit.providerInvoiceId === null || provider === null)
    throw new AppError('state_conflict', `A deposit that is ${deposit.state} cannot be cancelled.`);

  const cancelled = await provider.cancel(deposit.providerInvoiceId);
  const seen = await lookUp(provider, deposit);
  if (seen.kind === 'unavailable' || (seen.kind === 'found' && seen.invoice.state === 'open')) {
    throw new AppError(
      'service_unavailable',
      'The payment provider could not cancel this invoice right now; try again shortly.',
      { retryAfterS: 5, cause: cancelled },
    );
  }
  if (seen.kind === 'found') return reconcile(deps, deposit, seen);
  const wakeAfterMs = nextLookMs({ ...deposit, state: 'cancelled', settledAt: deps.clock.now() }, deps.clock.nowMs());
  await closeDeposit(deps.db.platform, {
    id,
    state: 'cancelled',
    wakeAfterMs,
    eventId: newId('evt', deps.clock.nowMs()),
  });
  return reread(deps, id);
}

export type WebhookOutcome = 'forged' | 'taken' | 'later';

/**
 * A genuine webhook only says which invoice to read. `later`: the invoice could not be read and no row stores the hint,
 * so the sender must repeat it.
 */
export async function takeWebhook(
  deps: DepositDeps,
  provider: PaymentProvider,
  rawBody: Buffer,
  headers: IncomingHttpHeaders,
): Promise<WebhookOutcome> {
  const verdict = provider.verifyWebhook(rawBody, headers);
  if (verdict.kind === 'forged') return 'forged';
  if (verdict.kind === 'ignored') return 'taken';
  const known = await findDepositByInvoice(deps.db.platform, provider.terms.provider, verdict.providerInvoiceId);
  const seen = await lookUp(provider, {
    id: known?.id ?? '',
    providerInvoiceId: verdict.providerInvoiceId,
    createdAt: known?.createdAt ?? deps.clock.now(),
  });
  // Unknown by its invoice: perhaps the deposit whose create answer was lost, or another product's, which is not
  // visible here.
  const depositId = seen.kind === 'found' && isId(seen.invoice.depositId ?? '', 'dep') ? seen.invoice.depositId : null;
  const deposit =
    known ?? (depositId === null ? null : await findDeposit(deps.db.platform, { kind: 'all' }, depositId));
  if (deposit === null)
    await leaveHint(deps.db.platform, {
      provider: provider.terms.provider,
      providerInvoiceId: verdict.providerInvoiceId,
      depositId,
    });
  if (seen.kind === 'unavailable') {
    if (known !== null) await wakeDeposit(deps.db.platform, known.id);
    return known === null ? 'later' : 'taken';
  }
  if (deposit === null || deposit.provider !== provider.terms.provider) {
    deps.log.info('a webhook names an invoice of no deposit of this product', {
      provider: provider.terms.provider,
      provider_invoice_id: verdict.providerInvoiceId,
    });
    return 'taken';
  }
  await reconcile(deps, deposit, seen);
  return 'taken';
}

export async function lookUp(
  provider: PaymentProvider,
  deposit: Pick<Deposit, 'id' | 'providerInvoiceId' | 'createdAt'>,
): Promise<LookUpOutcome> {
  return provider
    .lookUp({ depositId: deposit.id, providerInvoiceId: deposit.providerInvoiceId, createdAt: deposit.createdAt })
    .catch((cause: unknown): LookUpOutcome => ({ kind: 'unavailable', cause }));
}

/** For the answer to a forged webhook. */
export function forgedWebhook(): AppError {
  return new AppError('invalid_signature', 'The signature of this webhook does not match its body.');
}
