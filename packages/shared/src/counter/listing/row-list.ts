// Lists that the database reads page by page: same page shape, same cursors as any other.
import { readPage, toPage, type Cursors, type Page, type Position } from '../../ground/contract';
import type { Reach } from '../endpoint';
import { accountOf } from './conditions';

/** What to read: one row more than `limit`, so that the page can tell whether there is a next one. */
export interface RowPage {
  readonly limit: number;
  readonly after: Position | null;
  /** The same place for lists in the order of `seq`, newest first. */
  readonly beforeSeq: string | null;
}

interface RowList<R, T> {
  readonly route: string;
  readonly reach: Reach;
  /** What the request says; everything but `limit` and `cursor` binds the cursor, as it selects or orders the rows. */
  readonly query: Readonly<Record<string, unknown>> & {
    readonly limit?: string | undefined;
    readonly cursor?: string | undefined;
  };
  readonly cursors: Cursors;
  /** What the list is a part of, such as the id of a server. */
  readonly of?: string | null;
  readonly read: (page: RowPage) => Promise<readonly R[]>;
  readonly position: (row: R) => Position;
  readonly view: (row: R) => T;
}

export async function pageOfRows<R, T>({ reach, query, cursors, ...list }: RowList<R, T>): Promise<Page<T>> {
  const { limit: _limit, cursor: _cursor, ...filter } = query;
  const binding = { account: accountOf(reach), route: list.route, filter: { ...filter, of: list.of } };
  const { limit, after } = readPage(query, cursors, binding);
  const rows = await list.read({ limit, after, beforeSeq: after?.[0] ?? null });
  return toPage(rows, { limit, after }, cursors, binding, list.position, list.view);
}

export function bySeq({ seq }: { readonly seq: bigint }): Position {
  return [seq.toString()];
}
