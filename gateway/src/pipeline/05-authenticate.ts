// Sets `key` from the bearer token: found by digest, of this product, in force, from an allowed address. Every fault
// has the same answer and costs one digest. Public routes pass without a key look-up.
import type { Request, RequestHandler } from 'express';
import { AppError } from '@lumi/shared/contract';
import { plainAddress } from '@lumi/shared/addresses';
import { isUsable, productOfKey } from '@lumi/shared/keys';
import type { Clock } from '@lumi/shared/runtime';
import type { KeyCache } from '../keys/key-cache';
import type { KnownKey } from '../keys/known-key';
import type { KeyUsage } from '../keys/key-usage';
import { hasPaidUp, type AddressLimits } from '../limits/address-limit';
import type { ProxyHint } from '../proxy-hint';

export interface AuthenticateDeps extends AddressLimits {
  readonly keys: KeyCache;
  readonly usage: KeyUsage;
  readonly clock: Clock;
  readonly proxyHint: ProxyHint;
}

const BEARER = /^bearer +(\S.*)$/i;

export function authenticate({ keys, usage, clock, proxyHint, ...limits }: AuthenticateDeps): RequestHandler {
  const admit = ({ lumi: record, headers, socket }: Request, known: KnownKey | null): void => {
    const isGood =
      known !== null &&
      known.key.product === record.product &&
      isUsable(known.key, clock.nowMs()) &&
      known.admits(record.clientIp);
    if (!isGood) throw new AppError('invalid_key');
    record.key = known;
    usage.note(known.key.id);
    // The peer is a trusted proxy, not the client.
    if (headers['x-forwarded-for'] !== undefined && plainAddress(socket.remoteAddress ?? '') === record.clientIp)
      proxyHint.note(record.clientIp, known.key.lineageId);
  };
  return (req, _res, next) => {
    const record = req.lumi;
    if (record.match?.kind === 'operation' && record.match.operation.isPublic) {
      next();
      return;
    }
    const token = BEARER.exec(req.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new AppError('missing_bearer');
    const digest = keys.digestOf(token);
    if (productOfKey(token) !== record.product) throw new AppError('invalid_key');
    const known = keys.cached(digest, token);
    if (known !== undefined) {
      admit(req, known);
      next();
      return;
    }
    // An address that has spent its refusals cannot cause more key look-ups. A key that was known a moment ago is still
    // looked up.
    if (!hasPaidUp(limits, record.clientIp) && !keys.wasKnown(digest))
      throw new AppError('rate_limited', undefined, { retryAfterS: 1 });
    void keys
      .read(digest, token)
      .then((read) => {
        admit(req, read);
        next();
      })
      .catch(next);
  };
}
