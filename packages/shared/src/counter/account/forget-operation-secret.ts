import { AppError, defineRoute, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { operationSchema, wipeSecret } from '../../work/operations';
import type { AccountDeps } from './deps';
import { maySeeSecret, secretOwnerOf } from './operation-secret';
import { findAnyOperation } from './operation-store';
import { finishedAtOf, operationParams, viewAnyOperation } from './operation-view';

export function forgetOperationSecret(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'forget-operation-secret',
      method: 'DELETE',
      path: '/operations/{id}/secret',
      summary: 'Have the secret of an operation forgotten',
      tag: 'Account',
      scope: ['write', 'buy'],
      class: 'regular',
      reach: 'account',
      description:
        'Deletes the password that the operation made, so that it cannot be read again. Otherwise it is deleted a ' +
        'day after the operation has ended. A second call, or a call without a password, does nothing.',
      params: operationParams,
      responses: { 200: { description: 'The operation, without its secret.', schema: operationSchema } },
      errors: ['state_conflict'],
    }),
    async ({ reach, params, principal }) => {
      const found = await findAnyOperation(deps.db.platform, { reach, product: deps.product }, params.id);
      if (found === null) throw notFound();
      const view = viewAnyOperation(found);
      if (!maySeeSecret(principal, view)) throw new AppError('forbidden_scope');
      // The supplier does not have the secret yet, and the operation needs it.
      if (finishedAtOf(found) === null)
        throw new AppError(
          'state_conflict',
          'The operation is still running; its secret can be forgotten once it has ended.',
        );
      await wipeSecret(deps.db.platform, secretOwnerOf(deps, view));
      return json(200, view);
    },
  );
}
