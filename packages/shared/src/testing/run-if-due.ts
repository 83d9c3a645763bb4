// A round of a worker's loop as a worker makes it: when its condition says that there is work, and not otherwise.
import { sql } from '../base/db';
import type { Loop, Service } from '../house-keeping/service';

/** True when there is more work now. */
export async function runIfDue({ db }: Pick<Service, 'db'>, loop: Loop): Promise<boolean> {
  if (loop.due === undefined) return loop.run();
  const [row] = await db.direct.$queryRaw<{ due: boolean }[]>(sql`SELECT ${loop.due()} AS due`);
  return row?.due === true && (await loop.run());
}
