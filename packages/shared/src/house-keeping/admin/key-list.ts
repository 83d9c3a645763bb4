// Reads of keys for operators, without their secrets.
import type { Product } from '../../ground/contract';
import { KEY_FACTS, readKeyFacts, type KeyFacts, type Queryable } from '../../base/keys';

export interface KeyFilter {
  readonly product?: Product | undefined;
  readonly userId?: string | undefined;
  readonly type?: string | undefined;
}

/** Newest first; reads one row more than `limit`. Ids are in order of creation. */
export async function listKeys(
  db: Queryable,
  filter: KeyFilter,
  page: { limit: number; beforeId: string | null },
): Promise<KeyFacts[]> {
  const { rows } = await db.query(
    `SELECT ${KEY_FACTS} FROM platform.api_key
     WHERE ($1::text IS NULL OR product = $1) AND ($2::text IS NULL OR account_id = $2) AND ($3::text IS NULL
       OR type = $3) AND ($4::text IS NULL OR id < $4)
     ORDER BY id DESC LIMIT $5`,
    [filter.product ?? null, filter.userId ?? null, filter.type ?? null, page.beforeId, page.limit + 1],
  );
  return rows.map(readKeyFacts);
}
