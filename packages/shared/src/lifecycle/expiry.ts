// The guard of every renewal: the caller names the expiry it knows, and what was renewed already is refused instead of renewed twice.
import { z } from 'zod';
import { AppError } from '../contract';
import { isoSeconds } from '../runtime';

export const currentExpiryField = z.iso.datetime({ offset: true, error: 'must be a time such as 2027-11-24T10:00:00Z' })
  .describe('`expires_at` as you last read it. A renewal that was done already is refused with `expiry_mismatch` instead of done twice.').meta({ example: '2027-11-24T10:00:00Z' });

/** Callers know an expiry to the second. Nothing stated: Lumi itself renews, or a price is told. */
export function expiryMismatch(stated: string | undefined, actual: Date | null): AppError | null {
  const now = actual === null ? null : isoSeconds(actual);
  if (stated === undefined || now === isoSeconds(new Date(stated))) return null;
  return new AppError('expiry_mismatch', undefined, { details: [{ path: 'current_expires_at', message: now ?? 'none' }] });
}
