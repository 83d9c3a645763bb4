// The views of traffic plans and sub-users for callers.
import { z } from 'zod';
import { ability, abilitySchema } from '@lumi/shared/lifecycle';
import { isoSeconds } from '@lumi/shared/runtime';
import { MASKED } from '../access/credentials';
import { freeOf, isExhausted, usedOf, type NewPlan, type PlanRow } from '../store/traffic';
import type { SubuserRow } from '../store/subusers';
import { SUSPENDED_TEXT, suspendedSchema } from './suspended';

const BYTES_PER_GB = 1_000_000_000;
const gigabytes = z.number().describe('Gigabytes of 10^9 bytes.');

export const planSchema = z
  .object({
    id: z.string().meta({ example: 'tpl_01k000000000000000000000' }),
    order_id: z.string(),
    pool: z.string(),
    state: z.enum(['active', 'exhausted', 'expired']),
    host: z.string(),
    port: z.int(),
    port_socks: z.int(),
    username: z.string(),
    password: z.string().describe('Masked; `?reveal=1` shows it, to keys with `proxy:write`, and is recorded.'),
    old_credentials_until: z.string().nullable().describe('Until then the pair before the last change works too.'),
    suspended: suspendedSchema,
    gb_total: gigabytes,
    gb_used: gigabytes.describe('Used by the plan itself; what sub-users use counts against what they were given.'),
    gb_used_with_subusers: gigabytes.describe('Used by the plan and its sub-users together.'),
    gb_reserved: gigabytes.describe('Given to sub-users.'),
    gb_free: gigabytes,
    alerts_gb: z.array(gigabytes).describe('An event `traffic.alert` comes when so much is used, sub-users included.'),
    hard_stop_gb: gigabytes.nullable().describe('When so much is used, sub-users included, nothing more passes.'),
    rollover: z.boolean().describe('A top-up keeps what is left and extends the plan.'),
    expires_at: z.string(),
    is_applied: z.boolean(),
    label: z.string().nullable(),
    tags: z.array(z.string()),
    reference: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    can: z.object({ topup: abilitySchema, generate: abilitySchema }),
    created_at: z.string(),
    updated_at: z.string(),
    synced_at: z
      .string()
      .nullable()
      .describe('When the network was last asked about it, by `POST /traffic-plans/{id}/sync`.'),
    missing_since: z
      .string()
      .nullable()
      .describe(
        'Since when the network does not know it. It cannot be topped up until that is cleared up; null: all is well.',
      ),
  })
  .meta({ id: 'TrafficPlan' });

export function viewPlan(row: PlanRow, now: Date, password: string = MASKED): z.output<typeof planSchema> {
  const left = freeOf(row);
  const isOver = row.expires_at <= now;
  return {
    id: row.id,
    order_id: row.order_id,
    pool: row.pool,
    state: isOver ? 'expired' : isExhausted(row) ? 'exhausted' : 'active',
    host: row.host,
    port: row.port,
    port_socks: row.port_socks,
    username: row.username,
    password,
    old_credentials_until: graceOf(row, now),
    suspended: row.suspended_for === null ? null : { reason: row.suspended_for },
    gb_total: gb(row.bytes_total),
    gb_used: gb(row.bytes_used),
    gb_used_with_subusers: gb(usedOf(row)),
    gb_reserved: gb(row.bytes_allocated),
    gb_free: gb(left > 0n ? left : 0n),
    alerts_gb: row.alerts.map(gb),
    hard_stop_gb: row.bytes_stop === null ? null : gb(row.bytes_stop),
    rollover: true,
    expires_at: isoSeconds(row.expires_at),
    is_applied: row.access_applied >= row.access_version,
    label: row.label,
    tags: [...row.tags],
    reference: row.reference,
    metadata: row.metadata === null ? null : { ...row.metadata },
    can: {
      topup: ability(
        row.suspended_for !== null
          ? SUSPENDED_TEXT
          : row.missing_since === null
            ? null
            : 'The network does not know it any more.',
      ),
      generate: ability(isOver ? 'It has expired.' : null),
    },
    created_at: isoSeconds(row.created_at),
    updated_at: isoSeconds(row.updated_at),
    synced_at: row.synced_at === null ? null : isoSeconds(row.synced_at),
    missing_since: row.missing_since === null ? null : isoSeconds(row.missing_since),
  };
}

export function rowOfNewPlan(plan: NewPlan): PlanRow {
  return {
    ...plan,
    seq: 0n,
    bytes_leased: 0n,
    subusers_used: 0n,
    subusers_leased: 0n,
    alerts: [],
    next_alert: null,
    is_exhausted_told: false,
    bytes_stop: null,
    bytes_cap: null,
    old_username: null,
    last_used_at: null,
    suspended_for: null,
    old_password: null,
    old_until: null,
    bytes_used: 0n,
    bytes_allocated: 0n,
    synced_at: null,
    missing_since: null,
    access_version: 1,
    access_applied: 0,
    updated_at: plan.created_at,
  };
}

export const subuserSchema = z
  .object({
    id: z.string().meta({ example: 'sub_01k000000000000000000000' }),
    traffic_plan_id: z.string(),
    username: z.string(),
    password: z.string().describe('In clear once, in the answer that created it or changed it; masked after that.'),
    old_credentials_until: z.string().nullable().describe('Until then the pair before the last change works too.'),
    suspended: suspendedSchema,
    status: z.enum(['active', 'disabled']),
    limit_gb: gigabytes,
    used_gb: gigabytes,
    expires_at: z.string().nullable(),
    domains_block: z.array(z.string()).meta({ example: ['ads.example.com'] }),
    domains_allow: z.array(z.string()).meta({ example: ['shop.example.com'] }),
    concurrency: z.int().nullable().describe('Connections at the same time; null: as many as the pool allows.'),
    bandwidth_mbps: z.int().nullable(),
    is_applied: z.boolean(),
    label: z.string().nullable(),
    reference: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
    synced_at: z
      .string()
      .nullable()
      .describe('When the network was last asked about it, by `POST /subusers/{id}/sync`.'),
  })
  .meta({ id: 'Subuser' });

export function viewSubuser(row: SubuserRow, now: Date, password: string = MASKED): z.output<typeof subuserSchema> {
  const reason = row.suspended_for ?? row.plan_suspended_for;
  return {
    id: row.id,
    traffic_plan_id: row.plan_id,
    username: row.username,
    password,
    old_credentials_until: graceOf(row, now),
    suspended: reason === null ? null : { reason },
    status: row.status === 'active' ? 'active' : 'disabled',
    limit_gb: gb(row.bytes_limit),
    used_gb: gb(row.bytes_used),
    expires_at: row.expires_at === null ? null : isoSeconds(row.expires_at),
    domains_block: [...row.blocked_domains],
    domains_allow: [...(row.allowed_domains ?? [])],
    concurrency: row.concurrency,
    bandwidth_mbps: row.bandwidth_mbps,
    is_applied: row.access_applied >= row.access_version,
    label: row.label,
    reference: row.reference,
    created_at: isoSeconds(row.created_at),
    updated_at: isoSeconds(row.updated_at),
    synced_at: row.synced_at === null ? null : isoSeconds(row.synced_at),
  };
}

/** Bytes as gigabytes. Traffic is not money: a number is exact far beyond any plan. */
export function gb(bytes: bigint): number {
  return Number(bytes) / BYTES_PER_GB;
}

function graceOf({ old_until: until }: Pick<PlanRow, 'old_until'>, now: Date): string | null {
  return until === null || until <= now ? null : isoSeconds(until);
}
