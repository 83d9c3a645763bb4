import { isAsset, isFiat } from '../assets';
import { showInvoice, statusOf } from '../invoice';
import { invalid, readInteger, readList, readText } from '../params';
import type { Method } from './context';

export const getInvoices: Method = ({ store, now, publicUrl }, params) => {
  const assets = readList(params, 'asset');
  const fiats = readList(params, 'fiat');
  const ids = readList(params, 'invoice_ids');
  const status = readText(params, 'status');
  const offset = readInteger(params, 'offset', { min: 0, max: 1_000_000_000 }) ?? 0;
  const count = readInteger(params, 'count', { min: 1, max: 1_000 }) ?? 100;
  if (assets !== undefined && !assets.every(isAsset)) throw invalid('asset');
  if (fiats !== undefined && !fiats.every(isFiat)) throw invalid('fiat');
  if (ids !== undefined && !ids.every((id) => /^\d{1,15}$/.test(id))) throw invalid('invoice_ids');
  if (status !== undefined && status !== 'active' && status !== 'paid') throw invalid('status');
  const wanted = ids === undefined ? undefined : new Set(ids);
  const time = now();
  const items = store
    .list()
    .filter((invoice) => wanted === undefined || wanted.has(String(invoice.invoice_id)))
    .filter((invoice) => assets === undefined || (invoice.asset !== undefined && assets.includes(invoice.asset)))
    .filter((invoice) => fiats === undefined || (invoice.fiat !== undefined && fiats.includes(invoice.fiat)))
    .filter((invoice) => status === undefined || statusOf(invoice, time) === status)
    .slice(offset, offset + count)
    .map((invoice) => showInvoice(invoice, { now: time, publicUrl: publicUrl() }));
  return { items };
};
