// One invoice: what is kept on disk, and the object the API and the webhook show.

import type { Asset, Fiat } from './assets';

export interface StoredInvoice {
  invoice_id: number;
  hash: string;
  currency_type: 'crypto' | 'fiat';
  asset?: Asset;
  fiat?: Fiat;
  amount: string;
  accepted_assets?: Asset[];
  swap_to?: Asset;
  description?: string;
  hidden_message?: string;
  paid_btn_name?: string;
  paid_btn_url?: string;
  payload?: string;
  allow_comments: boolean;
  allow_anonymous: boolean;
  created_at: string;
  expiration_date?: string;
  payment?: Payment;
  is_deleted: boolean;
}

export interface Payment {
  paid_at: string;
  paid_asset: Asset;
  paid_amount: string;
  paid_fiat_rate?: string;
  paid_usd_rate: string;
  fee_amount: string;
  fee_in_usd: string;
}

export type InvoiceStatus = 'active' | 'paid' | 'expired';

/** Status is computed, never stored: a stopped double expires invoices all the same. */
export function statusOf(invoice: StoredInvoice, now: Date): InvoiceStatus {
  if (invoice.payment !== undefined) return 'paid';
  if (invoice.expiration_date !== undefined && Date.parse(invoice.expiration_date) <= now.getTime()) return 'expired';
  return 'active';
}

/** The public object. Fields that do not apply are absent, as in the real API, not null. */
export function showInvoice(
  invoice: StoredInvoice,
  context: { now: Date; publicUrl: string },
): Record<string, unknown> {
  const payUrl = `${context.publicUrl}/pay/${invoice.hash}`;
  const { payment, is_deleted: _isDeleted, ...asked } = invoice;
  return {
    ...asked,
    status: statusOf(invoice, context.now),
    pay_url: payUrl,
    bot_invoice_url: payUrl,
    mini_app_invoice_url: payUrl,
    web_app_invoice_url: payUrl,
    ...(invoice.swap_to !== undefined && payment !== undefined && { is_swapped: false }),
    ...(payment !== undefined && {
      ...payment,
      fee_asset: payment.paid_asset,
      fee: payment.fee_amount,
      usd_rate: payment.paid_usd_rate,
      paid_anonymously: invoice.allow_anonymous,
    }),
  };
}
