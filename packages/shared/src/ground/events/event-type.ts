// What a type of event is: whose it is, one sentence, what its `data` holds, an example.
import { z } from 'zod';
import type { Product } from '../contract';

/** `every`: each product writes it about its own objects. `account`: about the account itself, whatever the product. */
export type EventOwner = Product | 'every' | 'account';

export interface EventTypeSpec<D extends z.ZodObject = z.ZodObject> {
  readonly of: EventOwner;
  /** One sentence. */
  readonly about: string;
  /** Closed: a field that is not here is a fault of the writer. */
  readonly data: D;
  readonly subject: string;
  readonly example: z.output<D>;
}

export function eventType<D extends z.ZodObject>(spec: EventTypeSpec<D>): EventTypeSpec<D> {
  return spec;
}

/** A point in time, in UTC and whole seconds. */
export const time = z.iso.datetime();

export const TIME_EXAMPLE = '2027-11-28T00:00:00Z';
export const ORDER_EXAMPLE = 'ord_01k000000000000000000000';
export const OPERATION_EXAMPLE = 'op_01k000000000000000000000';

export const changes = z
  .record(z.string(), z.strictObject({ from: z.unknown(), to: z.unknown() }))
  .describe('Each field that changed: its value before and after.');

interface AboutThing<D extends z.ZodRawShape> {
  readonly of: Product;
  /** With its article: `a domain`. */
  readonly thing: string;
  readonly subject: string;
  readonly data: D;
  readonly example: z.output<z.ZodObject<D, z.core.$strict>>;
}

/** A sync found the supplier's data different from ours. */
export function syncedType<D extends z.ZodRawShape>({ of, thing, subject, data, example }: AboutThing<D>) {
  return {
    of,
    about: `A sync found other data of ${thing} at the supplier, and Lumi took them over.`,
    data: z.strictObject({ ...data, changes }),
    subject,
    example: { ...example, changes: { missing_since: { from: TIME_EXAMPLE, to: null } } },
  };
}

/** A sync found nothing at the supplier. */
export function missingType<D extends z.ZodRawShape>({ of, thing, subject, data, example }: AboutThing<D>) {
  return {
    of,
    about: `The supplier no longer knows ${thing}.`,
    data: z.strictObject({ ...data, missing_since: time }),
    subject,
    example: { ...example, missing_since: TIME_EXAMPLE },
  };
}

/** `things` in the plural. */
export function allSyncedType(of: Product, things: string) {
  return eventType({
    of,
    about: `A sync of all ${things} of the account has ended.`,
    data: z.strictObject({
      operation_id: z.string(),
      total: z.int(),
      changed: z.int(),
      missing: z.int(),
      failed: z.int().describe('Those that were busy or that the supplier did not answer for.'),
    }),
    subject: 'usr_01k000000000000000000000',
    example: { operation_id: OPERATION_EXAMPLE, total: 40, changed: 2, missing: 0, failed: 1 },
  });
}

interface Expiring<D extends z.ZodRawShape> extends AboutThing<D> {
  readonly about: string;
}

/** A step of the lifecycle after the reminders. */
export function stageType<D extends z.ZodRawShape>({ of, about, subject, data, example }: Omit<Expiring<D>, 'thing'>) {
  return {
    of,
    about,
    data: z.strictObject({ ...data, expires_at: time, auto_renew: z.boolean() }),
    subject,
    example: { ...example, expires_at: TIME_EXAMPLE, auto_renew: false },
  };
}

export function reminderType<D extends z.ZodRawShape>(
  { of, about, subject, data, example }: Omit<Expiring<D>, 'thing'>,
  daysLeft: number,
) {
  return {
    of,
    about,
    data: z.strictObject({ ...data, expires_at: time, auto_renew: z.boolean(), days_left: z.int() }),
    subject,
    example: { ...example, expires_at: TIME_EXAMPLE, auto_renew: false, days_left: daysLeft },
  };
}

export function renewFailedType<D extends z.ZodRawShape>({ of, thing, subject, data, example }: AboutThing<D>) {
  return {
    of,
    about: `An automatic renewal of ${thing} did not succeed; written again only for another reason.`,
    data: z.strictObject({
      ...data,
      expires_at: time,
      reason: z.string().describe('The code of the error.'),
      price_usd: z.string().nullable(),
      retry_at: time.nullable().describe('The next try. Null: there is none.'),
    }),
    subject,
    example: {
      ...example,
      expires_at: TIME_EXAMPLE,
      reason: 'insufficient_balance',
      price_usd: '12.50',
      retry_at: TIME_EXAMPLE,
    },
  };
}
