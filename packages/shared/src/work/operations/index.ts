export {
  busyWith,
  concludeOperation,
  recoverOperations,
  runOperation,
  type OperationDeps,
  type OperationRequest,
} from './engine';
export {
  operationKind,
  type AnyOperationKind,
  type Operation,
  type OperationKind,
  type OperationState,
} from './operation';
export { findOperation, listOperations, operationOfRow, type OperationFilter } from './operation-store';
export { failureOf, operationSchema, viewOperation, viewOrderAsOperation, type OperationView } from './operation-view';
export { forgetSecrets, keepSecret, peekSecret, readSecret, wipeSecret, type SecretOwner } from './secret';
