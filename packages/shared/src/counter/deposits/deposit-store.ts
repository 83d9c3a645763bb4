// How deposits change: by the functions of schema `platform` alone. Raw SQL: the typed client calls no functions.
import { sql, type DepositModel, type SqlRunner } from '../../base/db';
import { refuseOrReplay, type Claim, type ClaimOutcome, type StoredAnswer } from '../../base/idempotency';
import { noteMoneyStep } from '../../base/ledger';
import type { Units } from '../../ground/money';
import type { PayUrls, ProviderPayment } from './provider';
import { depositOfRow, type Deposit, type DepositState } from './deposit-row';

export interface NewDeposit {
  readonly id: string;
  readonly accountId: string;
  readonly product: string;
  readonly provider: string;
  readonly amount: Units;
  readonly asset: string | null;
  readonly returnUrl: string | null;
  readonly reference: string | null;
  readonly expiresInS: number;
  readonly lineageId: string;
  readonly isOperator: boolean;
  readonly defaultCap: Units | null;
  readonly claim: Claim;
  readonly wakeAfterMs: number;
}

export type BeginDeposit =
  | { readonly kind: 'begun' }
  | { readonly kind: 'no_account' }
  | { readonly kind: 'cap' }
  | { readonly kind: 'stored'; readonly answer: StoredAnswer };

/** Throws as a claim does: `in_progress`, `idempotency_key_reused`, `invalid_key`. */
export async function beginDeposit(db: SqlRunner, deposit: NewDeposit): Promise<BeginDeposit> {
  const { claim } = deposit;
  const rows = await db.$queryRaw<ClaimOutcome[]>(sql`
    SELECT * FROM platform.deposit_begin(
      ${deposit.id}, ${deposit.accountId}, ${deposit.product}, ${deposit.provider}, ${deposit.amount}::bigint,
        ${deposit.asset}::text, ${deposit.returnUrl}::text,
      ${deposit.reference}::text, ${deposit.expiresInS}::int, ${claim.keyId}, ${deposit.lineageId},
        ${deposit.isOperator}, ${deposit.defaultCap}::bigint,
      ${claim.scope}, ${claim.key}, ${claim.fingerprint}::bytea, ${claim.requestId}, ${deposit.wakeAfterMs}::int)`);
  const row = rows[0];
  if (row === undefined) throw new Error('deposit_begin returned no row');
  if (row.outcome === 'begun' || row.outcome === 'no_account' || row.outcome === 'cap') return { kind: row.outcome };
  return { kind: 'stored', answer: refuseOrReplay(row) };
}

/** False: it was no longer `created`, and nothing was changed. */
export async function openDeposit(
  db: SqlRunner,
  opened: {
    id: string;
    providerInvoiceId: string;
    payUrl: string;
    payUrls: PayUrls;
    expiresAt: Date | null;
    wakeAfterMs: number;
    answer: { status: number; body: Uint8Array; location: string };
  },
): Promise<boolean> {
  const rows = await db.$queryRaw<{ done: boolean }[]>(sql`
    SELECT platform.deposit_open(${opened.id}, ${opened.providerInvoiceId}, ${opened.payUrl},
      ${JSON.stringify(opened.payUrls)}::jsonb, ${opened.expiresAt}::timestamptz,
      ${opened.wakeAfterMs}::int, ${opened.answer.status}::int, ${new Uint8Array(opened.answer.body)}::bytea,
        ${opened.answer.location}) AS done`);
  return rows[0]?.done === true;
}

/** `answer` null releases the claim: the caller may send the same request again. */
export async function failDeposit(
  db: SqlRunner,
  failed: { id: string; failure: string; eventId: string; answer: { status: number; body: Uint8Array } | null },
): Promise<boolean> {
  const { answer } = failed;
  const rows = await db.$queryRaw<{ done: boolean }[]>(sql`
    SELECT platform.deposit_fail(${failed.id}, ${failed.failure}, ${answer === null}, ${answer?.status ?? null}::int,
      ${answer === null ? null : new Uint8Array(answer.body)}::bytea, ${failed.eventId}) AS done`);
  return rows[0]?.done === true;
}

export type CreditOutcome = 'credited' | 'already' | 'refused';

/**
 * The only way by which money enters a wallet from outside. A deposit is credited once, however often and from wherever
 * this is called.
 */
export async function creditDeposit(
  db: SqlRunner,
  credit: {
    deposit: Deposit;
    providerInvoiceId: string;
    transferId: string;
    eventId: string;
    description: string;
    payment: ProviderPayment;
  },
): Promise<CreditOutcome> {
  const { deposit, payment } = credit;
  const rows = await db.$queryRaw<{ outcome: CreditOutcome }[]>(sql`
    SELECT platform.deposit_credit(${deposit.id}, ${deposit.provider}, ${credit.providerInvoiceId},
      ${credit.transferId}, ${credit.eventId}, ${credit.description},
      ${payment.paidAt}::timestamptz, ${payment.asset}::text, ${payment.amount}::text, ${payment.feeAsset}::text,
        ${payment.fee}::text) AS outcome`);
  const row = rows[0];
  if (row === undefined) throw new Error('deposit_credit returned no row');
  if (row.outcome === 'credited') noteMoneyStep({ product: deposit.product, kind: 'deposit' }, 'credited');
  return row.outcome;
}

export async function closeDeposit(
  db: SqlRunner,
  closed: { id: string; state: 'expired' | 'cancelled'; wakeAfterMs: number | null; eventId: string },
): Promise<boolean> {
  const rows = await db.$queryRaw<{ done: boolean }[]>(sql`
    SELECT platform.deposit_close(${closed.id}, ${closed.state}, ${closed.wakeAfterMs}::int,
      ${closed.eventId}) AS done`);
  return rows[0]?.done === true;
}

export async function disputeDeposit(
  db: SqlRunner,
  disputed: { id: string; failure: string; eventId: string },
): Promise<boolean> {
  const rows = await db.$queryRaw<{ done: boolean }[]>(
    sql`SELECT platform.deposit_dispute(${disputed.id}, ${disputed.failure}, ${disputed.eventId}) AS done`,
  );
  return rows[0]?.done === true;
}

export async function takeDueDeposits(db: SqlRunner, limit: number, leaseMs: number): Promise<Deposit[]> {
  return (
    await db.$queryRaw<DepositModel[]>(sql`SELECT * FROM platform.deposit_take_due(${limit}::int, ${leaseMs}::int)`)
  ).map(depositOfRow);
}

/** Null: never again, for settled deposits only. Does nothing when the deposit has left `state` meanwhile. */
export async function postponeDeposit(
  db: SqlRunner,
  id: string,
  state: DepositState,
  wakeAfterMs: number | null,
): Promise<void> {
  await db.$queryRaw(sql`SELECT platform.deposit_postpone(${id}, ${state}, ${wakeAfterMs}::int)`);
}

/** True for one of many readers, once per `staleMs`. */
export async function claimCheck(db: SqlRunner, id: string, staleMs: number): Promise<boolean> {
  const rows = await db.$queryRaw<{ claimed: boolean }[]>(
    sql`SELECT platform.deposit_claim_check(${id}, ${staleMs}::int) AS claimed`,
  );
  return rows[0]?.claimed === true;
}

export async function wakeDeposit(db: SqlRunner, id: string): Promise<void> {
  await db.$queryRaw(sql`SELECT platform.deposit_wake(${id})`);
}
