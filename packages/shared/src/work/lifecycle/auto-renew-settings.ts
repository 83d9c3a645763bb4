// How an account wants its renewals made: whether, within which limits, and what comes first when the balance is short.
// Raw SQL: functions; the settings come with what was spent.
import type { Product } from '../../ground/contract';
import { sql, type SqlRunner } from '../../base/db';
import type { Units } from '../../ground/money';

export const PRIORITIES = ['soonest', 'cheapest', 'dearest'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface AutoRenewSettings {
  readonly enabled: boolean;
  readonly dailyCap: Units | null;
  readonly monthlyCap: Units | null;
  /** A dearer renewal is not made. */
  readonly maxPrice: Units | null;
  readonly priority: Priority;
  readonly priorityTags: readonly string[];
  readonly updatedAt: Date | null;
  readonly spentToday: Units;
  readonly spentThisMonth: Units;
}

export async function readSettings(db: SqlRunner, product: Product, accountId: string): Promise<AutoRenewSettings> {
  const rows = await db.$queryRaw<SettingsRow[]>(sql`
    SELECT s.enabled, s.daily_cap, s.monthly_cap, s.max_price, s.priority, s.priority_tags, s.updated_at, spent.today,
      spent.month
    FROM platform.auto_renew_spent(${accountId}, ${product}) spent LEFT JOIN platform.auto_renew_settings s
      ON s.account_id = ${accountId} AND s.product = ${product}`);
  const row = rows[0];
  if (row === undefined) throw new Error('a function without rows');
  return {
    enabled: row.enabled ?? true,
    dailyCap: row.daily_cap,
    monthlyCap: row.monthly_cap,
    maxPrice: row.max_price,
    priorityTags: row.priority_tags ?? [],
    updatedAt: row.updated_at,
    priority: row.priority ?? 'soonest',
    spentToday: row.today,
    spentThisMonth: row.month,
  };
}

/** Applies to every renewal that begins after this. */
export async function writeSettings(
  db: SqlRunner,
  product: Product,
  accountId: string,
  settings: AutoRenewSettings,
  now: Date,
): Promise<void> {
  await db.$queryRaw(sql`
    SELECT platform.auto_renew_configure(${accountId}, ${product}, ${settings.enabled}, ${settings.dailyCap}::bigint,
      ${settings.monthlyCap}::bigint, ${settings.maxPrice}::bigint,
      ${settings.priority}, ${[...settings.priorityTags]}::text[], ${now}::timestamptz)::text`);
}

interface SettingsRow {
  readonly enabled: boolean | null;
  readonly daily_cap: bigint | null;
  readonly monthly_cap: bigint | null;
  readonly max_price: bigint | null;
  readonly priority: Priority | null;
  readonly priority_tags: string[] | null;
  readonly updated_at: Date | null;
  readonly today: bigint;
  readonly month: bigint;
}
