// Who may see the password that an operation made, and which account owns it.
import { scopeName } from '../../ground/contract';
import type { OperationView, SecretOwner } from '../../work/operations';
import type { Principal } from '../../base/principal';
import type { AccountDeps } from './deps';

/** Keys with write scope. For a purchase also keys with buy scope, because the buyer must be able to use the server. */
export function maySeeSecret(principal: Principal, view: OperationView): boolean {
  const scopes = view.order_id === null ? ['write' as const] : ['write' as const, 'buy' as const];
  return (
    principal.type === 'operator' ||
    scopes.some((scope) => principal.scopes.includes(scopeName(principal.product, scope)))
  );
}

export function secretOwnerOf({ product }: Pick<AccountDeps, 'product'>, view: OperationView): SecretOwner {
  return { operationId: view.id, accountId: view.user_id, product };
}
