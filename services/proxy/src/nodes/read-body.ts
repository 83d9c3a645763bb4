import type { z } from 'zod';
import { AppError } from '@lumi/shared/contract';
import type { InternalRequest } from '@lumi/shared/endpoint';

/** Throws `bad_request` with the first fault. */
export async function readBody<S extends z.ZodType>(request: InternalRequest, schema: S): Promise<z.output<S>> {
  const read = schema.safeParse(await request.body());
  if (read.success) return read.data;
  const [fault] = read.error.issues;
  throw new AppError('bad_request', `${fault?.path.join('.') ?? ''}: ${fault?.message ?? 'is not understood'}`);
}
