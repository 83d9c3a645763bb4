// The state of a domain at a moment. Grace, redemption and deletion follow from the calendar alone, so they are
// computed on each read; they are right even if no job ran for a week. `stateSql` computes the same in SQL; a test
// compares both.
import { sql, type Sql } from '@lumi/shared/db';
import type { DomainRow } from './domain-row';

export const DOMAIN_STATES = [
  'active',
  'expired_grace',
  'redemption',
  'pending_delete',
  'on_hold',
  'pending_restore',
  'pending_transfer_out',
  'transferred_out',
  'deleted',
  'released',
] as const;
export type DomainState = (typeof DOMAIN_STATES)[number];

type Dated = Pick<DomainRow, 'state' | 'expires_at' | 'grace_ends_at' | 'redemption_ends_at' | 'delete_at'> & {
  readonly registry_statuses?: readonly string[];
};

export function stateAt(row: Dated, now: Date): DomainState {
  if (row.state !== 'active') return row.state;
  if (now >= row.delete_at) return 'released';
  if (now >= row.redemption_ends_at) return 'pending_delete';
  if (now >= row.grace_ends_at) return 'redemption';
  if (now >= row.expires_at) return 'expired_grace';
  return 'active';
}

/** The same for rows of `domains.domain d`. */
export function stateSql(now: Date): Sql {
  return sql`CASE WHEN d.state <> 'active' THEN d.state WHEN ${now}::timestamptz >= d.delete_at THEN 'released'
    WHEN ${now}::timestamptz >= d.redemption_ends_at THEN 'pending_delete'
    WHEN ${now}::timestamptz >= d.grace_ends_at THEN 'redemption'
      WHEN ${now}::timestamptz >= d.expires_at THEN 'expired_grace' ELSE 'active' END`;
}
