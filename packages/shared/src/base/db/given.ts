// Conditions of the typed client.

/**
 * Conditions for the typed client's `where`, without those that were not given. The client refuses `undefined`, so that
 * a condition cannot be missing by mistake.
 */
export function given<T extends object>(conditions: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** The rows of a list, newest first, that follow the last one shown. */
export function seqBefore(page: { readonly beforeSeq: string | null }): { readonly seq?: { readonly lt: bigint } } {
  return page.beforeSeq === null ? {} : { seq: { lt: BigInt(page.beforeSeq) } };
}

/** The same for lists with the oldest first. */
export function seqAfter(page: { readonly afterSeq: string | null }): { readonly seq?: { readonly gt: bigint } } {
  return page.afterSeq === null ? {} : { seq: { gt: BigInt(page.afterSeq) } };
}
