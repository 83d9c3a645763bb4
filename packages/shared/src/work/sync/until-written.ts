import type { Synced } from './sync-once';

const TRIES = 3;

/**
 * Reads a row, asks the supplier and writes, until no other change came in between. `once` returns null when its row
 * had changed before it could write.
 */
export async function untilWritten<R>(once: () => Promise<Synced<R> | null>): Promise<Synced<R>> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const synced = await once();
    if (synced !== null) return synced;
  }
  return { kind: 'busy', operationId: null };
}
