// Showing passwords in clear: for keys with write scope, on every route, and recorded. The record is written before the
// answer is sent, so no password is shown without a record.
import { sql } from '@lumi/shared/db';
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
  await deps.service.db.platform.$executeRaw(sql`
    INSERT INTO proxy.reveal (account_id, key_id, request_id, route, subjects, at)
    VALUES (${context.reach.kind === 'account' ? context.reach.accountId : null}::text, ${context.principal.keyId},
      ${context.requestId}, ${route}, ${[...subjects]}::text[], ${deps.service.clock.now()})`);
}
