import { ASSETS } from '../assets';
import { formatDecimal, parseDecimal } from '../decimal';
import type { Method } from './context';

/** The paid amounts less the service fee, summed from the invoices themselves. */
export const getBalance: Method = ({ store }) => {
  const payments = store.list().flatMap((invoice) => (invoice.payment === undefined ? [] : [invoice.payment]));
  return ASSETS.map((asset) => {
    const available = payments
      .filter((payment) => payment.paid_asset === asset)
      .reduce(
        (sum, payment) => sum + (parseDecimal(payment.paid_amount) ?? 0n) - (parseDecimal(payment.fee_amount) ?? 0n),
        0n,
      );
    return { currency_code: asset, available: formatDecimal(available), onhold: '0' };
  });
};
