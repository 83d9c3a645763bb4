import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { readDeposit } from './deposits';
import { depositSchema, viewDeposit } from './deposit-view';
import type { DepositDeps } from './reconcile';
import { DEPOSITS_TAG, READ_SCOPES, depositParams } from './deposit-route';

export function getDeposit(deps: DepositDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-deposit',
      method: 'GET',
      path: '/deposits/{id}',
      summary: 'Get a deposit',
      tag: DEPOSITS_TAG,
      scope: READ_SCOPES,
      class: 'regular',
      reach: 'account',
      description:
        'Also asks the provider, unless it was asked in the last seconds. With `wait` the answer is held back until ' +
        'the deposit is settled or the time is over.',
      params: depositParams,
      query: z.object({
        wait: z
          .string()
          .regex(/^(\d|[12]\d|30)$/, 'must be a whole number from 0 to 30')
          .optional()
          .describe('Seconds to wait for the deposit to be settled, 0 to 30.'),
      }),
      responses: { 200: { description: 'The deposit.', schema: depositSchema } },
    }),
    async ({ reach, params, query }) =>
      json(200, viewDeposit(await readDeposit(deps, reach, params.id, Number.parseInt(query.wait ?? '0', 10)))),
  );
}
