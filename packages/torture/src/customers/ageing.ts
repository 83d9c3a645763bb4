// Makes things older than they are, in the database and at the supplier.
import type { System } from '../system/system';
import type { History } from './client';

export const AGE_LIMIT_MS = 120_000;

export interface ServerRow {
  readonly id: string;
  readonly expires_at: Date;
}

/** Once, although it may be tried again: what has been aged may have been renewed since. */
export async function ageServer(
  { system, history }: { readonly system: System; readonly history: History },
  { id, expires_at: from }: ServerRow,
  until: number,
): Promise<true> {
  // The history hears of it first: a database that was cut off may have done it.
  if (!history.factsOf('aged').some((fact) => fact.id === id)) history.fact({ kind: 'aged', id, until });
  // The months that were paid for are those that end then, and are as long as these are.
  await system.query(
    `
    UPDATE vps.server s SET expires_at = $2, anchor_day = extract(day FROM $2::timestamptz AT TIME ZONE 'UTC'),
      stretches = jsonb_build_array(s.stretches -> 0 || jsonb_build_object('days', extract(day
        FROM ($2::timestamptz AT TIME ZONE 'UTC') - (($2::timestamptz AT TIME ZONE 'UTC') - make_interval(months =>
          s.period_months)))::int))
    WHERE s.id = $1 AND s.expires_at = $3`,
    [id, new Date(until), from],
  );
  return true;
}

/** At us and in the network alike. Not once more when they have been renewed or replaced since. */
export async function ageProxies(system: System, orderId: string, until: number): Promise<true | undefined> {
  const { rowCount } = await system.query(
    `
    WITH aged AS (UPDATE proxy.proxy SET starts_at = starts_at - (expires_at - $2),
      grace_until = grace_until - (expires_at - $2), expires_at = $2
      WHERE order_id = $1 AND term = 1 AND replaces IS NULL AND state = 'active' RETURNING network_id)
    UPDATE proxy.sandbox_exit e SET until = $2 FROM aged WHERE e.network_id = aged.network_id`,
    [orderId, new Date(until)],
  );
  return (rowCount ?? 0) > 0 ? true : undefined;
}

/** At us and in the registry alike. */
export async function ageDomain(system: System, name: string, until: number): Promise<true | undefined> {
  const { rowCount } = await system.query(
    `
    WITH aged AS (SELECT name, expires_at - $2::timestamptz AS by FROM domains.domain WHERE name = $1),
      ours AS (UPDATE domains.domain d SET registered_at = registered_at - aged.by, created_at = created_at - aged.by,
        expires_at = expires_at - aged.by, grace_ends_at = grace_ends_at - aged.by,
          redemption_ends_at = redemption_ends_at - aged.by, delete_at = delete_at - aged.by FROM aged
            WHERE d.name = aged.name)
    UPDATE domains.sandbox_name n SET registered_at = n.registered_at - aged.by, expires_at = n.expires_at - aged.by
      FROM aged WHERE n.name = aged.name`,
    [name, new Date(until)],
  );
  return (rowCount ?? 0) > 0 ? true : undefined;
}
