// The answers of the supplier. What does not have this shape is no answer.
import { z } from 'zod';
import { readAddress } from '@lumi/shared/addresses';

export const PAGE_SIZE = 100;

const id = z.int().positive();
const note = z
  .string()
  .max(256)
  .nullish()
  .transform((text) => text ?? '');
const count = z.int().min(0);
const countryCode = z.string().regex(/^[A-Z]{2}$/);
/** What fits into a handshake; the messages of faults hold no part of it. */
const word = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be printable');
const address = z
  .string()
  .max(64)
  .transform((text, context): string => {
    const { value } = readAddress(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: 'must be an address' });
    return z.NEVER;
  });

export function pageOf<T>(item: z.ZodType<T>) {
  return z.object({ next: z.string().nullable(), results: z.array(item).max(PAGE_SIZE) });
}

/** The supplier's word for what is wrong: of the first field that has one, or of the whole. */
export const errorSchema = z.union([
  z.object({ detail: z.string().max(500) }).transform(({ detail }) => detail),
  z
    .record(z.string(), z.array(z.object({ code: z.string().max(100) })).min(1))
    .refine((fields) => Object.keys(fields).length > 0)
    .transform((fields) => Object.values(fields)[0]?.[0]?.code ?? ''),
]);

/** By category and subcategory. */
export const assetsSchema = z.record(
  z.string(),
  z.record(z.string(), z.object({ available_countries: z.record(z.string(), count) })),
);

export const purchaseSchema = z.object({ payment_required: z.literal(false), plan: id });

export const planSchema = z.object({ id, note, status: z.enum(['active', 'cancelled']) });

export const cancelSchema = z.object({ success: z.literal(true) });

export const listStatusSchema = z.object({ state: z.enum(['pending', 'processing', 'completed']) });

export const proxySchema = z.object({
  id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  proxy_address: address,
  port: z.int().min(1).max(65_535),
  username: word.refine((name) => !name.includes(':'), 'must not hold a colon'),
  password: word,
  valid: z.boolean(),
  country_code: countryCode,
  city_name: z
    .string()
    .max(100)
    .nullish()
    .transform((name) => name ?? ''),
});
export type ListedProxy = z.output<typeof proxySchema>;

export const replacementSchema = z.object({
  id,
  note,
  dry_run: z.boolean(),
  state: z.enum(['validating', 'validated', 'processing', 'completed', 'failed']),
});

export const replacedSchema = z.object({
  reason: z.string().max(100),
  proxy: address,
  replaced_with: address,
  replaced_with_country_code: countryCode,
});
