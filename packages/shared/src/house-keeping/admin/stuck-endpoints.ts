// The operators’ queue, equal on every product base.
import type { Endpoint } from '../../counter/endpoint';
import type { StuckDeps, KnownWork } from './stuck-case';
import { listOpenOperations } from './list-open-operations';
import { retryOperation } from './retry-operation';
import { markOperationDone } from './mark-operation-done';
import { failOperation } from './fail-operation';

export function stuckEndpoints(deps: StuckDeps, known: KnownWork): Endpoint[] {
  return [listOpenOperations(deps), retryOperation(deps), markOperationDone(deps, known), failOperation(deps, known)];
}
