// Lists that are read whole, because they are small or because somebody else keeps them: same page shape, same cursors
// as any other.
import { readPage, toPage, type Cursors, type Page } from '../../ground/contract';

interface WholeList<R, T> {
  readonly route: string;
  /** What the request says; everything but `limit` and `cursor` binds the cursor, as it selects the items. */
  readonly query: { readonly limit?: string | undefined; readonly cursor?: string | undefined };
  readonly cursors: Cursors;
  /** Whose list; absent where it is the same for everybody. */
  readonly account?: string | null;
  /** What the list is a part of, such as the id of a server. */
  readonly of?: string;
  /** Names an item among the others. */
  readonly key: (item: R) => string;
  readonly view: (item: R) => T;
}

/** `items` is everything the filter lets pass, in the order of the list. */
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

/** Behind the last item that was shown. Where that one has gone meanwhile, the next one stands in its place. */
function startOf(keys: readonly string[], after: readonly string[] | null): number {
  if (after === null) return 0;
  const [key = '', place = '0'] = after;
  const found = keys.indexOf(key);
  return found === -1 ? Number.parseInt(place, 10) : found + 1;
}
