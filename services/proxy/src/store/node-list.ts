// Nodes as operators see them.
// Raw SQL: counts of other tables beside each row, without its token.
import { sql, type SqlRunner } from '@lumi/shared/db';
import type { NodeRow } from './nodes';

type StockState = 'free' | 'held' | 'sold' | 'resting' | 'withdrawn';

export interface ListedNode {
  readonly row: Omit<NodeRow, 'token_hash'>;
  readonly exits: number;
  /** How many addresses of its stock are in each state. */
  readonly stock: Readonly<Partial<Record<StockState, number>>>;
  readonly unconfirmedSince: Date | null;
}

/** In the order of their ids. `id`: this one alone. */
export async function listNodes(
  db: SqlRunner,
  { id, afterId, limit }: { readonly id?: string; readonly afterId: string | null; readonly limit: number },
): Promise<ListedNode[]> {
  const rows = await db.$queryRaw<
    (ListedNode['row'] & Pick<ListedNode, 'exits' | 'stock'> & { unconfirmed_since: Date | null })[]
  >(sql`
    SELECT n.id, n.name, n.state, n.version, n.address, n.port_first, n.port_last, n.port_http, n.port_socks, n.allowed,
      n.epoch, n.registered_at, n.heard_at, n.left_at, n.connections, n.bytes_per_s, n.used_at, n.access_number,
      n.access_from, n.key_version, n.entry_host, n.drain_s, n.drain_at, n.created_at, n.retired_at,
      (SELECT count(*)::int FROM proxy.node_exit x WHERE x.node_id = n.id) AS exits,
      (SELECT coalesce(jsonb_object_agg(s.state, s.count), '{}') FROM (SELECT s.state, count(*) FROM proxy.own_stock s
        WHERE s.node_id = n.id GROUP BY 1) s) AS stock,
      (SELECT c.at FROM proxy.access_change c WHERE c.number > n.access_number ORDER BY c.number LIMIT 1)
        AS unconfirmed_since
    FROM proxy.node n WHERE ${id === undefined ? sql`n.id > ${afterId ?? ''}` : sql`n.id = ${id}`}
    ORDER BY n.id LIMIT ${limit}::int`);
  return rows.map(({ exits, stock, unconfirmed_since: unconfirmedSince, ...row }) => ({
    row,
    exits,
    stock,
    unconfirmedSince,
  }));
}
