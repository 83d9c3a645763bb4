// An operator's correction of a wallet, in either direction.
// Raw SQL: a function, in the transaction of the act.
import { AppError, newId } from '../../ground/contract';
import { databaseCode, sql, type Tx } from '../db';
import type { Units } from '../../ground/money';
import type { Clock } from '../../ground/runtime';

export interface Adjustment {
  readonly accountId: string;
  /** Signed, not zero. */
  readonly amount: Units;
  readonly reason: string;
  readonly product: string | null;
  readonly keyId: string | null;
  readonly idempotencyKey: string | null;
}

/** Must run in the transaction that claims the request. Throws `insufficient_balance`, `not_found`. */
export async function adjustWallet(
  tx: Tx,
  clock: Clock,
  adjustment: Adjustment,
): Promise<{ transferId: string; balance: Units }> {
  const transferId = newId('trf', clock.nowMs());
  try {
    const rows = await tx.$queryRaw<{ balance: bigint }[]>(sql`
      SELECT platform.adjust(${transferId}, ${adjustment.accountId}, ${adjustment.amount}::bigint, ${adjustment.reason},
        ${adjustment.product}::text,
                             ${adjustment.keyId}::text, ${adjustment.idempotencyKey}::text) AS balance`);
    return { transferId, balance: rows[0]?.balance ?? 0n };
  } catch (err) {
    if (databaseCode(err) === '23514')
      throw new AppError('insufficient_balance', 'The account has less available than this adjustment takes.', {
        cause: err,
      });
    if (databaseCode(err) === '23503') throw new AppError('not_found', undefined, { cause: err });
    throw err;
  }
}
