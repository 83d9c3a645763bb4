// Money and guarded requests of keys that sign only: HMAC over the exact bytes; 401 invalid_signature. The secret stays
// in this process. For some requests only the body says whether they are guarded (`auto_renew: true`): then a signature
// is checked if there is one. The identity says whether there was one; the service, which reads the body, refuses a
// request that needed one. Sets `isSigned`.
//
// v1 (the contract's): X-Signature: <64 lower-case hex digits>, HMAC-SHA256(signing_secret, raw body). v2 (opt-in per
// key): X-Signature: v2=<64 lower-case hex digits>
//                       X-Signature-Timestamp: <Unix time in whole seconds>, at most 300 s from the gateway's clock.
//   HMAC-SHA256(signing_secret, text) over these lines joined by "\n", without one at the end:
//     v2
//     <timestamp, as in the header>
//     <method, upper case>
//     <path and query exactly as sent, e.g. /api/v1/domains?dry_run=false>
//     <Idempotency-Key, as in the header; an empty line if there is none>
//     <SHA-256 of the raw body, 64 lower-case hex digits>
// v1 lets an attacker send a captured body again under a new Idempotency-Key; v2 binds the body to its key, path and
// time. A key takes only the version it was issued with: if v2 keys also took v1, v2 would protect nothing.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { AppError, assertNever } from '@lumi/shared/contract';
import { openSigningSecret, type ApiKey } from '@lumi/shared/keys';
import type { Clock, SecretRing } from '@lumi/shared/runtime';

const V1_SHAPE = /^[0-9a-f]{64}$/;
const V2_SHAPE = /^v2=[0-9a-f]{64}$/;
const TIMESTAMP_SHAPE = /^[1-9]\d{8,11}$/;
const SKEW_MAX_S = 300;

export function signature({ secretRing, clock }: { secretRing: SecretRing; clock: Clock }): RequestHandler {
  return (req, _res, next) => {
    const { key, operation, isMoney } = req.lumi;
    if (key !== null && operation !== null && key.key.signing !== 'none') {
      const isAsked =
        isMoney || operation.isGuarded || (operation.isGuardedByBody && req.headers['x-signature'] !== undefined);
      if (isAsked) requireSignature(req, key.key, { secretRing, clock });
      req.lumi.isSigned = isAsked;
    }
    next();
  };
}

function requireSignature(
  req: Request,
  key: ApiKey,
  { secretRing, clock }: { secretRing: SecretRing; clock: Clock },
): void {
  if (key.signing === 'v2') requireTimestamp(req, clock);
  if (!isSigned(req, key, secretRing)) throw new AppError('invalid_signature');
}

/** A separate message that contains the gateway's time, because a wrong clock otherwise looks like a wrong secret. */
function requireTimestamp(req: Request, clock: Clock): void {
  const nowS = Math.floor(clock.nowMs() / 1000);
  const timestamp = single(req, 'x-signature-timestamp');
  const wrong = (why: string): AppError =>
    new AppError(
      'invalid_signature',
      `The timestamp of the signature (X-Signature-Timestamp) ${why}. The server's time is ${String(nowS)}.`,
    );
  if (!TIMESTAMP_SHAPE.test(timestamp)) throw wrong('is missing or is not a Unix time in whole seconds');
  if (Math.abs(Number.parseInt(timestamp, 10) - nowS) > SKEW_MAX_S)
    throw wrong(`is more than ${String(SKEW_MAX_S)} s from the server's time`);
}

function isSigned(req: Request, key: ApiKey, ring: SecretRing): boolean {
  const sent = single(req, 'x-signature');
  if (key.signingSecret === null) return false;
  switch (key.signing) {
    case 'none':
      return true;
    case 'v1':
      return (
        V1_SHAPE.test(sent) && sameHex(sent, hmac(openSigningSecret(ring, key.id, key.signingSecret), req.lumi.body))
      );
    case 'v2': {
      const timestamp = single(req, 'x-signature-timestamp');
      if (!V2_SHAPE.test(sent)) return false;
      return sameHex(
        sent.slice(3),
        hmac(openSigningSecret(ring, key.id, key.signingSecret), canonicalText(req, timestamp)),
      );
    }
    default:
      return assertNever(key.signing);
  }
}

function canonicalText(req: Request, timestamp: string): Buffer {
  const bodyHash = createHash('sha256').update(req.lumi.body).digest('hex');
  // Header values arrive as Latin-1, one character per byte. Written back as Latin-1, they are the bytes that were
  // sent.
  return Buffer.from(
    ['v2', timestamp, req.method, req.url, single(req, 'idempotency-key'), bodyHash].join('\n'),
    'latin1',
  );
}

function hmac(secret: string, bytes: Buffer): Buffer {
  return createHmac('sha256', secret).update(bytes).digest();
}

/** The pattern was checked before: `Buffer.from(…, 'hex')` stops silently at the first invalid character. */
function sameHex(hex: string, mac: Buffer): boolean {
  return timingSafeEqual(Buffer.from(hex, 'hex'), mac);
}

/** Node joins repeated lines with a comma, which no valid value contains. */
function single(req: Request, name: string): string {
  const value = req.headers[name];
  return typeof value === 'string' ? value : '';
}
