// Marks an invoice paid and queues its webhook: what a payer's tap in the bot does in the real service.

import { ApiError } from './api-error';
import { USD_PER_FIAT, USD_RATE, type Asset } from './assets';
import { divideUp, formatDecimal, multiply, parseDecimal } from './decimal';
import { statusOf, type Payment, type StoredInvoice } from './invoice';
import type { MethodContext } from './methods/context';
import type { WebhookSender } from './webhook';

/** Three percent, the share seen in a published webhook of the real service. */
const FEE = '0.03';

export async function payInvoice(
  context: MethodContext & { webhooks: WebhookSender },
  hash: string,
  asset: Asset,
): Promise<StoredInvoice> {
  const { store, faults, now, webhooks } = context;
  const invoice = store.findByHash(hash);
  if (invoice === undefined) throw new ApiError(404, 'INVOICE_NOT_FOUND');
  if (invoice.payment !== undefined) return invoice;
  const isPayable = statusOf(invoice, now()) === 'active' && !invoice.is_deleted;
  if (!isPayable && !faults.latePayment) throw new ApiError(409, 'INVOICE_NOT_ACTIVE');
  const accepted = invoice.currency_type === 'fiat' ? (invoice.accepted_assets ?? []) : [invoice.asset];
  if (!accepted.includes(asset)) throw new ApiError(400, 'ASSET_INVALID');
  invoice.payment = paymentOf(invoice, asset, now());
  invoice.is_deleted = false;
  const copies = faults.webhook === 'never' ? 0 : faults.webhook === 'twice' ? 2 : 1;
  const queued = Array.from({ length: copies }, () => store.addWebhook(invoice.invoice_id));
  await store.save();
  for (const webhook of queued) webhooks.start(webhook);
  return invoice;
}

function paymentOf(invoice: StoredInvoice, asset: Asset, now: Date): Payment {
  const amount = decimal(invoice.amount);
  const usdRate = decimal(USD_RATE[asset]);
  const fiatRate = invoice.fiat === undefined ? undefined : divideUp(usdRate, decimal(USD_PER_FIAT[invoice.fiat]));
  const paid = fiatRate === undefined ? amount : divideUp(amount, fiatRate);
  const fee = multiply(paid, decimal(FEE));
  return {
    paid_at: now.toISOString(),
    paid_asset: asset,
    paid_amount: formatDecimal(paid),
    ...(fiatRate !== undefined && { paid_fiat_rate: formatDecimal(fiatRate) }),
    paid_usd_rate: formatDecimal(usdRate),
    fee_amount: formatDecimal(fee),
    fee_in_usd: formatDecimal(multiply(fee, usdRate)),
  };
}

function decimal(text: string): bigint {
  const value = parseDecimal(text);
  if (value === null) throw new Error(`${text} is not a decimal`);
  return value;
}
