// Showing passwords in clear: for keys with write scope, on every route, and recorded. The record is written before the
// answer is sent, so no password is shown without a record.
import type { RequestContext } from '@lumi/shared/endpoint';
import { requireScope } from '@lumi/shared/principal';
import type { ProxyDeps } from '../deps';

export async function recordReveal(
  deps: ProxyDeps,
  context: Pick<RequestContext, 'principal' | 'requestId' | 'reach'>,
  route: string,
  subjects: readonly string[],
): Promise<void> {
  requireScope(context.principal, 'write');
  if (subjects.length === 0) return;
  await deps.db.reveal.createMany({
    data: {
      account_id: context.reach.kind === 'account' ? context.reach.accountId : null,
      key_id: context.principal.keyId,
      request_id: context.requestId,
      route,
      subjects: [...subjects],
      at: deps.service.clock.now(),
    },
  });
}
