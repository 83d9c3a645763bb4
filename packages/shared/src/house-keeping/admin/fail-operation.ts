import { z } from 'zod';
import { AppError } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { type StuckDeps, type KnownWork, askSupplier, caseOf } from './stuck-case';
import { decisionRoute, reasonField, openWork, decide, LEASE_MS } from './stuck-decision';

export function failOperation(deps: StuckDeps, known: KnownWork): Endpoint {
  return endpoint(
    decisionRoute({
      id: 'fail-operation',
      status: 200,
      path: '/admin/operations/{id}/fail-and-refund',
      summary: 'Fail work and release its money',
      description:
        'For a purchase the supplier did not deliver, or an operation it did not carry out (which holds no ' +
        'money). It is asked once more: what it says it delivered is not failed (`409 state_conflict`).',
      body: z.object({ reason: reasonField }),
      bodyExample: { reason: 'The registry has no trace of it.' },
    }),
    async (context) => {
      const {
        params: { id },
        body,
        principal,
      } = context;
      const work = await openWork(deps, id);
      const found = await askSupplier(deps, id, caseOf(deps, known, work));
      if (found.kind === 'done')
        throw new AppError('state_conflict', 'The supplier says that it delivered this; mark it done instead.');
      const view = await decide(deps, known, context, {
        work,
        action: 'operation.fail',
        decision: { reason: body.reason },
        leaseMs: LEASE_MS,
        outcome: { kind: 'refused', code: 'supplier_error' },
      });
      deps.log.warn('an operator failed work', {
        operation_id: id,
        key_id: principal.keyId,
        reason: body.reason,
        supplier_says: found.kind,
      });
      return json(200, view);
    },
  );
}
