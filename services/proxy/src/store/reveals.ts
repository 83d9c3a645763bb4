// Showing passwords in clear: for keys that may write, whatever the route they use, and recorded. The record is written
// before the answer leaves: what is not recorded is not shown.
import { sql } from '@lumi/shared/db';
import type { RequestContext } from '@lumi/shared/endpoint';
import { requireScope } from '@lumi/shared/principal';
import type { ProxyDeps } from '../proxy';

export async function recordReveal(
  deps: Pick<ProxyDeps, 'db' | 'clock'>,
  context: Pick<RequestContext, 'principal' | 'requestId' | 'reach'>,
  route: string,
  subjects: readonly string[],
): Promise<void> {
  requireScope(context.principal, 'write');
  if (subjects.length === 0) return;
  await deps.db.platform.$executeRaw(sql`
    INSERT INTO proxy.reveal (account_id, key_id, request_id, route, subjects, at)
    VALUES (${context.reach.kind === 'account' ? context.reach.accountId : null}::text, ${context.principal.keyId},
      ${context.requestId}, ${route}, ${[...subjects]}::text[], ${deps.clock.now()})`);
}
