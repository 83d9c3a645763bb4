import type { Principal } from '../principal';
import type { Actor } from './note';

/** The part of a request's context that says who acts. */
export interface Asking {
  readonly principal: Principal;
  readonly clientIp: string | null;
  readonly requestId: string;
}

export function actorOf({ principal, clientIp, requestId }: Asking): Actor {
  return {
    product: principal.product,
    kind: principal.type === 'operator' ? 'operator' : 'reseller',
    keyId: principal.keyId,
    address: clientIp,
    requestId,
  };
}
