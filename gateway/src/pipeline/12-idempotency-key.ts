// Money requests, and guarded ones of keys that sign, must have an Idempotency-Key (400), well formed (422); sets
// `idempotencyKey`. A guarded request of another key may have one. The service checks, with its unique index, whether
// the key was used before.
import type { RequestHandler } from 'express';
import { AppError, checkIdempotencyKey } from '@lumi/shared/contract';

export function idempotencyKey(): RequestHandler {
  return (req, _res, next) => {
    const { isMoney, isSigned, operation } = req.lumi;
    if (isMoney || operation?.isGuarded === true) {
      // Two lines arrive joined with ", "; the pattern refuses the space.
      const sent = req.headers['idempotency-key'];
      const key = typeof sent === 'string' ? sent.trim() : '';
      if (key === '' && (isMoney || isSigned)) throw new AppError('idempotency_key_required');
      if (sent !== undefined || isMoney) checkIdempotencyKey(key);
      req.lumi.idempotencyKey = key;
    }
    next();
  };
}
