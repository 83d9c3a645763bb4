// The view of an account for operators.
import { z } from 'zod';
import { isId } from '../../ground/contract';
import { formatUsd, usdOutput } from '../../ground/money';
import { isoSeconds } from '../../ground/runtime';
import type { User } from './user-store';

export const userSchema = z
  .object({
    id: z.string().meta({ example: 'usr_01k000000000000000000000' }),
    name: z.string(),
    balance_usd: usdOutput,
    held_usd: usdOutput,
    available_usd: usdOutput,
    created_at: z.string(),
  })
  .meta({ id: 'User' });

export type UserView = z.output<typeof userSchema>;

export const userParams = z.object({
  user_id: z
    .string()
    .refine((id) => isId(id, 'usr'))
    .describe('The id of the account.'),
});

export function viewUser(user: User): UserView {
  return {
    id: user.id,
    name: user.name,
    balance_usd: formatUsd(user.posted),
    held_usd: formatUsd(user.held),
    available_usd: formatUsd(user.posted - user.held),
    created_at: isoSeconds(user.createdAt),
  };
}
