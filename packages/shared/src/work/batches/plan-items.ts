// From the envelope of a bulk to its items: merges the defaults, validates each alone, and finds duplicates. It does no
// I/O except what the kind has loaded. It lets other requests run in between, so that a bulk of 500 items blocks
// nobody.
import { AppError, invalid } from '../../ground/contract';
import { mapInTurns, refuseRepeatedRefs, validateItem } from '../../counter/endpoint';
import type { BulkKind } from './bulk-kind';
import type { PlannedItem } from './batch-store';
import { storable } from './storable';

const REF_MAX = 128;
const SUBJECT_MAX = 256;

type Raw = Readonly<Record<string, unknown>>;

/** One plan per item, in their order. An item with a `code` has failed already. */
export async function planItems(kind: BulkKind, defaults: Raw, items: readonly Raw[]): Promise<PlannedItem[]> {
  if ('ref' in defaults) throw invalid('defaults.ref', 'belongs into the items');
  refuseRepeatedRefs(items);
  const firstOf = new Map<string, number>();
  return mapInTurns(items, (raw, index) => {
    const { ref: givenRef, ...own } = raw;
    const input = storable(kind.item, { ...defaults, ...own });
    let ref = nameOf(givenRef) ?? nameOf(kind.about === undefined ? undefined : input[kind.about]) ?? String(index);
    try {
      checkRef(givenRef);
      const identity = kind.identify(validateItem(kind.item, input) as never); // the kind's own schema
      if (givenRef === undefined) ref = identity.subject.slice(0, SUBJECT_MAX);
      const first = identity.once === null ? undefined : firstOf.get(identity.once);
      if (first !== undefined)
        return {
          ref,
          input,
          twin_of: first,
          ...refusal(
            new AppError('state_conflict', `The same as item ${String(first)} of this bulk, which alone is executed.`),
          ),
        };
      if (identity.once !== null) firstOf.set(identity.once, index);
      return { ref, input };
    } catch (err) {
      if (err instanceof AppError) return { ref, input, ...refusal(err) };
      throw err;
    }
  });
}

/** The name of the item in the answer, also for an invalid item. */
function nameOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, REF_MAX) : null;
}

function checkRef(ref: unknown): void {
  if (ref !== undefined && (typeof ref !== 'string' || ref.length === 0 || ref.length > REF_MAX))
    throw invalid('ref', `must be 1 to ${String(REF_MAX)} characters`);
}

function refusal(err: AppError): Pick<PlannedItem, 'code' | 'text' | 'details'> {
  return { code: err.code, text: err.message, ...(err.details === undefined ? {} : { details: err.details }) };
}
