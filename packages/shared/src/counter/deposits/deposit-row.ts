// A deposit, and its row.
import type { DepositModel } from '../../base/db';
import type { Units } from '../../ground/money';
import type { PayUrls } from './provider';

/** `paid`, `confirming` and `refunded` are for providers with such a stage; the present two never use them. */
export const DEPOSIT_STATES = [
  'created',
  'pending',
  'confirming',
  'paid',
  'credited',
  'expired',
  'cancelled',
  'failed',
  'refunded',
  'disputed',
] as const;
export type DepositState = (typeof DEPOSIT_STATES)[number];

export interface Deposit {
  readonly seq: bigint;
  readonly id: string;
  readonly accountId: string;
  readonly product: string;
  readonly provider: string;
  readonly amount: Units;
  readonly state: DepositState;
  readonly isLate: boolean;
  readonly asset: string | null;
  readonly returnUrl: string | null;
  readonly reference: string | null;
  readonly expiresInS: number;
  readonly providerInvoiceId: string | null;
  readonly payUrl: string | null;
  readonly payUrls: PayUrls | null;
  readonly expiresAt: Date | null;
  readonly paidAt: Date | null;
  readonly paidAsset: string | null;
  readonly paidAmount: string | null;
  readonly failure: string | null;
  readonly requestId: string;
  readonly createdAt: Date;
  readonly settledAt: Date | null;
}

export function depositOfRow(row: DepositModel): Deposit {
  return {
    seq: row.seq,
    id: row.id,
    accountId: row.account_id,
    product: row.product,
    provider: row.provider,
    amount: row.amount,
    state: row.state as DepositState, // a check constraint of the table
    isLate: row.is_late,
    asset: row.asset,
    returnUrl: row.return_url,
    reference: row.reference,
    expiresInS: row.expires_in_s,
    providerInvoiceId: row.provider_invoice_id,
    payUrl: row.pay_url,
    payUrls: row.pay_urls as PayUrls | null,
    expiresAt: row.expires_at,
    paidAt: row.paid_at,
    paidAsset: row.paid_asset,
    paidAmount: row.paid_amount,
    failure: row.failure,
    requestId: row.request_id,
    createdAt: row.created_at,
    settledAt: row.settled_at,
  };
}
