// Showing passwords in clear: for keys with write scope, on every route, and recorded. The record is written before the
// answer is sent, so no password is shown without a record.
import { sql, type SqlRunner } from '@lumi/shared/db';
import type { RequestContext } from '@lumi/shared/endpoint';
import { requireScope } from '@lumi/shared/principal';
import type { ProxyDeps } from '../deps';

/** `db`: a transaction, when the record must commit with what is done there. */
export async function recordReveal(
  deps: ProxyDeps,
  context: Pick<RequestContext, 'principal' | 'requestId' | 'reach'>,
  route: string,
  subjects: readonly string[],
  db: SqlRunner = deps.service.db.platform,
): Promise<void> {
  requireScope(context.principal, 'write');
  await record(deps, db, {
    account_id: context.reach.kind === 'account' ? context.reach.accountId : null,
    key_id: context.principal.keyId,
    request_id: context.requestId,
    route,
    subjects,
  });
}

/**
 * Passwords that a link to a list shows without a key: the record has the link's id as its key. A list that the link
 * has shown before names the earlier row (`same_as`), which has the ids.
 */
export async function recordLinkRead(
  deps: ProxyDeps,
  { requestId }: Pick<RequestContext, 'requestId'>,
  link: { readonly id: string; readonly account_id: string },
  subjects: readonly string[],
): Promise<void> {
  if (subjects.length === 0) return;
  // Raw SQL: compared with the last list, recorded, and remembered as the last one, in one statement.
  await deps.service.db.platform.$executeRaw(sql`
    WITH shown AS (SELECT ${[...subjects]}::text[] AS ids),
    same AS (SELECT r.seq FROM proxy.export_link l JOIN proxy.reveal r ON r.seq = l.reveal_seq, shown
      WHERE l.id = ${link.id} AND r.subjects = shown.ids),
    told AS (INSERT INTO proxy.reveal (account_id, key_id, request_id, route, subjects, same_as, at)
      SELECT ${link.account_id}, ${link.id}, ${requestId}, 'read-export-link',
        CASE WHEN same.seq IS NULL THEN shown.ids ELSE '{}' END, same.seq, ${deps.service.clock.now()}::timestamptz
      FROM shown LEFT JOIN same ON true RETURNING seq, same_as)
    UPDATE proxy.export_link l SET reveal_seq = told.seq FROM told WHERE l.id = ${link.id} AND told.same_as IS NULL`);
}

async function record(
  { service }: Pick<ProxyDeps, 'service'>,
  db: SqlRunner,
  reveal: {
    readonly account_id: string | null;
    readonly key_id: string;
    readonly request_id: string;
    readonly route: string;
    readonly subjects: readonly string[];
  },
): Promise<void> {
  if (reveal.subjects.length === 0) return;
  // Raw SQL: also in a transaction.
  await db.$executeRaw(sql`
    INSERT INTO proxy.reveal (account_id, key_id, request_id, route, subjects, at)
    VALUES (${reveal.account_id}::text, ${reveal.key_id}, ${reveal.request_id}, ${reveal.route},
      ${[...reveal.subjects]}::text[], ${service.clock.now()})`);
}
