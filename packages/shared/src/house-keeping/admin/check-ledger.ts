import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import type { SqlRunner } from '../../base/db';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { audit, type Breach } from '../../base/ledger';
import { BOOK_RULES } from '../reconciliation';
import { isoSeconds } from '../../ground/runtime';
import { ADMIN_TAG, type AdminDeps } from './deps';

/** All faults in the books of this installation. */
export function auditAll(db: SqlRunner): Promise<Breach[]> {
  return audit(db, BOOK_RULES);
}

export function checkLedger(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'check-ledger',
      method: 'GET',
      path: '/admin/ledger/check',
      summary: 'Check the books',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'regular',
      reach: 'none',
      keepsUserId: true,
      description:
        'Recomputes all balances, holds, charges, caps and deposits from the rows alone and lists every ' +
        'contradiction. It reads everything, so it takes a while on a large installation; it repairs ' +
        'nothing.',
      responses: {
        200: {
          description: 'The result; `ok` is true when there is no breach.',
          schema: z.object({
            ok: z.boolean(),
            checked_at: z.string(),
            breaches: z.array(z.object({ rule: z.string(), subject: z.string(), detail: z.string() })),
          }),
          example: { ok: true, checked_at: '2026-06-09T12:00:00Z', breaches: [] },
        },
      },
    }),
    async () => {
      const breaches = await auditAll(deps.admin.platform);
      return json(200, { ok: breaches.length === 0, checked_at: isoSeconds(deps.clock.now()), breaches });
    },
  );
}
