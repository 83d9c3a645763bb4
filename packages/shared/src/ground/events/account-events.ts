// The events of every product about its work, and those of the account itself.
import { z } from 'zod';
import { OPERATION_EXAMPLE, ORDER_EXAMPLE, TIME_EXAMPLE, eventType, time } from './event-type';

const DEPOSIT = 'dep_01k000000000000000000000';
const BATCH = 'bat_01k000000000000000000000';
const ACCOUNT = 'usr_01k000000000000000000000';
const KEY = 'key_01k000000000000000000000';
const code = z.string().describe('The code of the error.');

const key = { key_id: z.string(), product: z.string().describe('The product of the key.') };

const deposit = {
  of: 'account' as const,
  subject: DEPOSIT,
  data: z.strictObject({
    deposit_id: z.string(),
    status: z.string(),
    provider: z.string(),
    amount_usd: z.string(),
    reference: z.string().nullable(),
    is_late: z.boolean().describe('Paid after it had ended.'),
  }),
};
const depositOf = (status: string) => ({
  deposit_id: DEPOSIT,
  status,
  provider: 'cryptobot',
  amount_usd: '25.00',
  reference: null,
  is_late: false,
});

export const WORK_EVENTS = {
  'order.failed': eventType({
    of: 'every',
    about: 'A purchase failed, and its money is back on the balance.',
    subject: 'example.com',
    data: z.strictObject({ order_id: z.string(), code }),
    example: { order_id: ORDER_EXAMPLE, code: 'not_available' },
  }),
  'operation.failed': eventType({
    of: 'every',
    about: 'An operation that moves no money failed.',
    subject: 'srv_01k000000000000000000000',
    data: z.strictObject({ operation_id: z.string(), kind: z.string(), code }),
    example: { operation_id: OPERATION_EXAMPLE, kind: 'server_reboot', code: 'supplier_error' },
  }),
  'batch.finished': eventType({
    of: 'every',
    about: 'All items of a batch have ended.',
    subject: BATCH,
    data: z.strictObject({
      batch_id: z.string(),
      kind: z.string(),
      status: z.enum(['completed', 'cancelled']),
      total: z.int(),
      ok: z.int(),
      failed: z.int(),
    }),
    example: { batch_id: BATCH, kind: 'register', status: 'completed' as const, total: 30, ok: 29, failed: 1 },
  }),
} as const;

const WEBHOOK = 'whk_01k000000000000000000000';

export const ACCOUNT_EVENTS = {
  'webhook.disabled': eventType({
    of: 'account',
    about: 'An endpoint was switched off: it answered 410, or every attempt of five days failed.',
    subject: WEBHOOK,
    data: z.strictObject({
      webhook_id: z.string(),
      reason: z.enum(['gone', 'failing']),
      failed_attempts: z.int().describe('Since the last attempt that succeeded.'),
    }),
    example: { webhook_id: WEBHOOK, reason: 'failing' as const, failed_attempts: 24 },
  }),
  'deposit.credited': eventType({
    ...deposit,
    about: 'A deposit was paid, and its amount is on the balance.',
    example: depositOf('credited'),
  }),
  'deposit.cancelled': eventType({
    ...deposit,
    about: 'A deposit was cancelled before it was paid.',
    example: depositOf('cancelled'),
  }),
  'deposit.expired': eventType({
    ...deposit,
    about: 'A deposit was not paid in time; it is still credited if it is paid later.',
    example: depositOf('expired'),
  }),
  'deposit.disputed': eventType({
    ...deposit,
    about: 'The invoice of a deposit is not what was requested; an operator decides.',
    example: depositOf('disputed'),
  }),
  'deposit.failed': eventType({
    ...deposit,
    about: 'The payment provider has no invoice for a deposit and will have none.',
    example: depositOf('failed'),
  }),
  'balance.adjusted': eventType({
    of: 'account',
    about: 'An operator corrected the balance.',
    subject: ACCOUNT,
    data: z.strictObject({
      transaction_id: z.string(),
      amount_usd: z.string().describe('Negative if it was taken.'),
      balance_usd: z.string().describe('The posted balance right after it.'),
      reason: z.string(),
    }),
    example: {
      transaction_id: 'trf_01k000000000000000000000',
      amount_usd: '25.00',
      balance_usd: '125.00',
      reason: 'Welcome credit',
    },
  }),
  'balance.low': eventType({
    of: 'account',
    about: 'What is available fell below the amount that PATCH /balance has set.',
    subject: ACCOUNT,
    data: z.strictObject({ available_usd: z.string(), low_balance_usd: z.string() }),
    example: { available_usd: '19.50', low_balance_usd: '25.00' },
  }),
  'balance.insufficient_for_renewals': eventType({
    of: 'account',
    about: 'The balance does not cover what renews itself within 30 days; written once a UTC day.',
    subject: ACCOUNT,
    data: z.strictObject({
      days: z.int(),
      due_usd: z.string().describe('What renews itself in these days, over all products.'),
      available_usd: z.string(),
      shortfall_usd: z.string(),
    }),
    example: { days: 30, due_usd: '40.00', available_usd: '25.00', shortfall_usd: '15.00' },
  }),
  'key.issued': eventType({
    of: 'account',
    about: 'A key of the account was issued.',
    subject: KEY,
    data: z.strictObject({ ...key, scopes: z.array(z.string()), expires_at: time.nullable() }),
    example: { key_id: KEY, product: 'domains', scopes: ['domains:read'], expires_at: null },
  }),
  'key.rolled': eventType({
    of: 'account',
    about: 'A key got a successor.',
    subject: KEY,
    data: z.strictObject({
      ...key,
      new_key_id: z.string(),
      expires_at: time.nullable().describe('Until when the old key works.'),
    }),
    example: {
      key_id: KEY,
      product: 'domains',
      new_key_id: 'key_01k000000000000000000001',
      expires_at: TIME_EXAMPLE,
    },
  }),
  'key.revoked': eventType({
    of: 'account',
    about: 'A key was revoked.',
    subject: KEY,
    data: z.strictObject(key),
    example: { key_id: KEY, product: 'domains' },
  }),
  'key.expiring': eventType({
    of: 'account',
    about: 'A key expires within 7 days and has no successor.',
    subject: KEY,
    data: z.strictObject({ ...key, expires_at: time }),
    example: { key_id: KEY, product: 'domains', expires_at: TIME_EXAMPLE },
  }),
  'key.cap_reached': eventType({
    of: 'account',
    about: 'A purchase was refused for the daily cap of its key; written once a UTC day.',
    subject: KEY,
    data: z.strictObject({ ...key, daily_cap_usd: z.string(), spent_usd: z.string(), resets_at: time }),
    example: { key_id: KEY, product: 'domains', daily_cap_usd: '50.00', spent_usd: '48.00', resets_at: TIME_EXAMPLE },
  }),
} as const;
