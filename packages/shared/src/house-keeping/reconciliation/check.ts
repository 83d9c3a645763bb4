// One part of what is reconciled: its name, and how its contradictions are found. It reads and never repairs.
import type { Database, Sql } from '../../base/db';
import { audit, auditRules, type Breach } from '../../base/ledger';

type Db = Database['platform'];
type Rules = readonly (readonly [string, Sql])[];

export interface Check {
  /**
   * `books` is the same in every product; any worker checks it, as lumi_admin. A product's own scope has its name; that
   * of its deposits is `deposits-` and its name.
   */
  readonly scope: string;
  /** The worker that takes the round and reports it. */
  readonly db: Db;
  find(): Promise<readonly Breach[]>;
}

/** The ledger's own rules and those of the rooms that keep money rows. */
export function checkOfBooks(db: Db, extraRules: Rules): Check {
  return { scope: 'books', db, find: () => confirmed(() => audit(db, extraRules)) };
}

export function checkOfRules(scope: string, db: Db, rules: Rules): Check {
  return { scope, db, find: () => confirmed(() => auditRules(db, rules)) };
}

/**
 * Each breach is checked a second time, because two systems that are written one after the other may differ for a
 * moment.
 */
export async function confirmed(find: () => Promise<readonly Breach[]>): Promise<readonly Breach[]> {
  const first = await find();
  if (first.length === 0) return first;
  const before = new Set(first.map(identity));
  return (await find()).filter((breach) => before.has(identity(breach)));
}

function identity({ rule, subject }: Breach): string {
  return JSON.stringify([rule, subject]);
}
