// Finds a key of this product. Keys of other products are not found here; each product administers its own.
import { notFound } from '../../ground/contract';
import { findKeyById, type KeyFacts, type Queryable } from '../../base/keys';
import type { AdminDeps } from './deps';

/** Throws 404. */
export async function findKey(deps: AdminDeps, db: Queryable, id: string): Promise<KeyFacts> {
  const key = await findKeyById(db, id);
  if (key === null || key.product !== deps.product) throw notFound();
  return key;
}
