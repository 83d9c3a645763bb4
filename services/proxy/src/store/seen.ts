// What nodes saw: which subject and which entry of an allow-list was used last, and exits that moved by themselves.
// Raw SQL: many rows in one statement each. Telling it twice changes nothing, so it is no part of a batch.
import { newId } from '@lumi/shared/contract';
import { sql, type SqlRunner } from '@lumi/shared/db';

/** A newer time within this is not worth a write. */
const FINE_S = 10;

export async function noteSeen(
  db: SqlRunner,
  seen: readonly { readonly subject: string; readonly block: string | null; readonly at: Date }[],
): Promise<void> {
  if (seen.length === 0) return;
  const rows = JSON.stringify(seen);
  const due = sql`(SELECT x.subject, x.block, max(x.at) AS at FROM jsonb_to_recordset(${rows}::jsonb)
    AS x(subject text, block text, at timestamptz) GROUP BY 1, 2)`;
  for (const table of [sql`proxy.proxy`, sql`proxy.traffic_plan`, sql`proxy.subuser`])
    await db.$executeRaw(sql`
      WITH due AS MATERIALIZED (SELECT t.id, max(d.at) AS at FROM ${due} d JOIN ${table} t ON t.id = d.subject
        WHERE t.last_used_at IS NULL OR t.last_used_at < d.at - make_interval(secs => ${FINE_S}::int) GROUP BY 1),
      held AS MATERIALIZED (SELECT t.id FROM ${table} t JOIN due ON due.id = t.id ORDER BY t.id
        FOR NO KEY UPDATE OF t SKIP LOCKED)
      UPDATE ${table} t SET last_used_at = due.at FROM due, held WHERE t.id = due.id AND held.id = due.id`);
  // The entry of the proxy itself, or of its account.
  await db.$executeRaw(sql`
    WITH due AS MATERIALIZED (SELECT a.id, max(d.at) AS at FROM ${due} d JOIN proxy.proxy p ON p.id = d.subject
      JOIN proxy.allow_entry a ON a.account_id = p.account_id AND (a.proxy_id IS NULL OR a.proxy_id = p.id)
        AND a.block = d.block
      WHERE a.last_used_at IS NULL OR a.last_used_at < d.at - make_interval(secs => ${FINE_S}::int) GROUP BY 1),
    held AS MATERIALIZED (SELECT a.id FROM proxy.allow_entry a JOIN due ON due.id = a.id ORDER BY a.id
      FOR NO KEY UPDATE OF a SKIP LOCKED)
    UPDATE proxy.allow_entry a SET last_used_at = due.at FROM due, held WHERE a.id = due.id AND held.id = due.id`);
}

/** The customer's event is in the same statement, so it is written once for each move. */
export async function noteExitsChanged(
  db: SqlRunner,
  moved: readonly { readonly subject: string; readonly address: string; readonly at: Date }[],
  now: Date,
): Promise<void> {
  if (moved.length === 0) return;
  const rows = JSON.stringify(moved.map((one) => ({ ...one, event: newId('evt', now.getTime()) })));
  await db.$queryRaw(sql`
    WITH last AS MATERIALIZED (
      SELECT DISTINCT ON (x.subject) x.subject, x.address, least(x.at, ${now}::timestamptz) AS at, x.event
      FROM jsonb_to_recordset(${rows}::jsonb) AS x(subject text, address inet, at timestamptz, event text)
      ORDER BY x.subject, x.at DESC),
    due AS MATERIALIZED (SELECT p.id, p.account_id, p.network_id, p.exit_ip AS old_ip, l.address, l.at, l.event
      FROM last l JOIN proxy.proxy p ON p.id = l.subject
      WHERE p.state = 'active' AND p.exit_ip <> l.address AND (p.rotated_at IS NULL OR p.rotated_at < l.at)
      ORDER BY p.id FOR NO KEY UPDATE OF p),
    books AS (UPDATE proxy.sandbox_exit e SET exit_ip = host(d.address) FROM due d
      WHERE e.network_id = d.network_id),
    written AS (UPDATE proxy.proxy p SET exit_ip = d.address, rotated_at = d.at, updated_at = ${now},
      subnet = network(set_masklen(d.address, CASE family(d.address) WHEN 4 THEN 24 ELSE 64 END))::inet
      FROM due d WHERE p.id = d.id RETURNING d.*, p.subnet)
    SELECT platform.emit_events(w.account_id, 'proxy', jsonb_build_array(jsonb_build_object('id', w.event,
      'type', 'proxy.rotated', 'subject', w.id, 'data', jsonb_build_object('proxy_id', w.id, 'old_ip', host(w.old_ip),
        'new_ip', host(w.address), 'subnet', w.subnet::text, 'changed', true))))::text AS told FROM written w`);
}
