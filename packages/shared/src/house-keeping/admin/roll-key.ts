import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, type Endpoint } from '../../counter/endpoint';
import { rollKey } from '../../base/keys';
import { administer } from './administer';
import { ADMIN_TAG, ringsOf, type AdminDeps } from './deps';
import { findKey } from './find-key';
import { issuedKeySchema, keyAct, keyParams, viewIssued } from './key-view';

export function rollKeyEndpoint(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'roll-key',
      method: 'POST',
      path: '/admin/keys/{id}/roll',
      summary: 'Roll a key',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'guarded',
      reach: 'none',
      keepsUserId: true,
      description:
        'A new key in place of this one, with the same account, scopes, limits, cap and idempotency ' +
        'records, and a new signing secret. The old key lives on for the overlap. A key that is revoked, ' +
        'expired or already rolled is not found.',
      params: keyParams,
      body: z.object({
        overlap_seconds: z
          .int()
          .min(0)
          .max(7_776_000)
          .describe('How long the old key lives on; 0 ends it now, 90 days is the most.'),
      }),
      bodyExample: { overlap_seconds: 3_600 },
      responses: { 201: { description: 'The new key.', schema: issuedKeySchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const { params, body } = context;
      return administer(deps, context, params.id, async (_tx, db) => {
        const before = await findKey(deps, db, params.id);
        const rolled = await rollKey(db, ringsOf(deps), {
          keyId: params.id,
          overlapSeconds: body.overlap_seconds,
          by: context.principal.keyId,
        });
        return {
          status: 201,
          body: viewIssued(deps.clock, rolled),
          act: keyAct(deps.clock, 'key.roll', before, rolled.record),
          holdsSecret: true,
        };
      });
    },
  );
}
