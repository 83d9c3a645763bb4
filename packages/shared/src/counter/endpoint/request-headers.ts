// The gateway's headers for a service, and the address as it was sent.
import type { Request } from 'express';
import { newId } from '../../ground/contract';
import { IDENTITY_HEADER } from '../../base/principal';
import type { Clock } from '../../ground/runtime';
import type { RequestContext } from './context';

const REQUEST_ID_SHAPE = /^req_[0-9a-z]{24}$/;

/** As it was sent. */
export function queryOf({ url }: Request): string {
  const cut = url.indexOf('?');
  return cut === -1 ? '' : url.slice(cut + 1);
}

export function identityOf(req: Request): string | undefined {
  return req.get(IDENTITY_HEADER);
}

export function requestIdOf(req: Request, clock: Clock): string {
  const given = req.get('x-request-id');
  if (given !== undefined && REQUEST_ID_SHAPE.test(given)) return given;
  const made = newId('req', clock.nowMs());
  req.headers['x-request-id'] = made;
  return made;
}

export function readRegular(req: Request): RequestContext['regularRemaining'] {
  const match = /^(\d+);(\d+)$/.exec(req.get('x-lumi-regular') ?? '');
  return match === null ? null : { remaining: Number(match[1]), resetS: Number(match[2]) };
}
