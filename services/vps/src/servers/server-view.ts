// The view of a server for callers.
import { z } from 'zod';
import { ability, abilitySchema, type Ability } from '@lumi/shared/lifecycle';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { isoSeconds } from '@lumi/shared/runtime';
import { LIFECYCLES, POWERS, type Server } from '../store/servers';
import { ACTION_NAMES, refusalOf, type ActionName } from './server-rules';

const time = z.string().meta({ example: '2026-06-09T12:00:00Z' });

export const serverSchema = z
  .object({
    id: z.string().meta({ example: 'srv_01k000000000000000000000' }),
    user_id: z.string(),
    order_id: z.string().describe('The order that bought it.'),
    hostname: z.string(),
    label: z.string().nullable(),
    plan_id: z.string().describe('Its plan.').meta({ example: 's1' }),
    location_id: z.string().describe('Where it stands.').meta({ example: 'hel' }),
    image_id: z.string().describe('The image it was made from.').meta({ example: 'debian-13' }),
    lifecycle: z
      .enum(LIFECYCLES)
      .describe(
        '`grace`: expired, still running. `suspended`: switched off; a renewal brings it back. ' +
          '`terminating`: deleted, can be brought back until `terminates_at`.',
      ),
    power: z.enum(POWERS).describe('Whether it runs.'),
    busy: z
      .object({ operation_id: z.string(), action: z.string().describe('What is done.').meta({ example: 'reboot' }) })
      .nullable()
      .describe('The operation that runs on it.'),
    suspension: z
      .object({
        kind: z.enum(['unpaid', 'abuse', 'traffic', 'operator']),
        since: time,
        reason: z.string().nullable(),
        deadline: time.nullable(),
      })
      .nullable(),
    ips: z.array(
      z.object({
        ip: z.string(),
        version: z.union([z.literal(4), z.literal(6)]),
        rdns: z.string().nullable(),
        primary: z.boolean(),
      }),
    ),
    gateway: z.string().nullable(),
    ssh_key_ids: z
      .array(z.string().meta({ example: 'ssh_01k000000000000000000000' }))
      .describe('The keys it was made with.'),
    period_months: z.int().describe('How long a renewal lasts.'),
    created_at: time,
    ready_at: time.nullable(),
    expires_at: time.nullable(),
    grace_ends_at: time.nullable().describe('Set in grace: when it is suspended.'),
    terminates_at: time.nullable().describe('Set when suspended or deleted: when the data is gone.'),
    next_period: z
      .object({
        plan_id: z.string().describe('The plan it will have.'),
        period_months: z.int(),
        starts_at: time.nullable(),
        is_paid: z.boolean().describe('Whether a renewal has paid for it: then it cannot be taken back.'),
      })
      .nullable()
      .describe('What the next period is to be, where that is another plan or length; a renewal is priced by it.'),
    auto_renew: z.boolean(),
    renew_price_usd: usdOutput.nullable(),
    protection: z
      .boolean()
      .describe(
        'Protected servers cannot be deleted, rebuilt or put back to a snapshot, and their snapshots cannot ' +
          'be deleted.',
      ),
    delete_at_expiry: z.boolean(),
    can: z
      .object(
        Object.fromEntries(ACTION_NAMES.map((action) => [action, abilitySchema])) as Record<
          (typeof ACTION_NAMES)[number],
          typeof abilitySchema
        >,
      )
      .describe('What can be done with it now.'),
    tags: z.array(z.string()),
    reference: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    synced_at: time.nullable().describe('When it was last looked at where it runs, by `POST /servers/{id}/sync`.'),
    missing_since: time
      .nullable()
      .describe(
        'Since when its machine is not found where it ran. Nothing can be done with it until that is ' +
          'cleared up, except deleting it; null: all is well.',
      ),
  })
  .meta({ id: 'Server' });

export type ServerView = z.output<typeof serverSchema>;

export function viewServer(server: Server): ServerView {
  const isSuspended = server.lifecycle === 'suspended';
  const isGoing = isSuspended || server.lifecycle === 'terminating';
  return {
    id: server.id,
    user_id: server.accountId,
    order_id: server.orderId,
    hostname: server.hostname,
    label: server.label,
    plan_id: server.planId,
    location_id: server.locationId,
    image_id: server.imageId,
    lifecycle: server.lifecycle,
    power: server.power,
    busy: server.busy === null ? null : { operation_id: server.busy.operationId, action: server.busy.action },
    suspension:
      server.suspension === null
        ? null
        : {
            kind: server.suspension.kind,
            since: isoSeconds(server.suspension.since),
            reason: server.suspension.reason,
            deadline: iso(server.terminatesAt),
          },
    ips: server.addresses.map(({ ip, version, rdns, primary }) => ({ ip, version, rdns, primary })),
    gateway: server.gateway,
    ssh_key_ids: [...server.sshKeyIds],
    period_months: server.periodMonths,
    created_at: isoSeconds(server.createdAt),
    ready_at: iso(server.readyAt),
    expires_at: iso(server.expiresAt),
    grace_ends_at: server.lifecycle === 'grace' ? iso(server.graceEndsAt) : null,
    terminates_at: isGoing ? iso(server.terminatesAt) : null,
    next_period: nextPeriod(server),
    auto_renew: server.autoRenew,
    renew_price_usd: server.renewPrice === null ? null : formatUsd(server.renewPrice),
    protection: server.protection,
    delete_at_expiry: server.deleteAtExpiry,
    can: Object.fromEntries(ACTION_NAMES.map((action) => [action, viewAbility(action, server)])) as ServerView['can'],
    tags: [...server.tags],
    reference: server.reference,
    metadata: server.metadata === null ? null : { ...server.metadata },
    synced_at: iso(server.syncedAt),
    missing_since: iso(server.missingSince),
  };
}

function nextPeriod(server: Server): ServerView['next_period'] {
  if (server.nextPlanId === null && server.nextPeriodMonths === null) return null;
  return {
    plan_id: server.nextPlanId ?? server.planId,
    period_months: server.nextPeriodMonths ?? server.periodMonths,
    starts_at: iso(server.nextPlanFrom ?? server.expiresAt),
    is_paid: server.nextPlanFrom !== null,
  };
}

function viewAbility(action: ActionName, server: Server): Ability {
  return ability(
    refusalOf(action, server),
    action === 'renew'
      ? { price: server.renewPrice, until: server.terminatesAt }
      : action === 'undelete'
        ? { until: server.terminatesAt }
        : {},
  );
}

function iso(date: Date | null): string | null {
  return date === null ? null : isoSeconds(date);
}
