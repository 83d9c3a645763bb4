// The routes that every product base has. Deposits are in another room.
import type { Endpoint } from '../endpoint';
import { acknowledgeEvent } from './acknowledge-event';
import { deleteEventConsumer } from './delete-event-consumer';
import type { AccountDeps, Environment } from './deps';
import { findRequest } from './find-request';
import { forgetOperationSecret } from './forget-operation-secret';
import { getBalance } from './get-balance';
import { getEvent } from './get-event';
import { getMe } from './get-me';
import { getOpenapi } from './get-openapi';
import { getOperation } from './get-operation';
import { getOrder } from './get-order';
import { getRequest } from './get-request';
import { getTransaction } from './get-transaction';
import { listErrors } from './list-errors';
import { listEventConsumers } from './list-event-consumers';
import { listEventTypes } from './list-event-types';
import { listEventsEndpoint } from './list-events';
import { listOperations } from './list-operations';
import { listOrdersEndpoint } from './list-orders';
import { listTransactionsEndpoint } from './list-transactions';
import { updateBalance } from './update-balance';

/** Tags of these endpoints for the OpenAPI document. */
export const ACCOUNT_TAGS = [
  { name: 'Account', description: 'The key, the balance and everything that was bought.' },
  { name: 'Reference', description: 'This API described for machines.' },
] as const;

export function accountEndpoints(
  service: AccountDeps,
  environment: Environment = { suppliers: [], paymentProviders: [] },
): Endpoint[] {
  return [
    getMe(service, environment),
    getBalance(service),
    updateBalance(service),
    listTransactionsEndpoint(service),
    getTransaction(service),
    listOrdersEndpoint(service),
    getOrder(service),
    listOperations(service),
    getOperation(service),
    forgetOperationSecret(service),
    findRequest(service),
    getRequest(service),
    listEventsEndpoint(service),
    acknowledgeEvent(service),
    getEvent(service),
    listEventConsumers(service),
    deleteEventConsumer(service),
    listEventTypes(service),
    listErrors(service),
    getOpenapi(),
  ];
}
