// The event of a sync: the supplier does not know the object, or its data differ from ours.
import type { EventDraft } from '../purchase';
import { isoSeconds } from '../../ground/runtime';
import { changesBetween } from './changes';

export interface SyncAbout {
  /** Begins the type of the event: `domain` makes `domain.missing` and `domain.synced`. */
  readonly noun: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * `after` null: the supplier does not know the object; the event is written when it begins to be missing, and not
 * again. Otherwise the event lists the fields that differ; without a difference there is none.
 */
export function eventsOfSync<V extends { readonly missing_since: string | null }>(
  { noun, subject, data }: SyncAbout,
  before: V,
  after: V | null,
  fields: readonly (keyof V & string)[],
  now: Date,
): EventDraft[] {
  if (after === null)
    return before.missing_since === null
      ? [{ type: `${noun}.missing`, subject, data: { ...data, missing_since: isoSeconds(now) } }]
      : [];
  const changes = changesBetween(before, after, fields);
  return Object.keys(changes).length === 0 ? [] : [{ type: `${noun}.synced`, subject, data: { ...data, changes } }];
}
