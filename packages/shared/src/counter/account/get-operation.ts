import { z } from 'zod';
import { defineRoute, notFound } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { operationSchema, readSecret, type OperationView } from '../../work/operations';
import type { Principal } from '../../base/principal';
import { isoSeconds } from '../../ground/runtime';
import type { AccountDeps } from './deps';
import { findAnyOperation } from './operation-store';
import { maySeeSecret, secretOwnerOf } from './operation-secret';
import { finishedAtOf, operationParams, viewAnyOperation, type AnyOperation } from './operation-view';
import { OrderWatch } from './order-watch';

export function getOperation(deps: AccountDeps): Endpoint {
  const watch = new OrderWatch(deps.db.platform, deps.log);
  return endpoint(
    defineRoute({
      id: 'get-operation',
      method: 'GET',
      path: '/operations/{id}',
      summary: 'Get an operation',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: 'With `wait` the answer is held back until the operation is finished or the time is over.',
      params: operationParams,
      query: z.object({
        wait: z
          .string()
          .regex(/^(\d|[12]\d|30)$/, 'must be a whole number from 0 to 30')
          .optional()
          .describe('Seconds to wait for the operation to finish, 0 to 30.'),
      }),
      responses: { 200: { description: 'The operation.', schema: operationSchema } },
    }),
    async ({ reach, params, query, principal }) => {
      const find = async (): Promise<AnyOperation> => {
        const found = await findAnyOperation(deps.db.platform, { reach, product: deps.product }, params.id);
        if (found === null) throw notFound();
        return found;
      };
      let found = await find();
      const waitMs = Number.parseInt(query.wait ?? '0', 10) * 1_000;
      if (finishedAtOf(found) === null && waitMs > 0) {
        await watch.settled(found.kind === 'order' ? found.order.id : found.operation.id, waitMs);
        found = await find();
      }
      return json(200, await withSecret(deps, viewAnyOperation(found), finishedAtOf(found), principal));
    },
  );
}

/** The password is only for keys that may use it; a read-only key does not get it. */
async function withSecret(
  deps: AccountDeps,
  view: OperationView,
  finishedAt: Date | null,
  principal: Principal,
): Promise<OperationView> {
  if (view.state !== 'completed' || finishedAt === null || !maySeeSecret(principal, view)) return view;
  const shown = await readSecret(deps.db.platform, deps.config.SECRET_RING, secretOwnerOf(deps, view), {
    finishedAt,
    now: deps.clock.now(),
  });
  return shown === null ? view : { ...view, secret: shown.secret, secret_until: isoSeconds(shown.until) };
}
