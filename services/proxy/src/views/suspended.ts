// How a proxy, plan or sub-user says that an operator has stopped it.
import { z } from 'zod';

export const suspendedSchema = z
  .object({ reason: z.string() })
  .nullable()
  .describe('Stopped by the operator, who says why; null: not stopped.');

/** Why a customer can neither pay for it nor replace it. */
export const SUSPENDED_TEXT = 'An operator has suspended it; ask the operator to lift that first.';
