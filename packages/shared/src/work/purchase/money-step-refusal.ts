// Which refusal a violated constraint of the money step stands for.
import { AppError, type ErrorCode } from '../../ground/contract';
import { databaseCode } from '../../base/db';

/** Turns a violated constraint of the money step into its refusal; throws all other errors on. */
export function refusalOfDatabase(err: unknown, ofConstraint: (constraint: string) => ErrorCode | null): AppError {
  const code = databaseCode(err);
  const constraint = constraintName(err);
  if (code === '23505' && constraint === 'orders_one_open')
    return new AppError('not_available', undefined, { cause: err });
  if (code === '23505' && constraint === 'idempotency_pkey')
    return new AppError('in_progress', undefined, { retryAfterS: 1, cause: err });
  const refusal = constraint === null ? null : ofConstraint(constraint);
  if (refusal !== null) return new AppError(refusal, undefined, { cause: err });
  throw err;
}

/** The constraint named in a database error. Drivers put it in different places; the message always contains it. */
export function constraintName(err: unknown, depth = 0): string | null {
  if (typeof err !== 'object' || err === null || depth > 5) return null;
  const { constraint, message, cause, meta } = err as {
    constraint?: unknown;
    message?: unknown;
    cause?: unknown;
    meta?: unknown;
  };
  if (typeof constraint === 'string') return constraint;
  const named = typeof message === 'string' ? /constraint \\?"([a-z0-9_]+)\\?"/.exec(message)?.[1] : undefined;
  return (
    named ??
    constraintName(cause, depth + 1) ??
    constraintName(meta, depth + 1) ??
    constraintName((meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError, depth + 1)
  );
}
