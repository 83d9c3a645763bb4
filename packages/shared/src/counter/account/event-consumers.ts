// Consumers: readers of the feed whose position Lumi keeps, by the name that the customer gave them.
// Raw SQL: functions are called, and the mark of what is gone is a maximum over two feeds.
import { z } from 'zod';
import type { Product } from '../../ground/contract';
import { isoSeconds } from '../../ground/runtime';
import { emptySql, sql, type SqlRunner } from '../../base/db';
import type { Reach } from '../endpoint';

/** One name is one consumer, whichever products it reads. The number is in sql/event_ack.sql. */
export const CONSUMERS_MAX = 20;

export const consumerName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, hyphens and underscores')
  .meta({ example: 'erp' });

export const consumerSchema = z
  .object({
    consumer: consumerName.describe('The name of the reader, as you chose it.'),
    event_id: z
      .string()
      .describe('The last event that it has acknowledged: it goes on behind this one.')
      .meta({ example: 'evt_01k000000000000000000000' }),
    acknowledged_at: z.string().describe('When it acknowledged that event.').meta({ example: '2026-11-28T12:00:00Z' }),
  })
  .meta({ id: 'EventConsumer' });

interface Consumer {
  readonly name: string;
  readonly eventId: string;
  readonly ackedAt: Date;
}

export function viewConsumer({ name, eventId, ackedAt }: Consumer): z.output<typeof consumerSchema> {
  return { consumer: name, event_id: eventId, acknowledged_at: isoSeconds(ackedAt) };
}

interface Owner {
  readonly accountId: string;
  readonly product: Product;
}

/** At most `CONSUMERS_MAX`, by name. */
export async function listConsumers(db: SqlRunner, { accountId, product }: Owner): Promise<Consumer[]> {
  const rows = await db.$queryRaw<{ name: string; event_id: string; acked_at: Date }[]>(sql`
    SELECT name, event_id, acked_at FROM platform.event_consumer
    WHERE account_id = ${accountId} AND product = ${product} ORDER BY name COLLATE "C"`);
  return rows.map((row) => ({ name: row.name, eventId: row.event_id, ackedAt: row.acked_at }));
}

/** The number of the event that it has acknowledged. Null: none yet, so it begins with the oldest. */
export async function positionOf(db: SqlRunner, { accountId, product }: Owner, name: string): Promise<string | null> {
  const [row] = await db.$queryRaw<{ seq: bigint }[]>(sql`
    SELECT seq FROM platform.event_consumer
    WHERE account_id = ${accountId} AND product = ${product} AND name = ${name}`);
  return row?.seq.toString() ?? null;
}

/** Where the consumer is now; it never goes back. */
export async function acknowledge(
  db: SqlRunner,
  { accountId, product }: Owner,
  { name, eventId }: { name: string; eventId: string },
): Promise<Consumer | 'unknown' | 'full'> {
  const [row] = await db.$queryRaw<{ outcome: string; event_id: string; acked_at: Date }[]>(
    sql`SELECT * FROM platform.event_ack(${accountId}, ${product}, ${name}, ${eventId})`,
  );
  if (row === undefined || row.outcome === 'unknown') return 'unknown';
  return row.outcome === 'full' ? 'full' : { name, eventId: row.event_id, ackedAt: row.acked_at };
}

/** Where it was; null: there is none. */
export async function forgetConsumer(
  db: SqlRunner,
  { accountId, product }: Owner,
  name: string,
): Promise<Consumer | null> {
  const [row] = await db.$queryRaw<{ event_id: string | null; acked_at: Date }[]>(
    sql`SELECT * FROM platform.event_consumer_forget(${accountId}, ${product}, ${name})`,
  );
  return row === undefined || row.event_id === null ? null : { name, eventId: row.event_id, ackedAt: row.acked_at };
}

/** The last number behind a position whose event is no longer kept. Null: this feed has all events behind it. */
export async function forgottenBehind(
  db: SqlRunner,
  { reach, product }: { reach: Reach; product: Product },
  seq: string,
): Promise<string | null> {
  const whose = reach.kind === 'account' ? sql`account_id = ${reach.accountId} AND ` : emptySql;
  const [row] = await db.$queryRaw<{ seq: bigint | null }[]>(sql`
    SELECT max(seq) AS seq FROM platform.event_forgotten
    WHERE ${whose}feed IN (${product}, 'account') AND seq > ${seq}::bigint`);
  return row?.seq?.toString() ?? null;
}
