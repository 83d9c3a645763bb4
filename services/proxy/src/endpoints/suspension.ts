// What the endpoints share by which operators stop a proxy, a plan or a sub-user and let it go on.
import { z } from 'zod';
import { lineField, notFound } from '@lumi/shared/contract';
import type { EventDraft } from '@lumi/shared/events';
import { ADMIN_TAG, administer } from '@lumi/shared/admin';
import type { ProxyDeps } from '../deps';
import type { AccessTable } from '../store/access';
import { setSuspended } from '../store/suspensions';
import { suspendedSchema } from '../views/suspended';

export const SUSPENSION_ROUTE = {
  method: 'POST',
  tag: ADMIN_TAG,
  scope: 'admin:*',
  class: 'guarded',
  reach: 'none',
  keepsUserId: true,
  responses: {
    200: { description: 'As it is now.', schema: z.object({ id: z.string(), suspended: suspendedSchema }) },
  },
} as const;
export const SUSPEND_TEXT =
  'Within two seconds nothing passes any more, open connections included. Its owner sees the reason. The period goes ' +
  'on, and nothing is paid back. `404` for what is over: of a proxy that was replaced, suspend the one in ' +
  '`replaced_by`.';
export const UNSUSPEND_TEXT = 'What was suspended works again within two seconds.';
export const suspendBody = z.object({ reason: lineField(200).describe('The owner reads it.') });
export const SUSPEND_EXAMPLE = { reason: 'Password guessing against third parties' };

/** The nouns of events and of acts, and the field that holds the id. */
const NOUNS = {
  proxy: { event: 'proxy', act: 'proxy', id: 'proxy_id' },
  traffic_plan: { event: 'traffic', act: 'traffic_plan', id: 'traffic_plan_id' },
  subuser: { event: 'subuser', act: 'subuser', id: 'subuser_id' },
} as const;

/** `reason` null: it goes on. As the service's own role, which writes these tables: an operator's role does not. */
export function changeSuspension(
  deps: ProxyDeps,
  context: Parameters<typeof administer>[1],
  table: AccessTable,
  { id, reason }: { readonly id: string; readonly reason: string | null },
) {
  const noun = NOUNS[table];
  const word = reason === null ? 'unsuspend' : 'suspend';
  const asService = { ...deps.service, admin: deps.service.db };
  return administer(asService, context, id, async (tx) => {
    // Put together from the noun; every test's database is compared with the catalogue of events.
    const event = {
      type: `${noun.event}.${word}ed`,
      subject: id,
      data: { [noun.id]: id, ...(reason === null ? {} : { reason }) },
    } as EventDraft;
    const found = await setSuspended(tx, table, id, { reason, event, now: deps.service.clock.now() });
    if (found === null) throw notFound();
    return {
      status: 200,
      body: { id, suspended: reason === null ? null : { reason } },
      act: {
        action: `${noun.act}.${word}`,
        subject: id,
        accountId: found.account_id,
        before: { suspended_for: found.before },
        after: { suspended_for: reason },
      },
    };
  });
}
