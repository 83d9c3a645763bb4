// Which actions are possible on an object now, and otherwise why not and from when: the values of the `can` map.
import { z } from 'zod';
import { AppError } from '../../ground/contract';
import { formatUsd, usdOutput, type Units } from '../../ground/money';
import { isoSeconds } from '../../ground/runtime';

export const abilitySchema = z
  .object({
    allowed: z.boolean(),
    reason: z.string().nullable().describe('Why not, when it is not allowed.'),
    from: z.string().nullable().describe('When it becomes possible.'),
    until: z.string().nullable().describe('When it stops being possible.'),
    price_usd: usdOutput.nullable(),
  })
  .meta({ id: 'Ability' });

export type Ability = z.output<typeof abilitySchema>;

/** `refusal`: the error with which the request would be answered, or its message; null when it is allowed. */
export function ability(
  refusal: AppError | string | null,
  limits: { readonly from?: Date | null; readonly until?: Date | null; readonly price?: Units | null } = {},
): Ability {
  const { from = null, until = null, price = null } = limits;
  return {
    allowed: refusal === null,
    reason: refusal instanceof AppError ? refusal.message : refusal,
    from: from === null ? null : isoSeconds(from),
    until: until === null ? null : isoSeconds(until),
    price_usd: price === null ? null : formatUsd(price),
  };
}
