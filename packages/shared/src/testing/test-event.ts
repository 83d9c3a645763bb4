// Events of the things that only tests sell.
import type { EventDraft } from '../ground/events';

/** Their first parts. The catalogue of events has none of them. */
export const TEST_NOUNS: readonly string[] = ['gadget', 'plant', 'riddle', 'test'];

export function testEvent(
  type: `${'gadget' | 'plant' | 'riddle' | 'test'}.${string}`,
  subject: string,
  data: object,
): EventDraft {
  return { type, subject, data } as unknown as EventDraft;
}
