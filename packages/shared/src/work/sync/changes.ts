// The differences between two views of one object, in the terms of the API, for its event.

export type Changes = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

export function changesBetween<V extends object>(before: V, after: V, fields: readonly (keyof V & string)[]): Changes {
  return Object.fromEntries(
    fields
      .filter((field) => canonical(before[field]) !== canonical(after[field]))
      .map((field) => [field, { from: before[field], to: after[field] }]),
  );
}

/** JSON with sorted names, because jsonb keeps no order. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? ''
  );
}
