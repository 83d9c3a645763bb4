// For `termsNow`: the facts of a server's offers, read from its row when the money is held. Names and values are those
// of the offers.
import { joinSql, sql, type Sql } from '@lumi/shared/db';
import { DAY_MS } from '@lumi/shared/times';
import { lifecycleSql } from '../store/servers';

type Fact =
  'state' | 'state_to_renew' | 'plan_id' | 'next_plan_id' | 'location_id' | 'expires_at' | 'days' | 'stretches';

export function termsOfServer(serverId: string, at: Date, facts: readonly Fact[]): Sql {
  return sql`SELECT jsonb_build_object(${joinSql(
    facts.map((fact) => factSql(fact, at)),
    ', ',
  )}) AS facts FROM vps.server WHERE id = ${serverId} FOR NO KEY UPDATE`;
}

function factSql(fact: Fact, at: Date): Sql {
  switch (fact) {
    case 'state':
      return sql`'state', CASE WHEN missing_since IS NULL THEN ${lifecycleSql(at)} ELSE 'missing' END`;
    case 'state_to_renew':
      return sql`'state', CASE WHEN missing_since IS NULL AND (${lifecycleSql(at)} IN ('active', 'grace')
        OR (${lifecycleSql(at)} = 'suspended' AND suspension_kind = 'unpaid')) THEN 'renewable' ELSE 'over' END`;
    case 'plan_id':
      return sql`'plan_id', plan_id`;
    case 'next_plan_id':
      return sql`'next_plan_id', next_plan_id`;
    case 'location_id':
      return sql`'location_id', location_id`;
    case 'expires_at':
      return sql`'expires_at', platform.fact_time(expires_at)`;
    case 'days':
      return sql`'days', greatest(0,
        ceil(extract(epoch FROM (expires_at - ${at}::timestamptz)) * 1000 / ${DAY_MS}::int))::int`;
    case 'stretches':
      return sql`'stretches', stretches`;
  }
}
