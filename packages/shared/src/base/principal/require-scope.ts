// Where one field asks for more than its route does: `auto_renew: true` commits future money.
import { AppError, scopeName, type RouteScope } from '../../ground/contract';
import type { Principal } from './principal';

export function requireScope(principal: Principal, scope: RouteScope): void {
  const needed = scopeName(principal.product, scope);
  if (principal.type !== 'operator' && !principal.scopes.includes(needed))
    throw new AppError('forbidden_scope', `Key lacks the required scope '${needed}'.`);
}
