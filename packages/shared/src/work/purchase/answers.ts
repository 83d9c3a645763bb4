// The parts that the answers of all money routes have besides the object, for their declarations.
import { z } from 'zod';
import { usdOutput } from '../../ground/money';
import { orderSchema } from './order-view';

export const dryRunSchema = z
  .object({
    dry_run: z.literal(true),
    would_succeed: z.literal(true),
    kind: z.string(),
    subject: z.string(),
    price_usd: usdOutput,
  })
  .meta({ id: 'DryRun' });
export const acceptedSchema = z.object({ operation_id: z.string(), order: orderSchema }).meta({ id: 'OrderAccepted' });

export const dryRunAnswer = {
  description: 'Dry run: it would succeed, and nothing was done.',
  schema: dryRunSchema,
} as const;
export const acceptedAnswer = {
  description: 'Accepted, not finished: the money is held; poll `/operations/{operation_id}`.',
  schema: acceptedSchema,
} as const;
