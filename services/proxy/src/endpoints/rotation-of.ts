import { AppError } from '@lumi/shared/contract';
import { findProduct } from '../catalogue/products';
import type { ProxyRow } from '../store/proxy-row';

/** The rotation that a proxy's product allows. Throws 409 when it allows none. */
export function rotationOf(row: ProxyRow): { readonly cooldownS: number; readonly minIntervalS: number } {
  const rotation = findProduct(row.product_id)?.rotation ?? null;
  if (rotation === null) throw new AppError('state_conflict', 'Proxies of this product keep their address.');
  return rotation;
}
