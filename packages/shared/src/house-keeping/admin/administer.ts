// One guarded change, mostly by an operator: claim, effect, row of the audit log and stored answer commit together or
// not at all.
import { actorOf, noteActs, type Act, type Asking } from '../../base/audit-log';
import { AppError } from '../../ground/contract';
import { inTransaction, queryableOf, type Tx } from '../../base/db';
import type { Reply } from '../../counter/endpoint';
import {
  claimInTransaction,
  findAnswer,
  finishClaim,
  finishClaimSealed,
  openAnswer,
  type Claim,
} from '../../base/idempotency';
import type { Queryable } from '../../base/keys';
import type { AdminDeps } from './deps';

export interface Done {
  readonly status: number;
  readonly body: unknown;
  readonly act: Act;
  /** The answer holds a secret (a key, a link) that is stored nowhere else. */
  readonly holdsSecret?: true;
}

type Context = Asking & { readonly claim: Claim | null };

/**
 * `work` gets the transaction twice: for statements of this library, and for the functions of keys and accounts, which
 * are written for a plain connection.
 */
export function administer(
  deps: AdminDeps,
  context: Context,
  subject: string,
  work: (tx: Tx, db: Queryable) => Promise<Done>,
): Promise<Reply> {
  const { claim } = context;
  return inTransaction(deps.admin, async (tx) => {
    if (claim !== null && (await claimInTransaction(tx, claim, subject)) !== null) return replay(deps, tx, claim);
    const { status, body, act, holdsSecret } = await work(tx, queryableOf(tx));
    await noteActs(tx, actorOf(context), [act]);
    const bytes = Buffer.from(JSON.stringify(body), 'utf8');
    if (claim !== null && holdsSecret === true)
      await finishClaimSealed(tx, deps.config.SECRET_RING, claim, { status, body: bytes });
    else if (claim !== null) await finishClaim(tx, claim, { status, body: bytes, location: null });
    return { status, bytes, isRemembered: true };
  });
}

/** A twin was faster by a moment: otherwise the answer would have been found before. */
async function replay(deps: AdminDeps, tx: Tx, claim: Claim): Promise<Reply> {
  const found = await findAnswer(tx, claim);
  if (found === null) throw new AppError('in_progress', undefined, { retryAfterS: 2 });
  const { status, body } = openAnswer(deps.config.SECRET_RING, claim, found);
  return { status, bytes: body, headers: { 'Idempotent-Replayed': 'true' }, isRemembered: true };
}
