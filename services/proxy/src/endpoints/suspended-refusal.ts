// What an operator has suspended is not sold any further.
import { AppError } from '@lumi/shared/contract';

/** `advice`: what else the caller can do. Null: none of them is suspended. */
export function suspendedRefusal(
  things: readonly { readonly id: string; readonly suspended_for: string | null }[],
  advice = '',
): AppError | null {
  const one = things.find(({ suspended_for: reason }) => reason !== null);
  if (one === undefined) return null;
  return new AppError(
    'suspended',
    `${one.id} is suspended. Ask the operator to lift the suspension, then send the request again.${advice}`,
    { details: [{ path: 'suspended', message: one.suspended_for ?? '' }] },
  );
}
