// The guard of every renewal: the caller names the expiry it knows, and what was renewed already is refused instead of
// renewed twice.
import { AppError, readField } from '../../ground/contract';
import { isoSeconds } from '../../ground/runtime';
import { isDay, readInstantOrDay } from '../../ground/times';

export const currentExpiryField = readField(readInstantOrDay, 40)
  .describe(
    '`expires_at` as you last read it. A renewal that was done already is refused with `expiry_mismatch` ' +
      'instead of done twice. A day means any time on it, in UTC.',
  )
  .meta({ example: '2027-11-24T10:00:00Z' });

/** Callers state an expiry to the second, or its day. Without one, Lumi itself renews or quotes. */
export function expiryMismatch(stated: string | undefined, actual: Date | null): AppError | null {
  const now = actual === null ? null : isoSeconds(actual);
  if (
    stated === undefined ||
    now === (isDay(stated) ? `${stated}${now?.slice(10) ?? ''}` : isoSeconds(new Date(stated)))
  )
    return null;
  return new AppError('expiry_mismatch', undefined, {
    details: [{ path: 'current_expires_at', message: now ?? 'none' }],
  });
}
