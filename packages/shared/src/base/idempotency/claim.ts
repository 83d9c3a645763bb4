// Idempotency: the scope of a key, the request it identifies, and its result. The claim commits together with the
// effect (in the money step, or through `claimInTransaction`); a unique index decides between two.
// Raw SQL: functions in the transaction of the effect; the look-up shares its statement (decision 0006).
import { createHash } from 'node:crypto';
import { AppError } from '../../ground/contract';
import { joinSql, perRunner, rawSql, SharedStatement, sql, type SqlRunner, type Tx } from '../db';
import { openSecret, sealSecret } from '../keys';
import type { Principal } from '../principal';
import type { SecretRing } from '../../ground/runtime';

/** All that the effect needs to claim its request. */
export interface Claim {
  /** The account of a reseller, the key lineage of an operator: a rolled key keeps its claims. */
  readonly scope: string;
  readonly product: string;
  readonly key: string;
  readonly fingerprint: Uint8Array<ArrayBuffer>;
  readonly requestId: string;
  readonly keyId: string;
}

/** The answer of a finished request, byte for byte. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly location: string | null;
  /** The id of the request that produced it; an error body contains it. */
  readonly requestId: string;
  /** It contains a secret: `body` is sealed, and empty after one day. */
  readonly isSealed?: boolean;
}

const IN_PROGRESS_RETRY_S = 2;

export function claimScope(principal: Principal): string {
  return principal.type === 'operator' ? principal.lineageId : (principal.accountId ?? principal.lineageId);
}

/**
 * Method, path, query and the exact body bytes, each length-prefixed so that no two requests collide by concatenation.
 */
export function fingerprint(request: { method: string; url: string; body: Uint8Array }): Uint8Array<ArrayBuffer> {
  const hash = createHash('sha256');
  for (const part of [Buffer.from(request.method), Buffer.from(request.url), request.body]) {
    hash.update(`${String(part.length)}:`).update(part);
  }
  return new Uint8Array(hash.digest());
}

/**
 * The answer that a repeat of this request gets now; null when there is none. Throws `in_progress`,
 * `idempotency_key_reused`.
 */
export async function findAnswer(db: SqlRunner, claim: Claim): Promise<StoredAnswer | null> {
  const row = await lookUpsOf(db).run(claim);
  if (row === null) return null;
  if (!Buffer.from(row.fingerprint).equals(claim.fingerprint)) throw keyReused();
  if (row.state !== 'done' || row.status === null || row.body === null) throw stillRunning();
  return {
    status: row.status,
    body: row.body,
    location: row.location,
    requestId: row.request_id,
    ...(row.sealed ? { isSealed: true } : {}),
  };
}

/** Every money request begins with this. */
const lookUpsOf = perRunner(
  (db) => new SharedStatement<Claim, ClaimRow | null>({ run: (claims) => findTogether(db, claims) }),
);

async function findTogether(db: SqlRunner, claims: readonly Claim[]): Promise<(ClaimRow | null)[]> {
  const each = claims.map(
    ({ scope, product, key }, n) => sql`SELECT ${rawSql(String(n))} AS n, fingerprint, state, status, sealed,
    CASE WHEN sealed AND done_at < now() - interval '24 hours' THEN ''::bytea ELSE body
      END AS body, location, request_id FROM platform.idempotency
    WHERE scope = ${scope} AND product = ${product} AND key = ${key}`,
  );
  const rows = await db.$queryRaw<(ClaimRow & { n: number })[]>(joinSql(each, ' UNION ALL '));
  const found = new Map(rows.map((row) => [row.n, row]));
  return claims.map((_, n) => found.get(n) ?? null);
}

/**
 * Claims the request inside the transaction of its effect. Null: claimed; continue and call `finishClaim` before the
 * commit (or later, by the owner of the effect). An answer: an equal request finished first; return it. Throws
 * `in_progress`, `idempotency_key_reused`, `invalid_key`.
 */
export async function claimInTransaction(tx: Tx, claim: Claim, subject: string): Promise<StoredAnswer | null> {
  const rows = await tx.$queryRaw<ClaimOutcome[]>(sql`
    SELECT * FROM platform.claim(${claim.scope}, ${claim.product}, ${claim.key}, ${claim.fingerprint}::bytea,
      ${claim.requestId}, ${claim.keyId}, ${subject})`);
  const row = rows[0];
  if (row === undefined) throw new Error('claim returned no row');
  return row.outcome === 'claimed' ? null : refuseOrReplay(row);
}

export async function finishClaim(
  tx: SqlRunner,
  claim: Pick<Claim, 'scope' | 'product' | 'key'>,
  answer: { status: number; body: Uint8Array; location: string | null },
): Promise<void> {
  await tx.$queryRaw(sql`
    SELECT platform.finish_claim(${claim.scope}, ${claim.product}, ${claim.key}, ${answer.status}::int,
      ${new Uint8Array(answer.body)}::bytea, ${answer.location}::text)::text`);
}

/** The answer contains a secret that is stored nowhere else: it is sealed for this claim and kept for a day. */
export async function finishClaimSealed(
  tx: SqlRunner,
  ring: SecretRing,
  claim: Claim,
  answer: { status: number; body: Uint8Array },
): Promise<void> {
  const sealed = sealSecret(ring, sealName(claim), Buffer.from(answer.body).toString('utf8'));
  await tx.$queryRaw(
    sql`SELECT platform.finish_claim_sealed(${claim.scope}, ${claim.product}, ${claim.key}, ${answer.status}::int,
      ${new Uint8Array(sealed)}::bytea)::text`,
  );
}

/** The bytes of the answer as sent. Throws `state_conflict` when a sealed one is no longer kept. */
export function openAnswer(ring: SecretRing, claim: Claim, stored: StoredAnswer): StoredAnswer {
  if (stored.isSealed !== true) return stored;
  if (stored.body.length === 0)
    throw new AppError(
      'state_conflict',
      'This request was carried out, and its answer, which held a secret, is kept for a day only. Look up what it ' +
        'made: roll a key, delete a link, or send a new request.',
    );
  return { ...stored, body: Buffer.from(openSecret(ring, sealName(claim), stored.body), 'utf8') };
}

function sealName({ scope, product, key }: Claim): string {
  return `answer ${JSON.stringify([scope, product, key])}`;
}

/**
 * For an effect that may happen repeatedly without harm, called after it: the first answer under a key is stored, a
 * later one changes nothing.
 */
export async function rememberAnswer(
  db: SqlRunner,
  claim: Claim,
  answer: { status: number; body: Uint8Array; location: string | null },
): Promise<void> {
  await db.$queryRaw(sql`
    SELECT platform.remember_answer(${claim.scope}, ${claim.product}, ${claim.key}, ${claim.fingerprint}::bytea,
      ${claim.requestId}, ${answer.status}::int,
      ${new Uint8Array(answer.body)}::bytea, ${answer.location}::text)::text`);
}

export interface ClaimOutcome {
  readonly outcome: string;
  readonly status: number | null;
  readonly body: Uint8Array | null;
  readonly location: string | null;
  readonly first_request_id: string | null;
}

/** The three results that a claim and the money step share. */
export function refuseOrReplay(row: ClaimOutcome): StoredAnswer {
  if (row.outcome === 'replay' && row.status !== null && row.body !== null && row.first_request_id !== null) {
    return { status: row.status, body: row.body, location: row.location, requestId: row.first_request_id };
  }
  if (row.outcome === 'in_progress') throw stillRunning();
  if (row.outcome === 'reused') throw keyReused();
  if (row.outcome === 'invalid_key') throw new AppError('invalid_key');
  throw new Error(`unexpected outcome ${row.outcome}`);
}

interface ClaimRow {
  readonly fingerprint: Uint8Array;
  readonly state: string;
  readonly status: number | null;
  readonly sealed: boolean;
  readonly body: Uint8Array | null;
  readonly location: string | null;
  readonly request_id: string;
}

function stillRunning(): AppError {
  return new AppError('in_progress', undefined, { retryAfterS: IN_PROGRESS_RETRY_S });
}

function keyReused(): AppError {
  return new AppError('idempotency_key_reused');
}
