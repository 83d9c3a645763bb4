// Money requests, and guarded ones of keys that sign: an Idempotency-Key is there (400) and well formed (422); sets
// `idempotencyKey`. A guarded request of another key may have one. Whether it was used before is for the service and
// its unique index to say.
import type { RequestHandler } from 'express';
import { AppError, invalid } from '@lumi/shared/contract';

const KEY_SHAPE = /^[\x21-\x7e]{8,200}$/;

export function idempotencyKey(): RequestHandler {
  return (req, _res, next) => {
    const { isMoney, isSigned, operation } = req.lumi;
    if (isMoney || operation?.isGuarded === true) {
      // Two lines arrive joined with ", ", which the shape refuses for its space.
      const sent = req.headers['idempotency-key'];
      const key = typeof sent === 'string' ? sent.trim() : '';
      if (key === '' && (isMoney || isSigned)) throw new AppError('idempotency_key_required');
      if ((sent !== undefined || isMoney) && !KEY_SHAPE.test(key))
        throw invalid('Idempotency-Key', 'must be 8 to 200 characters of printable ASCII without spaces, on one line');
      req.lumi.idempotencyKey = key;
    }
    next();
  };
}
