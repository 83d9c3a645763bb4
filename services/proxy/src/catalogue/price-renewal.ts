// The price of renewing proxies. The tier is that of the proxies renewed together; the surcharge is that of each
// proxy's country.
import { invalid, type AppError } from '@lumi/shared/contract';
import { formatUsd, type Units } from '@lumi/shared/money';
import { costLine, type CostLine } from '@lumi/shared/purchase';
import { renewalOf, type RenewProxiesItem } from '../purchases/renew-proxies';
import type { ProxyRow } from '../store/proxy-row';
import type { Networks } from '../supplier/networks';
import { surchargeFor, unitPrice } from './price';
import { askPlaces } from './price-order';
import { findProduct } from './products';

export interface PricedRenewal {
  readonly item: RenewProxiesItem;
  readonly cost: readonly CostLine[];
  readonly refusal: AppError | null;
}

/** All rows must be of one product and one network. */
export async function priceRenewal(
  networks: Networks,
  rows: readonly ProxyRow[],
  periodDays: number,
): Promise<PricedRenewal> {
  const [first] = rows;
  const product = findProduct(first?.product_id ?? '');
  const unit = product === null ? null : unitPrice(product, periodDays, rows.length);
  if (first === undefined || product === null || unit === null) {
    const refusal =
      rows.length === 0 ? null : invalid('period_days', `must be one of ${(product?.periodsDays ?? []).join(', ')}`);
    return { item: renewalOf(rows, periodDays, () => '0.00'), cost: [], refusal };
  }
  const { countries } = await askPlaces(networks.get(first.network), product.id);
  const priceOf = (row: ProxyRow): Units =>
    unit + surchargeFor(product, countries.get(row.country)?.surcharge ?? 0n, periodDays);
  return {
    item: renewalOf(rows, periodDays, (row) => formatUsd(priceOf(row))),
    cost: linesOf(rows, priceOf, periodDays),
    refusal: null,
  };
}

/** One line for each country, because the surcharge depends on the country. */
function linesOf(
  rows: readonly ProxyRow[],
  priceOf: (row: ProxyRow) => Units,
  periodDays: number,
): readonly CostLine[] {
  return [...new Set(rows.map((row) => row.country))].sort().flatMap((country) => {
    const [first, ...others] = rows.filter((row) => row.country === country);
    return first === undefined
      ? []
      : [
          costLine(`Renewal of ${first.product_id} in ${country}, ${String(periodDays)} days`, priceOf(first), {
            times: 1 + others.length,
          }),
        ];
  });
}
