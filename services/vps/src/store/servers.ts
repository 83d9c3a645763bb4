// Reads of servers. Every query takes a reach: one account, or all accounts for operators.
// Raw SQL: a server comes with its lock, price and addresses; lists page by the chosen order.
import { sql, type Sql, type SqlRunner } from '@lumi/shared/db';
import type { Reach } from '@lumi/shared/endpoint';
import { Sorting, whereThings, within, type SortedPage, type SortedRow, type ThingFilter } from '@lumi/shared/listing';
import type { JsonObject } from '@lumi/shared/purchase';
import type { MachineAddress, Power } from '../supplier/hypervisor';
import type { Stretch } from './stretch';

export const LIFECYCLES = [
  'provisioning',
  'active',
  'grace',
  'suspended',
  'terminating',
  'terminated',
  'failed',
] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];
export const POWERS = ['running', 'stopped', 'paused', 'unknown'] as const;
export type SuspensionKind = 'unpaid' | 'abuse' | 'traffic' | 'operator';

export interface Server {
  readonly seq: bigint;
  readonly id: string;
  readonly accountId: string;
  readonly orderId: string;
  /** Its name at the supplier. */
  readonly machine: string;
  readonly hostname: string;
  readonly label: string | null;
  readonly planId: string;
  readonly locationId: string;
  readonly imageId: string;
  readonly periodMonths: number;
  readonly lifecycle: Lifecycle;
  readonly power: Power;
  readonly busy: { readonly operationId: string; readonly action: string } | null;
  readonly suspension: { readonly kind: SuspensionKind; readonly since: Date; readonly reason: string | null } | null;
  readonly addresses: readonly MachineAddress[];
  readonly gateway: string | null;
  readonly sshKeyIds: readonly string[];
  readonly autoRenew: boolean;
  readonly protection: boolean;
  readonly renewing: string | null;
  readonly deleteAtExpiry: boolean;
  /** The stretches of its paid time. The last one ends at `expiresAt`. */
  readonly stretches: readonly Stretch[];
  /** The day of the month from which months are counted. */
  readonly anchorDay: number | null;
  /** Plan and length of the next period when they differ from the present ones. */
  readonly nextPlanId: string | null;
  readonly nextPeriodMonths: number | null;
  /** When the next plan begins. Set when a renewal has paid for it. */
  readonly nextPlanFrom: Date | null;
  /** Null when this plan is no longer sold for this period. */
  readonly renewPrice: bigint | null;
  readonly reference: string | null;
  readonly tags: readonly string[];
  readonly metadata: JsonObject | null;
  readonly createdAt: Date;
  readonly readyAt: Date | null;
  readonly expiresAt: Date | null;
  readonly graceEndsAt: Date | null;
  readonly terminatesAt: Date | null;
  readonly terminatedAt: Date | null;
  /** When the supplier was last asked about it. */
  readonly syncedAt: Date | null;
  /** Since when the supplier does not know its machine. Null: it knows it. */
  readonly missingSince: Date | null;
}

const SERVER = sql`
  s.*, l.operation_id AS lock_operation_id, l.action AS lock_action, p.renew_price,
  coalesce((SELECT jsonb_agg(jsonb_build_object('ip', host(a.ip), 'version', a.version, 'rdns', a.rdns, 'primary',
    a.is_primary) ORDER BY a.version, a.ip)
    FROM vps.address a WHERE a.server_id = s.id), '[]'::jsonb) AS addresses`;
/** The price `p` of a renewal of the server `s`, for the plan and length of its next period. */
export const NEXT_PRICE = sql`p.plan_id = coalesce(s.next_plan_id, s.plan_id) AND p.location_id = s.location_id
  AND p.period_months = coalesce(s.next_period_months, s.period_months)`;
const JOINED = sql`
  FROM vps.server s
  LEFT JOIN vps.server_lock l ON l.server_id = s.id
  LEFT JOIN vps.plan_price p ON ${NEXT_PRICE}`;

export async function findServer(db: SqlRunner, reach: Reach, id: string): Promise<Server | null> {
  const rows = await db.$queryRaw<ServerRow[]>(
    sql`SELECT ${SERVER} ${JOINED} WHERE s.id = ${id} AND ${within(reach, 's')}`,
  );
  return rows[0] === undefined ? null : serverOfRow(rows[0]);
}

/** With the version of its row. Any change makes a new version. */
export async function findServerVersion(
  db: SqlRunner,
  reach: Reach,
  id: string,
): Promise<{ readonly server: Server; readonly version: string } | null> {
  const rows = await db.$queryRaw<(ServerRow & { version: string })[]>(
    sql`SELECT ${SERVER}, s.xmin::text AS version ${JOINED} WHERE s.id = ${id} AND ${within(reach, 's')}`,
  );
  return rows[0] === undefined ? null : { server: serverOfRow(rows[0]), version: rows[0].version };
}

/** Those of `ids` that exist within the reach, in any order. */
export async function findServers(db: SqlRunner, reach: Reach, ids: readonly string[]): Promise<Server[]> {
  const rows = await db.$queryRaw<ServerRow[]>(
    sql`SELECT ${SERVER} ${JOINED} WHERE s.id = ANY (${[...ids]}::text[]) AND ${within(reach, 's')}`,
  );
  return rows.map(serverOfRow);
}

export type ServerFilter = Partial<ThingFilter> & {
  readonly lifecycle?: string | undefined;
  readonly power?: string | undefined;
  readonly location_id?: string | undefined;
  readonly plan_id?: string | undefined;
  readonly hostname?: string | undefined;
  readonly ip?: string | undefined;
};

export const SORTING = Sorting.newestFirst('s', {
  expires_at: { column: sql`coalesce(s.expires_at, 'infinity')`, type: 'timestamptz' },
  hostname: { column: sql`s.hostname`, type: 'text' },
});

const TABLE = { alias: 's', search: [sql`s.hostname`, sql`s.label`] };

/**
 * One more than the limit, newest first by default. Deleted servers are shown only when the filter asks for their
 * state.
 */
export async function listServers(
  db: SqlRunner,
  reach: Reach,
  filter: ServerFilter,
  { limit, now, sort = SORTING.fallback, after = null }: SortedPage<typeof SORTING.fallback>,
): Promise<(Server & SortedRow)[]> {
  const { lifecycle, power, location_id: locationId, plan_id: planId, hostname, ip } = filter;
  const rows = await db.$queryRaw<(ServerRow & SortedRow)[]>(sql`
    SELECT ${SERVER}, ${SORTING.select(sort)} ${JOINED} ${whereThings(TABLE, reach, filter, [
      lifecycle === undefined
        ? sql`s.lifecycle NOT IN ('terminated', 'failed')`
        : sql`${lifecycleSql(now)} = ${lifecycle}`,
      power === undefined ? null : sql`s.power = ${power}`,
      locationId === undefined ? null : sql`s.location_id = ${locationId}`,
      planId === undefined ? null : sql`s.plan_id = ${planId}`,
      hostname === undefined ? null : sql`s.hostname = ${hostname}`,
      ip === undefined
        ? null
        : sql`EXISTS (SELECT 1 FROM vps.address a WHERE a.server_id = s.id AND a.ip = ${ip}::inet)`,
      SORTING.after(sort, after),
    ])} ${SORTING.orderBy(sort)} LIMIT ${limit + 1}::int`);
  return rows.map((row) => ({ ...serverOfRow(row), sort_key: row.sort_key, sort_tie: row.sort_tie }));
}

/** The state of a row of `vps.server` at a moment: what the clock says, independent of the worker's last round. */
export function lifecycleSql(now: Date): Sql {
  return sql`CASE WHEN lifecycle = 'active' AND expires_at <= ${now}::timestamptz THEN 'grace'
    WHEN lifecycle = 'suspended' AND terminates_at <= ${now}::timestamptz THEN 'terminating' ELSE lifecycle END`;
}

interface ServerRow {
  readonly seq: bigint;
  readonly id: string;
  readonly account_id: string;
  readonly order_id: string;
  readonly machine: string;
  readonly hostname: string;
  readonly label: string | null;
  readonly plan_id: string;
  readonly location_id: string;
  readonly image_id: string;
  readonly period_months: number;
  readonly lifecycle: string;
  readonly power: string;
  readonly suspension_kind: string | null;
  readonly suspended_at: Date | null;
  readonly suspension_reason: string | null;
  readonly ssh_key_ids: string[];
  readonly gateway_ip: string | null;
  readonly auto_renew: boolean;
  readonly protection: boolean;
  readonly reference: string | null;
  readonly tags: string[];
  readonly metadata: JsonObject | null;
  readonly renewing: string | null;
  readonly delete_at_expiry: boolean;
  readonly created_at: Date;
  readonly ready_at: Date | null;
  readonly expires_at: Date | null;
  readonly grace_ends_at: Date | null;
  readonly terminates_at: Date | null;
  readonly terminated_at: Date | null;
  readonly synced_at: Date | null;
  readonly missing_since: Date | null;
  readonly lock_operation_id: string | null;
  readonly lock_action: string | null;
  readonly renew_price: bigint | null;
  readonly stretches: Stretch[];
  readonly anchor_day: number | null;
  readonly next_plan_id: string | null;
  readonly next_period_months: number | null;
  readonly next_plan_from: Date | null;
  readonly addresses: MachineAddress[];
}

function serverOfRow(row: ServerRow): Server {
  return {
    seq: row.seq,
    id: row.id,
    accountId: row.account_id,
    orderId: row.order_id,
    machine: row.machine,
    hostname: row.hostname,
    label: row.label,
    planId: row.plan_id,
    locationId: row.location_id,
    imageId: row.image_id,
    periodMonths: row.period_months,
    lifecycle: row.lifecycle as Lifecycle,
    power: row.power as Power, // ensured by check constraints of the table
    busy: row.lock_operation_id === null ? null : { operationId: row.lock_operation_id, action: row.lock_action ?? '' },
    suspension:
      row.suspension_kind === null || row.suspended_at === null
        ? null
        : { kind: row.suspension_kind as SuspensionKind, since: row.suspended_at, reason: row.suspension_reason },
    addresses: row.addresses,
    gateway: row.gateway_ip,
    sshKeyIds: row.ssh_key_ids,
    autoRenew: row.auto_renew,
    protection: row.protection,
    renewing: row.renewing,
    deleteAtExpiry: row.delete_at_expiry,
    stretches: row.stretches,
    anchorDay: row.anchor_day,
    nextPlanId: row.next_plan_id,
    nextPeriodMonths: row.next_period_months,
    nextPlanFrom: row.next_plan_from,
    renewPrice: row.renew_price,
    reference: row.reference,
    tags: row.tags,
    metadata: row.metadata,
    createdAt: row.created_at,
    readyAt: row.ready_at,
    expiresAt: row.expires_at,
    graceEndsAt: row.grace_ends_at,
    terminatesAt: row.terminates_at,
    terminatedAt: row.terminated_at,
    syncedAt: row.synced_at,
    missingSince: row.missing_since,
  };
}
