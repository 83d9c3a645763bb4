// The Idempotency-Key of a request, and the answer that an earlier identical request got.
import type { Request, Response } from 'express';
import { AppError, checkIdempotencyKey } from '../../ground/contract';
import type { SqlRunner } from '../../base/db';
import { claimScope, findAnswer, fingerprint, openAnswer, rememberAnswer, type Claim } from '../../base/idempotency';
import type { Principal } from '../../base/principal';
import type { Reply } from './context';
import type { MountDeps } from './mount-deps';
import { send } from './send';

export async function replay(claim: Claim | null, res: Response, deps: MountDeps): Promise<boolean> {
  const found = claim === null ? null : await findAnswer(deps.db, claim);
  const stored = claim === null || found === null ? null : openAnswer(deps.secrets, claim, found);
  if (stored !== null) send(res, { status: stored.status, bytes: stored.body, headers: replayHeaders(stored) });
  return stored !== null;
}

/**
 * A guarded request has the same effect however often it is carried out, so its answer is stored afterwards. Of two
 * requests at once, the first to end is stored.
 */
export async function remember(db: SqlRunner, claim: Claim, reply: Reply): Promise<Reply> {
  const bytes = reply.bytes ?? Buffer.from(JSON.stringify(reply.body), 'utf8');
  await rememberAnswer(db, claim, { status: reply.status, body: bytes, location: reply.headers?.['Location'] ?? null });
  return { ...reply, bytes };
}

/**
 * The gateway has checked signature and header, except where only the body decides. A service that is called directly
 * checks them again, with the same messages. Null: a guarded request of a key that does not sign needs no
 * Idempotency-Key.
 */
export function readClaim(
  req: Request,
  {
    rawBody,
    principal,
    requestId,
    isMoney,
  }: { rawBody: Buffer; principal: Principal; requestId: string; isMoney: boolean },
): Claim | null {
  if (principal.signature === 'missing') throw new AppError('invalid_signature');
  const key = req.get('idempotency-key');
  if (key === undefined && !isMoney && principal.signature === undefined) return null;
  if (key === undefined || key.trim() === '') throw new AppError('idempotency_key_required');
  checkIdempotencyKey(key);
  return {
    scope: claimScope(principal),
    product: principal.product,
    key,
    requestId,
    keyId: principal.keyId,
    fingerprint: fingerprint({ method: req.method, url: req.originalUrl, body: rawBody }),
  };
}

function replayHeaders(stored: { location: string | null; requestId: string; status: number }): Record<string, string> {
  return {
    'Idempotent-Replayed': 'true',
    ...(stored.location === null ? {} : { Location: stored.location }),
    // An error body contains its request id; header and body must agree.
    ...(stored.status >= 400 ? { 'X-Request-Id': stored.requestId } : {}),
  };
}
