import { z } from 'zod';
import { defineRoute } from '../contract';
import { endpoint, json, type Endpoint } from '../endpoint';
import { rollKey } from '../keys';
import { ADMIN_TAG, ringsOf, type AdminDeps } from './deps';
import { findKey } from './find-key';
import { issuedKeySchema, keyParams, viewIssued } from './key-view';

export function rollKeyEndpoint(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'roll-key', method: 'POST', path: '/admin/keys/{id}/roll', summary: 'Roll a key', tag: ADMIN_TAG, scope: 'admin:*', class: 'guarded', reach: 'none', keepsUserId: true,
      description: 'A new key in place of this one, with the same account, scopes, limits, cap and idempotency records, and a new signing secret. The old key lives on for the overlap. A key that is revoked, expired or already rolled is not found.',
      params: keyParams,
      body: z.object({ overlap_seconds: z.int().min(0).max(7_776_000).describe('How long the old key lives on; 0 ends it now, 90 days is the most.') }), bodyExample: { overlap_seconds: 3_600 },
      responses: { 201: { description: 'The new key.', schema: issuedKeySchema } },
    }),
    async ({ params, body }) => {
      await findKey(deps, params.id);
      return json(201, viewIssued(deps.clock, await rollKey(deps.admin.pool, ringsOf(deps), { keyId: params.id, overlapSeconds: body.overlap_seconds })));
    },
  );
}
