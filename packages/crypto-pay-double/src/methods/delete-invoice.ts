import { ApiError } from '../api-error';
import { invalid, readInteger } from '../params';
import type { Method } from './context';

/** Money that has arrived cannot be deleted away: a paid invoice stays. */
export const deleteInvoice: Method = async ({ store }, params) => {
  const invoiceId = readInteger(params, 'invoice_id', { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (invoiceId === undefined) throw invalid('invoice_id');
  const invoice = store.find(invoiceId);
  if (invoice === undefined || invoice.is_deleted) throw new ApiError(400, 'INVOICE_NOT_FOUND');
  if (invoice.payment !== undefined) throw new ApiError(400, 'INVOICE_ALREADY_PAID');
  invoice.is_deleted = true;
  await store.save();
  return true;
};
