// `auto_renew: true` commits future money in every body that can say it, so it needs `buy` and `write` in every route.
// A route declares the paths of the field (`autoRenew`); no other code checks this.
import type { RouteSpec } from '../../ground/contract';
import { requireScope, type Principal } from '../../base/principal';
import { isPlainObject } from './validate';

/** Reads the body as it was sent: a missing scope is refused before any message about the rest of the body. */
export function asksToRenew(route: RouteSpec, body: unknown): boolean {
  return (route.autoRenew ?? []).some((path) => holdsTrue(body, path.split('.')));
}

/** Throws 403. */
export function requireRenewalScopes(principal: Principal): void {
  requireScope(principal, 'buy');
  requireScope(principal, 'write');
}

function holdsTrue(value: unknown, [name, ...rest]: readonly string[]): boolean {
  if (Array.isArray(value)) return value.some((item) => holdsTrue(item, name === undefined ? [] : [name, ...rest]));
  if (name === undefined) return value === true;
  return isPlainObject(value) && Object.hasOwn(value, name) && holdsTrue(value[name], rest);
}
