// A catalogue is small and read whole, but it is a list like any other: same page shape, same cursors.
import { readPage, toPage, type Cursors, type Page } from '@lumi/shared/contract';

export interface CatalogueQuery {
  readonly limit?: string | undefined;
  readonly cursor?: string | undefined;
}

/** `items` is everything the filter lets pass, in the catalogue's order; `filter` binds the cursor to it. */
export function cataloguePage<R extends { readonly id: string }, T>(
  items: readonly R[], view: (item: R) => T, options: { readonly route: string; readonly query: CatalogueQuery; readonly cursors: Cursors },
): Page<T> {
  const { limit: _limit, cursor: _cursor, ...filter } = options.query;
  const binding = { account: null, route: options.route, filter };
  const request = readPage(options.query, options.cursors, binding);
  const after = request.after?.[0];
  const start = after === undefined ? 0 : items.findIndex((item) => item.id === after) + 1;
  return toPage(items.slice(start, start + request.limit + 1), request, options.cursors, binding, (item) => [item.id], view);
}
