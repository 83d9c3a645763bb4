// A key of this product: keys of other products are administered at their own address and do not exist here.
import { notFound } from '../contract';
import { findKeyById, type ApiKey } from '../keys';
import type { AdminDeps } from './deps';

/** Throws 404. */
export async function findKey(deps: AdminDeps, id: string): Promise<ApiKey> {
  const key = await findKeyById(deps.db.pool, id);
  if (key === null || key.product !== deps.product) throw notFound();
  return key;
}
