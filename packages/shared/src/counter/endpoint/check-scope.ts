// Checks a key's scopes again behind the gateway.
import { AppError, scopeName, type RouteScope, type RouteSpec } from '../../ground/contract';
import type { Principal } from '../../base/principal';

/** The gateway has checked this. A service that is called directly checks it again, with the same message. */
export function checkScope(route: RouteSpec, principal: Principal): void {
  const scopes = [route.scope].flat() as RouteScope[]; // one scope or a list of them
  if (scopes.includes('public')) return;
  if (principal.type === 'public') throw new AppError('invalid_key');
  if (principal.type === 'operator' || scopes.includes('any')) return;
  const names = scopes.map((scope) => scopeName(principal.product, scope));
  if (!names.some((name) => principal.scopes.includes(name)))
    throw new AppError(
      'forbidden_scope',
      `Key lacks the required scope ${names.map((name) => `'${name}'`).join(' or ')}.`,
    );
}
