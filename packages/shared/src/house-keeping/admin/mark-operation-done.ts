import { z } from 'zod';
import { invalid } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { type StuckDeps, type KnownWork, caseOf, askSupplier, refuseUnfit } from './stuck-case';
import { decisionRoute, reasonField, openWork, decide, LEASE_MS } from './stuck-decision';

export function markOperationDone(deps: StuckDeps, known: KnownWork): Endpoint {
  return endpoint(
    decisionRoute({
      id: 'mark-operation-done',
      status: 200,
      path: '/admin/operations/{id}/mark-done',
      summary: 'Mark work done',
      description:
        'For a purchase the supplier did deliver, or an operation it did carry out. It is asked once more; if it ' +
        'cannot say, `result` must tell what was delivered, as the supplier would have. A purchase’s hold is ' +
        'captured and the product delivered.',
      body: z.object({
        reason: reasonField,
        supplier_ref: z.string().min(1).max(200).optional(),
        result: z
          .record(z.string(), z.unknown())
          .optional()
          .describe('What was delivered, in the form of this kind of work.'),
      }),
      bodyExample: { reason: 'The registry confirmed by phone.', supplier_ref: 'REG-2041-77' },
    }),
    async (context) => {
      const {
        params: { id },
        body,
        principal,
      } = context;
      const work = await openWork(deps, id);
      const one = caseOf(deps, known, work);
      const found = await askSupplier(deps, id, one);
      const result = found.kind === 'done' ? found.result : body.result;
      if (result === undefined) throw invalid('result', 'is required: the supplier does not tell what it delivered');
      const supplierRef = (found.kind === 'done' ? found.supplierRef : undefined) ?? body.supplier_ref;
      refuseUnfit(() => {
        one.fit(result);
      });
      const view = await decide(deps, known, context, {
        work,
        action: 'operation.mark_done',
        decision: {
          reason: body.reason,
          supplier_ref: body.supplier_ref ?? null,
          has_result: body.result !== undefined,
        },
        leaseMs: LEASE_MS,
        outcome: { kind: 'done', result, ...(supplierRef === undefined ? {} : { supplierRef }) },
      });
      deps.log.warn('an operator marked work done', {
        operation_id: id,
        key_id: principal.keyId,
        reason: body.reason,
        supplier_says: found.kind,
      });
      return json(200, view);
    },
  );
}
