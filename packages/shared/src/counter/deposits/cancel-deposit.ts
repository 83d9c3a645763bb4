import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { cancelDeposit } from './deposits';
import { depositSchema, viewDeposit } from './deposit-view';
import type { DepositDeps } from './reconcile';
import { DEPOSITS_TAG, depositParams } from './deposit-route';

export function cancelDepositEndpoint(deps: DepositDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'cancel-deposit',
      method: 'POST',
      path: '/deposits/{id}/cancel',
      summary: 'Cancel a deposit',
      tag: DEPOSITS_TAG,
      scope: 'deposits:write',
      class: 'regular',
      reach: 'account',
      description:
        'Deletes the invoice at the provider. A payment that was faster wins: then the deposit comes back ' +
        '`credited`. Cancelling twice does no harm.',
      params: depositParams,
      responses: {
        200: {
          description: 'The deposit as it is now.',
          schema: depositSchema,
          exampleWith: { status: 'cancelled', pay_url: null, pay_urls: {} },
        },
      },
      errors: ['state_conflict'],
    }),
    async ({ reach, params }) => json(200, viewDeposit(await cancelDeposit(deps, reach, params.id))),
  );
}
