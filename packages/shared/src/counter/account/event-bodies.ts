import type { SqlRunner } from '../../base/db';
import { eventsById } from './event-store';
import { viewEvent } from './event-view';

/** As `GET /events/{id}` answers them, byte for byte; those that are not kept are missing. */
export async function eventBodies(db: SqlRunner, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const events = await eventsById(db, ids);
  return new Map(events.map((event) => [event.id, JSON.stringify(viewEvent(event))]));
}
