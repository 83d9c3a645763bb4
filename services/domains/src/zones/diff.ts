// What differs between the records of a zone before and after a change.
import type { StoredRecord } from './zone-row';

export interface Diff {
  readonly added: readonly StoredRecord[];
  readonly removed: readonly StoredRecord[];
  readonly changed: readonly { readonly before: StoredRecord; readonly after: StoredRecord }[];
}

export function diffOf(before: readonly StoredRecord[], next: readonly StoredRecord[]): Diff {
  const [old, now] = [new Map(before.map((one) => [one.id, one])), new Map(next.map((one) => [one.id, one]))];
  return {
    added: next.filter(({ id }) => !old.has(id)),
    removed: before.filter(({ id }) => !now.has(id)),
    changed: before.flatMap((one) => {
      const after = now.get(one.id);
      return after === undefined || isSame(one, after) ? [] : [{ before: one, after }];
    }),
  };
}

export function isEmpty({ added, removed, changed }: Diff): boolean {
  return added.length + removed.length + changed.length === 0;
}

/** Name, type and content: what makes a record the same. */
export function keyOf({ name, type, content }: StoredRecord): string {
  return `${name} ${type} ${content}`;
}

export function isSame(a: StoredRecord, b: StoredRecord): boolean {
  return (
    a.name === b.name &&
    a.content === b.content &&
    a.ttl === b.ttl &&
    a.comment === b.comment &&
    a.disabled === b.disabled &&
    a.type === b.type
  );
}

/** The records as they were before this change. */
export function undo(
  records: readonly StoredRecord[],
  change: { readonly removed: readonly StoredRecord[]; readonly added: readonly StoredRecord[] },
): readonly StoredRecord[] {
  const gone = new Set(change.added.map(({ id }) => id));
  return [...records.filter(({ id }) => !gone.has(id)), ...change.removed];
}
