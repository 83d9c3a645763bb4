// Answers that all purchases share.
import { z } from 'zod';
import { usdOutput } from '@lumi/shared/money';
import { orderSchema } from '@lumi/shared/purchase';
import type { ResponseSpec } from '@lumi/shared/contract';

export const dryRunAnswer: ResponseSpec = {
  description: 'Dry run: it would succeed, and nothing was done.',
  schema: z.object({ dry_run: z.literal(true), would_succeed: z.literal(true), kind: z.string(), subject: z.string(), price_usd: usdOutput }).meta({ id: 'DryRun' }),
};

export const acceptedAnswer: ResponseSpec = {
  description: 'Accepted, not finished: the money is held; poll `/operations/{operation_id}`.',
  schema: z.object({ operation_id: z.string(), order: orderSchema }).meta({ id: 'Accepted' }),
};
