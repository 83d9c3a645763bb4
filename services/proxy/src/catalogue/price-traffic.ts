// The price of gigabytes of a pool.
import { AppError, invalid } from '@lumi/shared/contract';
import { costLine, type CostLine } from '@lumi/shared/purchase';
import { unitPrice } from './price';
import { findProduct } from './products';

export function priceTraffic(
  pool: string,
  gb: number,
): { readonly cost: readonly CostLine[]; readonly periodDays: number; readonly refusal: AppError | null } {
  const product = findProduct(pool);
  const periodDays = product?.periodsDays[0] ?? 0;
  const unit = product?.shape === 'traffic' ? unitPrice(product, periodDays, gb) : null;
  if (product === null || unit === null)
    return { cost: [], periodDays, refusal: new AppError('not_available', 'There is no such pool.') };
  return {
    cost: [costLine(`GB of ${pool}`, unit, { times: gb })],
    periodDays,
    refusal: gb > product.maxQuantity ? invalid('gb', `must be at most ${String(product.maxQuantity)}`) : null,
  };
}
