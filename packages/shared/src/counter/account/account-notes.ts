// What time brings to an account, as events: a key that is about to expire, renewals that the balance does not cover.
// Raw SQL: functions, which write each event once, whichever worker is first.
import { sql } from '../../base/db';
import type { Loop, Service } from '../../house-keeping/process';

const EVERY_MS = 600_000;
const ROUND = 100;

/** One round is one statement of each kind; there is more when one of them met as many rows as it may. */
export function accountNotesLoop({ db, product, clock }: Pick<Service, 'db' | 'product' | 'clock'>): Loop {
  return {
    name: 'account-notes',
    everyMs: EVERY_MS,
    run: async () => {
      let isMore = false;
      for (const step of [
        sql`SELECT platform.keys_note_expiring(${product}, ${ROUND}::int) AS count`,
        sql`SELECT platform.renewals_note_shortage(${clock.now()}, ${ROUND}::int) AS count`,
      ]) {
        const [met] = await db.platform.$queryRaw<{ count: number }[]>(step);
        isMore ||= met?.count === ROUND;
      }
      return isMore;
    },
  };
}
