// The event of a sync: the supplier does not know the object, or its data differ from ours.
import type { EventData, EventDraft, NounOf } from '../../ground/events';
import { isoSeconds } from '../../ground/runtime';
import { changesBetween } from './changes';

/** `noun` begins the type of the event: `domain` makes `domain.missing` and `domain.synced`. */
export type SyncAbout = {
  [N in NounOf<'missing'>]: {
    readonly noun: N;
    readonly subject: string;
    readonly data: Omit<EventData<`${N}.missing`>, 'missing_since'>;
  };
}[NounOf<'missing'>];

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
  // The compiler does not see that type and data go by one noun; `SyncAbout` says it.
  const event = (verb: 'missing' | 'synced', more: object): EventDraft[] => [
    { type: `${noun}.${verb}`, subject, data: { ...data, ...more } } as EventDraft,
  ];
  if (after === null) return before.missing_since === null ? event('missing', { missing_since: isoSeconds(now) }) : [];
  const changes = changesBetween(before, after, fields);
  return Object.keys(changes).length === 0 ? [] : event('synced', { changes });
}
