// What a dry run answers, for the declarations of money routes.
import { z } from 'zod';
import { usdOutput } from '@lumi/shared/money';

export const dryRunSchema = z.object({ dry_run: z.literal(true), would_succeed: z.literal(true), kind: z.string(), subject: z.string(), price_usd: usdOutput });
export const dryRunAnswer = { description: 'A dry run: what it would cost.', schema: dryRunSchema };
