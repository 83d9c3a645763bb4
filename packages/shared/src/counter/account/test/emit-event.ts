// Writes an event of the catalogue, with the data of its example.
import { newId } from '../../../ground/contract';
import { specOf, type EventType } from '../../../ground/events';
import { sql } from '../../../base/db';
import type { Service } from '../../../house-keeping/process';

/** Returns its id. */
export async function emitEvent(
  { db, product, clock }: Pick<Service, 'db' | 'product' | 'clock'>,
  accountId: string,
  type: EventType,
): Promise<string> {
  const { subject, example } = specOf(type);
  const event = { id: newId('evt', clock.nowMs()), type, subject, data: example };
  await db.platform.$queryRaw(
    sql`SELECT platform.emit_events(${accountId}, ${product}, ${JSON.stringify([event])}::jsonb)::text`,
  );
  return event.id;
}
