// How a proxy, plan or sub-user says that an operator has stopped it.
import { z } from 'zod';

export const suspendedSchema = z
  .object({ reason: z.string() })
  .nullable()
  .describe('Stopped by the operator, who says why; null: not stopped.');
