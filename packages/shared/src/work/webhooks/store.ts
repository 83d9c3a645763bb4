// Reads and writes of endpoints and their deliveries for the API.
import { AppError, notFound, type Product } from '../../ground/contract';
import { given, inTransaction, seqBefore, sql, type Database, type PlatformClient } from '../../base/db';
import { ownedBy, type Reach } from '../../counter/endpoint';

export type WebhookRow = NonNullable<Awaited<ReturnType<PlatformClient['webhook']['findFirst']>>>;
export type DeliveryRow = NonNullable<Awaited<ReturnType<PlatformClient['webhookDelivery']['findFirst']>>>;
export type AttemptRow = NonNullable<Awaited<ReturnType<PlatformClient['webhookAttempt']['findFirst']>>>;

export interface Whose {
  readonly reach: Reach;
  readonly product: Product;
}

interface Before {
  readonly limit: number;
  readonly beforeSeq: string | null;
}

/** At most so many endpoints of an account and product. */
export const WEBHOOKS_MAX = 10;

export function listWebhooks(db: PlatformClient, { reach, product }: Whose, page: Before): Promise<WebhookRow[]> {
  return db.webhook.findMany({
    where: { product, deleted_at: null, ...ownedBy(reach), ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
}

export async function requireWebhook(db: PlatformClient, { reach, product }: Whose, id: string): Promise<WebhookRow> {
  const row = await db.webhook.findFirst({ where: { id, product, deleted_at: null, ...ownedBy(reach) } });
  if (row === null) throw notFound();
  return row;
}

export interface NewWebhook {
  readonly id: string;
  readonly product: Product;
  readonly accountId: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly description: string | null;
  readonly sealed: Buffer;
}

/** False: the account has as many as it may have. */
export async function createWebhook(db: Pick<Database, 'platform'>, one: NewWebhook): Promise<boolean> {
  // Raw SQL: a function.
  const [row] = await db.platform.$queryRaw<{ made: boolean }[]>(sql`
    SELECT platform.webhook_create(${one.id}, ${one.product}, ${one.accountId}, ${one.url}, ${[...one.events]}::text[],
      ${one.description}::text, ${one.sealed}::bytea, ${WEBHOOKS_MAX}::int) AS made`);
  return row?.made === true;
}

export interface WebhookChange {
  readonly url?: string | undefined;
  readonly events?: string[] | undefined;
  readonly description?: string | null | undefined;
  readonly enabled?: boolean | undefined;
}

export async function changeWebhook(
  db: Pick<Database, 'platform'>,
  { id, product }: WebhookRow,
  { enabled, ...fields }: WebhookChange,
  now: Date,
): Promise<void> {
  const { url, events, description } = fields;
  await inTransaction(db, async (tx) => {
    // Raw SQL: in one transaction with functions that switch it.
    await tx.$executeRaw(sql`
      UPDATE platform.webhook SET url = coalesce(${url ?? null}::text, url),
        events = coalesce(${events ?? null}::text[], events),
        description = CASE WHEN ${description !== undefined}::boolean THEN ${description ?? null}::text
          ELSE description END, updated_at = ${now}::timestamptz
      WHERE id = ${id} AND product = ${product} AND deleted_at IS NULL`);
    // Raw SQL: a function.
    if (enabled === true) await tx.$queryRaw(sql`SELECT platform.webhook_switch_on(${product}, ${id})::text`);
    if (enabled === false)
      // Raw SQL: a function.
      await tx.$queryRaw(sql`SELECT platform.webhook_switch_off(${product}, ${id}, 'requested', NULL)::text`);
  });
}

/** Its deliveries go later, in steps (retention). Its secrets go now. */
export async function deleteWebhook(db: PlatformClient, { id, product }: WebhookRow, now: Date): Promise<void> {
  const gone = { enabled: false, secret: new Uint8Array(), old_secret: null, old_secret_until: null };
  await db.webhook.updateMany({ where: { id, product, deleted_at: null }, data: { ...gone, deleted_at: now } });
}

/** The secret of before goes on until `oldUntil`; null: it ends now. */
export async function rotateSecret(
  db: PlatformClient,
  { id, product }: WebhookRow,
  sealed: Buffer,
  oldUntil: Date | null,
): Promise<void> {
  // Raw SQL: the old secret is the row's own.
  await db.$executeRaw(sql`
    UPDATE platform.webhook SET secret = ${sealed}::bytea, old_secret_until = ${oldUntil}::timestamptz,
      old_secret = CASE WHEN ${oldUntil !== null}::boolean THEN secret END, updated_at = now()
    WHERE id = ${id} AND product = ${product} AND deleted_at IS NULL`);
}

export interface DeliveryFilter {
  readonly state?: string | undefined;
  readonly event_id?: string | undefined;
  readonly type?: string | undefined;
}

export function listDeliveries(
  db: PlatformClient,
  { id, product }: WebhookRow,
  { state, event_id, type }: DeliveryFilter,
  page: Before,
): Promise<DeliveryRow[]> {
  return db.webhookDelivery.findMany({
    where: { webhook_id: id, product, ...given({ state, event_id, type }), ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
}

export async function requireDelivery(
  db: PlatformClient,
  { id: webhookId, product }: WebhookRow,
  id: string,
): Promise<DeliveryRow & { readonly attempts: readonly AttemptRow[] }> {
  const row = await db.webhookDelivery.findFirst({
    where: { webhook_id: webhookId, id, product },
    include: { attempts: { orderBy: { number: 'asc' }, take: 50 } },
  });
  if (row === null) throw notFound();
  return row;
}

const REFUSALS = {
  under_way: 'An attempt of this delivery is under way.',
  disabled: 'The endpoint is switched off; switch it on with PATCH first.',
  gone: 'The event is no longer kept.',
} as const;

export function switchedOff(): AppError {
  return new AppError('state_conflict', REFUSALS.disabled);
}

export async function redeliver(
  db: PlatformClient,
  { id, product }: WebhookRow,
  deliveryId: string,
  now: Date,
): Promise<void> {
  // Raw SQL: a function.
  const [row] = await db.$queryRaw<{ outcome: 'due' | 'not_found' | keyof typeof REFUSALS }[]>(sql`
    SELECT platform.webhook_redeliver(${product}, ${id}, ${deliveryId}, ${now}::timestamptz) AS outcome`);
  const outcome = row?.outcome ?? 'not_found';
  if (outcome === 'not_found') throw notFound();
  if (outcome !== 'due') throw new AppError('state_conflict', REFUSALS[outcome]);
}

/** At most so many of each kind at a time. */
const RECOVERED_MAX = 10_000;

/** Null: it is switched off. */
export async function recover(
  db: PlatformClient,
  { id, product }: WebhookRow,
  between: { readonly since: Date; readonly until: Date },
  now: Date,
): Promise<number | null> {
  // Raw SQL: a function.
  const [row] = await db.$queryRaw<{ count: number | null }[]>(sql`
    SELECT platform.webhook_recover(${product}, ${id}, ${between.since}::timestamptz, ${between.until}::timestamptz,
      ${RECOVERED_MAX}::int, ${now}::timestamptz) AS count`);
  return row?.count ?? null;
}

export interface TestDelivery {
  readonly eventId: string;
  readonly type: string;
  readonly body: string;
}

/** False: it is switched off. */
export async function createTest(
  db: PlatformClient,
  { id, product }: WebhookRow,
  { eventId, type, body }: TestDelivery,
  now: Date,
): Promise<boolean> {
  // Raw SQL: a function.
  const [row] = await db.$queryRaw<{ made: boolean }[]>(sql`
    SELECT platform.webhook_test(${product}, ${id}, ${eventId}, ${type}, ${body}, ${now}::timestamptz) AS made`);
  return row?.made === true;
}

/** Of an event, and of the test of an endpoint. */
export function deliveryIdOf(eventId: string): string {
  return `dlv_${eventId.slice('evt_'.length)}`;
}
