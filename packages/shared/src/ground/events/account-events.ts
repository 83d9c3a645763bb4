// The events of every product about its work, and those of the account itself.
import { z } from 'zod';
import { OPERATION_EXAMPLE, ORDER_EXAMPLE, eventType } from './event-type';

const DEPOSIT = 'dep_01k000000000000000000000';
const BATCH = 'bat_01k000000000000000000000';
const code = z.string().describe('The code of the error.');

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

export const ACCOUNT_EVENTS = {
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
} as const;
