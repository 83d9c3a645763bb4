// What a provider says about an invoice → what becomes of the deposit. Every way of hearing from a provider ends here:
// the answer to create, a webhook, the poller, a reader, a cancel. Each step is one SQL function guarded by the row's
// state, so any number of these may run at once for one deposit.
import { AppError, newId } from '../../ground/contract';
import { databaseCode, type Database } from '../../base/db';
import { errorBody } from '../../base/http';
import { formatUsd, type Units } from '../../ground/money';
import type { Clock, Log } from '../../ground/runtime';
import {
  closeDeposit,
  creditDeposit,
  disputeDeposit,
  failDeposit,
  openDeposit,
  postponeDeposit,
} from './deposit-store';
import { findDeposit } from './deposit-reads';
import type { Deposit } from './deposit-row';
import { viewDeposit } from './deposit-view';
import { nextLookMs } from './look-schedule';
import type { LookUpOutcome, PaymentProviders, ProviderInvoice } from './provider';

export interface DepositDeps {
  readonly db: Pick<Database, 'platform' | 'direct'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly providers: PaymentProviders;
  readonly defaultCap: Units | null;
}

/**
 * An invoice that was requested this long ago and that the provider still does not know was never made. This is longer
 * than any call can take.
 */
export const ABSENT_AFTER_MS = 120_000;

/** When a caller has waited this long for the answer to a create, operators are notified. */
const STUCK_AFTER_MS = 600_000;
const UNIQUE_VIOLATION = '23505';

/** The deposit afterwards. */
export async function reconcile(deps: DepositDeps, deposit: Deposit, seen: LookUpOutcome): Promise<Deposit> {
  if (seen.kind === 'unavailable') {
    const isStuck = deposit.state === 'created' && deps.clock.nowMs() - deposit.createdAt.getTime() > STUCK_AFTER_MS;
    deps.log[isStuck ? 'error' : 'warn']('a payment provider could not be asked', {
      deposit_id: deposit.id,
      provider: deposit.provider,
      err: seen.cause,
      ...(isStuck && { alert: true }),
    });
    await postponeDeposit(deps.db.platform, deposit.id, deposit.state, nextLookMs(deposit, deps.clock.nowMs()));
    return deposit;
  }
  if (deposit.state === 'created') return reconcileCreated(deps, deposit, seen);
  if (seen.kind === 'found' && seen.invoice.state === 'paid') return credit(deps, deposit, seen.invoice);
  if (deposit.state === 'pending' && !(seen.kind === 'found' && seen.invoice.state === 'open'))
    return close(deps, deposit, seen);
  await postponeDeposit(deps.db.platform, deposit.id, deposit.state, nextLookMs(deposit, deps.clock.nowMs()));
  return deposit;
}

async function reconcileCreated(deps: DepositDeps, deposit: Deposit, seen: LookUpOutcome): Promise<Deposit> {
  if (seen.kind === 'found') {
    const opened = await open(deps, deposit, seen.invoice);
    return seen.invoice.state === 'open' || opened.state === 'failed' ? opened : reconcile(deps, opened, seen);
  }
  if (deps.clock.nowMs() - deposit.createdAt.getTime() < ABSENT_AFTER_MS) {
    await postponeDeposit(deps.db.platform, deposit.id, 'created', nextLookMs(deposit, deps.clock.nowMs()));
    return deposit;
  }
  return fail(
    deps,
    deposit,
    'supplier_error',
    'The payment provider did not make an invoice; nothing was charged. Send a new request.',
  );
}

/** Stores the caller's 201 with the deposit. An invoice that differs from the requested one is never shown. */
export async function open(deps: DepositDeps, deposit: Deposit, invoice: ProviderInvoice): Promise<Deposit> {
  if (!isOurs(deposit, invoice)) return failAsForeign(deps, deposit, invoice);
  const opened: Deposit = {
    ...deposit,
    state: 'pending',
    providerInvoiceId: invoice.providerInvoiceId,
    payUrl: invoice.payUrl,
    payUrls: invoice.payUrls,
    expiresAt: invoice.expiresAt ?? new Date(deposit.createdAt.getTime() + deposit.expiresInS * 1_000),
  };
  const write = openDeposit(deps.db.platform, {
    id: deposit.id,
    providerInvoiceId: invoice.providerInvoiceId,
    payUrl: invoice.payUrl,
    payUrls: invoice.payUrls,
    expiresAt: opened.expiresAt,
    wakeAfterMs: nextLookMs(opened, deps.clock.nowMs()) ?? 0,
    answer: { status: 201, body: bytesOf(viewDeposit(opened)), location: locationOf(deposit.id) },
  });
  const isForeign = await write.then(
    () => false,
    (err: unknown) => {
      if (databaseCode(err) === UNIQUE_VIOLATION) return true;
      throw err;
    },
  );
  return isForeign ? failAsForeign(deps, deposit, invoice) : reread(deps, deposit.id);
}

/** The provider has another invoice under our id, or it returns the invoice of another deposit again. */
async function failAsForeign(deps: DepositDeps, deposit: Deposit, invoice: ProviderInvoice): Promise<Deposit> {
  deps.log.error('a provider answered with an invoice that is not the one asked for', {
    deposit_id: deposit.id,
    provider_invoice_id: invoice.providerInvoiceId,
    alert: true,
  });
  return fail(
    deps,
    deposit,
    'supplier_error',
    'The payment provider did not make the invoice asked for; nothing was charged. Send a new request.',
  );
}

/** Stores the refusal as the caller's answer. */
export async function fail(
  deps: DepositDeps,
  deposit: Deposit,
  code: 'supplier_error',
  text: string,
): Promise<Deposit> {
  const error = new AppError(code, text);
  const answer = { status: error.status, body: bytesOf(errorBody(error, deposit.requestId)) };
  await failDeposit(deps.db.platform, {
    id: deposit.id,
    failure: text,
    eventId: newId('evt', deps.clock.nowMs()),
    answer,
  });
  return reread(deps, deposit.id);
}

async function credit(deps: DepositDeps, deposit: Deposit, invoice: ProviderInvoice): Promise<Deposit> {
  const { payment } = invoice;
  if (payment === null || !isOurs(deposit, invoice)) return dispute(deps, deposit, invoice);
  const outcome = await creditDeposit(deps.db.platform, {
    deposit,
    providerInvoiceId: invoice.providerInvoiceId,
    transferId: newId('trf', deps.clock.nowMs()),
    eventId: newId('evt', deps.clock.nowMs()),
    description: `Top-up ${deposit.id}`,
    payment,
  });
  if (outcome === 'credited')
    deps.log.info('a deposit was credited', { deposit_id: deposit.id, provider: deposit.provider });
  if (outcome === 'refused')
    deps.log.error('a paid deposit could not be credited', {
      deposit_id: deposit.id,
      provider: deposit.provider,
      alert: true,
    });
  return reread(deps, deposit.id);
}

async function dispute(deps: DepositDeps, deposit: Deposit, invoice: ProviderInvoice): Promise<Deposit> {
  deps.log.error('a paid invoice is not the one asked for; no credit', {
    deposit_id: deposit.id,
    provider_invoice_id: invoice.providerInvoiceId,
    alert: true,
  });
  const failure = `The provider's invoice is not over ${formatUsd(deposit.amount)} USD; a person must look at it.`;
  await disputeDeposit(deps.db.platform, { id: deposit.id, failure, eventId: newId('evt', deps.clock.nowMs()) });
  return reread(deps, deposit.id);
}

/** The provider no longer has an open invoice: it expired, or it was deleted. */
async function close(deps: DepositDeps, deposit: Deposit, seen: LookUpOutcome): Promise<Deposit> {
  const isOver = deposit.expiresAt !== null && deposit.expiresAt.getTime() <= deps.clock.nowMs();
  const state = seen.kind === 'found' || isOver ? 'expired' : 'cancelled';
  await closeDeposit(deps.db.platform, {
    id: deposit.id,
    state,
    wakeAfterMs: nextLookMs({ ...deposit, state, settledAt: deps.clock.now() }, deps.clock.nowMs()),
    eventId: newId('evt', deps.clock.nowMs()),
  });
  return reread(deps, deposit.id);
}

function isOurs(deposit: Deposit, invoice: ProviderInvoice): boolean {
  return (
    invoice.depositId === deposit.id &&
    invoice.amount === deposit.amount &&
    (deposit.providerInvoiceId ?? invoice.providerInvoiceId) === invoice.providerInvoiceId
  );
}

export async function reread(deps: DepositDeps, id: string): Promise<Deposit> {
  const deposit = await findDeposit(deps.db.platform, { kind: 'all' }, id);
  if (deposit === null) throw new Error('a deposit row vanished');
  return deposit;
}

export function locationOf(id: string): string {
  return `deposits/${id}`;
}

export function bytesOf(body: unknown): Buffer {
  return Buffer.from(JSON.stringify(body), 'utf8');
}
