// The events of servers and their snapshots.
import { z } from 'zod';
import {
  OPERATION_EXAMPLE,
  ORDER_EXAMPLE,
  TIME_EXAMPLE,
  allSyncedType,
  eventType,
  missingType,
  reminderType,
  renewFailedType,
  stageType,
  syncedType,
  time,
} from './event-type';

const ID = 'srv_01k000000000000000000000';
const about = {
  of: 'vps' as const,
  thing: 'a server',
  subject: ID,
  data: { server_id: z.string(), hostname: z.string(), reference: z.string().nullable() },
  example: { server_id: ID, hostname: 'web1.example.com', reference: null },
};
const aging = {
  ...about,
  data: { ...about.data, grace_ends_at: time },
  example: { ...about.example, grace_ends_at: TIME_EXAMPLE },
};
const acted = {
  of: 'vps' as const,
  subject: ID,
  data: z.strictObject({ server_id: z.string(), operation_id: z.string(), hostname: z.string() }),
  example: { server_id: ID, operation_id: OPERATION_EXAMPLE, hostname: 'web1.example.com' },
};
const snapshot = {
  of: 'vps' as const,
  thing: 'a snapshot',
  subject: 'snp_01k000000000000000000000',
  data: { snapshot_id: z.string(), server_id: z.string() },
  example: { snapshot_id: 'snp_01k000000000000000000000', server_id: ID },
};

/** Written at the end of an operation on a server. */
export const SERVER_ACTION_EVENTS = {
  'server.rebuilt': eventType({ ...acted, about: 'A server was rebuilt from an image.' }),
  'server.password_reset': eventType({ ...acted, about: 'A server has a new root password.' }),
  'server.suspended': eventType({ ...acted, about: 'A server was suspended.' }),
  'server.unsuspended': eventType({ ...acted, about: 'A suspended server runs again.' }),
  'server.deleted': eventType({ ...acted, about: 'A server was deleted; until its termination it can be undeleted.' }),
  'server.undeleted': eventType({ ...acted, about: 'A deleted server was taken back.' }),
  'server.terminated': eventType({ ...acted, about: 'A server and its data are gone for good.' }),
  'server.plan_changed': eventType({ ...acted, about: 'The plan of the next period is in force at a server.' }),
  'snapshot.ready': eventType({ ...acted, about: 'A snapshot of a server is complete.' }),
  'snapshot.restored': eventType({ ...acted, about: 'A server was set back to a snapshot.' }),
} as const;

export const SERVER_EVENTS = {
  ...SERVER_ACTION_EVENTS,
  'server.ready': eventType({
    of: 'vps',
    about: 'A new server is ready.',
    subject: ID,
    data: z.strictObject({
      server_id: z.string(),
      order_id: z.string(),
      hostname: z.string(),
      ips: z.array(z.string()),
    }),
    example: { server_id: ID, order_id: ORDER_EXAMPLE, hostname: 'web1.example.com', ips: ['203.0.113.10'] },
  }),
  'server.renewed': eventType({
    of: 'vps',
    about: 'A server was renewed.',
    subject: ID,
    data: z.strictObject({ server_id: z.string(), order_id: z.string(), expires_at: time }),
    example: { server_id: ID, order_id: ORDER_EXAMPLE, expires_at: TIME_EXAMPLE },
  }),
  'server.resized': eventType({
    of: 'vps',
    about: 'A server has another plan.',
    subject: ID,
    data: z.strictObject({
      server_id: z.string(),
      order_id: z.string(),
      from_plan_id: z.string(),
      plan_id: z.string(),
    }),
    example: { server_id: ID, order_id: ORDER_EXAMPLE, from_plan_id: 'vps-1', plan_id: 'vps-2' },
  }),
  'server.next_period_set': eventType({
    of: 'vps',
    about: 'The plan and the length of the next period of a server were bought.',
    subject: ID,
    data: z.strictObject({
      server_id: z.string(),
      order_id: z.string(),
      plan_id: z.string(),
      period_months: z.int(),
      starts_at: time,
    }),
    example: { server_id: ID, order_id: ORDER_EXAMPLE, plan_id: 'vps-1', period_months: 12, starts_at: TIME_EXAMPLE },
  }),
  'server.expiring': reminderType({ ...aging, about: 'A server expires in some days.' }, 7),
  'server.expired': reminderType({ ...aging, about: 'A server has expired.' }, 0),
  'server.grace': stageType({ ...aging, about: 'A server was not renewed in time; it runs on until its grace ends.' }),
  'server.auto_renew_failed': renewFailedType(aging),
  'server.synced': syncedType(about),
  'server.missing': missingType(about),
  'server.all_synced': allSyncedType('vps', 'servers'),
  'snapshot.synced': syncedType(snapshot),
  'snapshot.missing': missingType(snapshot),
} as const;
