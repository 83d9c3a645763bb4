// Answers about many items are matched to them by `ref`: one that is given twice would match two.
import { AppError } from '../../ground/contract';

/** Throws 422 that names every item whose `ref` an earlier item has. */
export function refuseRepeatedRefs(items: readonly { readonly ref?: unknown }[]): void {
  const firstOf = new Map<string, number>();
  const details = items.flatMap(({ ref }, index) => {
    if (typeof ref !== 'string') return [];
    const first = firstOf.get(ref);
    if (first === undefined) firstOf.set(ref, index);
    return first === undefined
      ? []
      : [
          {
            path: `items.${String(index)}.ref`,
            message: `is the ref of item ${String(first)} too; give each item its own ref, or none`,
          },
        ];
  });
  if (details.length > 0) throw new AppError('validation_error', undefined, { details: details.slice(0, DETAILS_MAX) });
}

const DETAILS_MAX = 50;
