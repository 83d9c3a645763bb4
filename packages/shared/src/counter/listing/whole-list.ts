// Lists that are read as a whole, because they are small or because a supplier keeps them: the same page shape and
// cursors as any other list.
import { readPage, toPage, type Cursors, type Page } from '../../ground/contract';

interface WholeList<R, T> {
  readonly route: string;
  /** The query of the request; all but `limit` and `cursor` binds the cursor, because it selects the items. */
  readonly query: { readonly limit?: string | undefined; readonly cursor?: string | undefined };
  readonly cursors: Cursors;
  /** The account of the list; absent when it is the same for all accounts. */
  readonly account?: string | null;
  /** The parent of the list, such as the id of a server. */
  readonly of?: string;
  /** Identifies an item in the list. */
  readonly key: (item: R) => string;
  readonly view: (item: R) => T;
}

/** `items`: all items that match the filter, in the order of the list. */
export function pageOfWhole<R, T>(items: readonly R[], list: WholeList<R, T>): Page<T> {
  const { limit: _limit, cursor: _cursor, ...filter } = list.query;
  const binding = { account: list.account ?? null, route: list.route, filter: { ...filter, of: list.of } };
  const request = readPage(list.query, list.cursors, binding);
  const start = startOf(items.map(list.key), request.after);
  const page = items.slice(start, start + request.limit + 1).map((item, i) => ({ item, place: start + i }));
  return toPage(
    page,
    request,
    list.cursors,
    binding,
    ({ item, place }) => [list.key(item), String(place)],
    ({ item }) => list.view(item),
  );
}

/** The position after the last item that was shown. When that item is gone, the next one has its position. */
function startOf(keys: readonly string[], after: readonly string[] | null): number {
  if (after === null) return 0;
  const [key = '', place = '0'] = after;
  const found = keys.indexOf(key);
  return found === -1 ? Number.parseInt(place, 10) : found + 1;
}
