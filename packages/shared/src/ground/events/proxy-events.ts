// The events of proxies, traffic plans and their sub-users.
import { z } from 'zod';
import {
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

const PROXY = 'prx_01k000000000000000000000';
const PLAN = 'trp_01k000000000000000000000';
const SUBUSER = 'sub_01k000000000000000000000';

const proxy = {
  of: 'proxy' as const,
  subject: PROXY,
  data: {
    proxy_id: z.string(),
    order_id: z.string(),
    product_id: z.string(),
    period_days: z.int(),
    reference: z.string().nullable(),
  },
  example: { proxy_id: PROXY, order_id: ORDER_EXAMPLE, product_id: 'isp', period_days: 30, reference: null },
};
const plan = {
  of: 'proxy' as const,
  subject: PLAN,
  data: { traffic_plan_id: z.string(), pool: z.string() },
  example: { traffic_plan_id: PLAN, pool: 'residential' },
};
const used = {
  data: { traffic_plan_id: z.string(), gb_used_with_subusers: z.number() },
  example: { traffic_plan_id: PLAN, gb_used_with_subusers: 8.25 },
};
const bought = {
  of: 'proxy' as const,
  subject: PLAN,
  data: z.strictObject({ traffic_plan_id: z.string(), order_id: z.string(), gb: z.number() }),
  example: { traffic_plan_id: PLAN, order_id: ORDER_EXAMPLE, gb: 10 },
};
const reason = z.string().describe('As the operator wrote it.');
/** A sync by the versions of the access says that it is sent again; a reading of the object lists what differs. */
const syncedProxy = {
  ...syncedType({
    of: 'proxy',
    thing: 'a proxy',
    subject: PROXY,
    data: { proxy_id: z.string(), order_id: z.string().optional(), reference: z.string().nullable() },
    example: { proxy_id: PROXY, order_id: ORDER_EXAMPLE, reference: null },
  }),
};

export const PROXY_EVENTS = {
  'proxy.delivered': eventType({
    of: 'proxy',
    about: 'Proxies of an order were delivered.',
    subject: ORDER_EXAMPLE,
    data: z.strictObject({
      order_id: z.string(),
      requested: z.int(),
      delivered: z.int(),
      proxy_ids: z.array(z.string()),
    }),
    example: { order_id: ORDER_EXAMPLE, requested: 1, delivered: 1, proxy_ids: [PROXY] },
  }),
  'proxy.renewed': eventType({
    of: 'proxy',
    about: 'A proxy was renewed.',
    subject: PROXY,
    data: z.strictObject({ proxy_id: z.string(), order_id: z.string(), expires_at: time }),
    example: { proxy_id: PROXY, order_id: ORDER_EXAMPLE, expires_at: TIME_EXAMPLE },
  }),
  'proxy.replaced': eventType({
    of: 'proxy',
    about: 'A proxy was replaced by another one.',
    subject: PROXY,
    data: z.strictObject({
      replacement_id: z.string(),
      old_proxy_id: z.string(),
      old_exit_ip: z.string(),
      new_proxy_id: z.string().nullable(),
      new_exit_ip: z.string().nullable(),
    }),
    example: {
      replacement_id: 'rpl_01k000000000000000000000',
      old_proxy_id: PROXY,
      old_exit_ip: '203.0.113.10',
      new_proxy_id: 'prx_01k000000000000000000001',
      new_exit_ip: '203.0.113.11',
    },
  }),
  'proxy.rotated': eventType({
    of: 'proxy',
    about: 'A proxy has another exit address.',
    subject: PROXY,
    data: z.strictObject({
      proxy_id: z.string(),
      old_ip: z.string(),
      new_ip: z.string(),
      subnet: z.string(),
      changed: z.boolean(),
    }),
    example: {
      proxy_id: PROXY,
      old_ip: '203.0.113.10',
      new_ip: '203.0.113.11',
      subnet: '203.0.113.0/24',
      changed: true,
    },
  }),
  'proxy.suspended': eventType({
    of: 'proxy',
    about: 'An operator suspended a proxy.',
    subject: PROXY,
    data: z.strictObject({ proxy_id: z.string(), reason }),
    example: { proxy_id: PROXY, reason: 'Password guessing against third parties' },
  }),
  'proxy.unsuspended': eventType({
    of: 'proxy',
    about: 'A suspended proxy works again.',
    subject: PROXY,
    data: z.strictObject({ proxy_id: z.string() }),
    example: { proxy_id: PROXY },
  }),
  'proxy.expiring': reminderType({ ...proxy, about: 'A proxy expires in some days.' }, 3),
  'proxy.expired': reminderType({ ...proxy, about: 'A proxy has expired.' }, 0),
  'proxy.ended': stageType({
    ...proxy,
    about: 'The grace of an expired proxy is over, and it can no longer be renewed.',
  }),
  'proxy.auto_renew_failed': renewFailedType({ ...proxy, thing: 'a proxy' }),
  'proxy.synced': syncedProxy,
  'proxy.missing': missingType({
    of: 'proxy',
    thing: 'a proxy',
    subject: PROXY,
    data: { proxy_id: z.string(), order_id: z.string(), reference: z.string().nullable() },
    example: { proxy_id: PROXY, order_id: ORDER_EXAMPLE, reference: null },
  }),
  'proxy.all_synced': allSyncedType('proxy', 'proxies'),
} as const;

export const TRAFFIC_EVENTS = {
  'traffic.delivered': eventType({ ...bought, about: 'A traffic plan was delivered.' }),
  'traffic.topped_up': eventType({ ...bought, about: 'A traffic plan was topped up.' }),
  'traffic.alert': eventType({
    of: 'proxy',
    about: 'The use of a traffic plan has passed one of its alerts.',
    subject: PLAN,
    data: z.strictObject({ ...used.data, alert_gb: z.number() }),
    example: { ...used.example, alert_gb: 8 },
  }),
  'traffic.exhausted': eventType({
    of: 'proxy',
    about: 'A traffic plan is used up, or has reached its hard stop.',
    subject: PLAN,
    data: z.strictObject({ ...used.data, by: z.enum(['hard_stop', 'quota']) }),
    example: { ...used.example, by: 'quota' as const },
  }),
  'traffic.suspended': eventType({
    of: 'proxy',
    about: 'An operator suspended a traffic plan.',
    subject: PLAN,
    data: z.strictObject({ traffic_plan_id: z.string(), reason }),
    example: { traffic_plan_id: PLAN, reason: 'Password guessing against third parties' },
  }),
  'traffic.unsuspended': eventType({
    of: 'proxy',
    about: 'A suspended traffic plan works again.',
    subject: PLAN,
    data: z.strictObject({ traffic_plan_id: z.string() }),
    example: { traffic_plan_id: PLAN },
  }),
  'traffic.expiring': reminderType({ ...plan, about: 'A traffic plan expires in some days.' }, 3),
  'traffic.expired': reminderType({ ...plan, about: 'A traffic plan has expired.' }, 0),
  'traffic.synced': syncedType({
    ...plan,
    thing: 'a traffic plan',
    data: { traffic_plan_id: z.string(), pool: z.string().optional(), reference: z.string().nullable() },
    example: { ...plan.example, reference: null },
  }),
  'traffic.missing': missingType({
    ...plan,
    thing: 'a traffic plan',
    data: { ...plan.data, reference: z.string().nullable() },
    example: { ...plan.example, reference: null },
  }),
  'traffic.all_synced': allSyncedType('proxy', 'traffic plans'),
  'subuser.suspended': eventType({
    of: 'proxy',
    about: 'An operator suspended a sub-user.',
    subject: SUBUSER,
    data: z.strictObject({ subuser_id: z.string(), reason }),
    example: { subuser_id: SUBUSER, reason: 'Password guessing against third parties' },
  }),
  'subuser.unsuspended': eventType({
    of: 'proxy',
    about: 'A suspended sub-user works again.',
    subject: SUBUSER,
    data: z.strictObject({ subuser_id: z.string() }),
    example: { subuser_id: SUBUSER },
  }),
  'subuser.synced': syncedType({
    of: 'proxy',
    thing: 'a sub-user',
    subject: SUBUSER,
    data: { subuser_id: z.string(), reference: z.string().nullable() },
    example: { subuser_id: SUBUSER, reference: null },
  }),
  'subuser.all_synced': allSyncedType('proxy', 'sub-users'),
  'allowlist.all_synced': allSyncedType('proxy', 'allow-lists'),
} as const;
