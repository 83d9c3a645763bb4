// A key of this product: keys of other products are administered at their own address and do not exist here.
import { notFound } from '../contract';
import { findKeyById, type KeyFacts, type Queryable } from '../keys';
import type { AdminDeps } from './deps';

/** Throws 404. */
export async function findKey(deps: AdminDeps, db: Queryable, id: string): Promise<KeyFacts> {
  const key = await findKeyById(db, id);
  if (key === null || key.product !== deps.product) throw notFound();
  return key;
}
