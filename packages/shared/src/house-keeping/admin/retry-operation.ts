import { z } from 'zod';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { type StuckDeps, viewWork } from './stuck-case';
import { decisionRoute, takeOver, openWork } from './stuck-decision';

export function retryOperation(deps: StuckDeps): Endpoint {
  return endpoint(
    decisionRoute({
      id: 'retry-operation',
      status: 202,
      path: '/admin/operations/{id}/retry',
      summary: 'Ask the supplier again',
      body: z.object({}),
      bodyExample: {},
      description:
        'Makes recovery ask the supplier now instead of at its next time. This route itself decides nothing.',
    }),
    async (context) => {
      const { principal } = context;
      const view = viewWork(
        await takeOver(deps, context, {
          work: await openWork(deps, context.params.id),
          action: 'operation.retry',
          decision: {},
          leaseMs: 0,
        }),
      );
      deps.log.info('an operator has work looked up again', { operation_id: view.id, key_id: principal.keyId });
      return json(202, view);
    },
  );
}
