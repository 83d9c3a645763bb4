// The common part of all routes of deposits.
import { z } from 'zod';
import { isId } from '../../ground/contract';

export const DEPOSITS_TAG = 'Deposits';
export const READ_SCOPES = ['deposits:write', 'read'] as const;

export const depositParams = z.object({
  id: z
    .string()
    .refine((id) => isId(id, 'dep'))
    .describe('The id of the deposit.'),
});
