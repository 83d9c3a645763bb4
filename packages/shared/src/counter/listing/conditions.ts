// Builds conditions from the filters that were given, and the filters that lists of all products share.
import { z } from 'zod';
import { emptySql, joinSql, sql, type Sql } from '../../base/db';
import type { Reach } from '../endpoint';
import { instantQuery } from '../../ground/times';

/** The account a cursor is bound to; null: all accounts. */
export function accountOf(reach: Reach): string | null {
  return reach.kind === 'account' ? reach.accountId : null;
}

/** `WHERE a AND b AND …`; conditions of absent filters are null. */
export function whereAll(conditions: readonly (Sql | null)[]): Sql {
  const asked = conditions.filter((condition) => condition !== null);
  return asked.length === 0 ? emptySql : sql`WHERE ${joinSql(asked, ' AND ')}`;
}

export function instantOf(text: string | undefined): Date | null {
  return text === undefined ? null : new Date(text);
}

/** Spread into the query of a list of objects that expire. */
export const thingFilterFields = {
  q: z.string().min(1).max(255).optional().describe('Part of the name, in any case.'),
  reference: z.string().min(1).max(128).optional().describe('Only those with this reference of yours.'),
  tag: z.string().min(1).max(64).optional().describe('Only those with this tag.'),
  auto_renew: z.enum(['true', 'false']).optional().describe('Only those that renew themselves, or do not.'),
  created_after: instantQuery.describe('Only those made at or after this.'),
  created_before: instantQuery.describe('Only those made before this.'),
  expires_after: instantQuery.describe('Only those that expire at or after this.'),
  expires_before: instantQuery.describe('Only those that expire before this.'),
};

const thingFilter = z.object(thingFilterFields);
export type ThingFilter = z.output<typeof thingFilter>;

/** The columns of the filters. A list without one of them has no such filter field. */
export interface ThingColumns {
  readonly reach: Sql;
  readonly reference: Sql;
  readonly tags: Sql;
  readonly autoRenew: Sql;
  readonly createdAt: Sql;
  readonly expiresAt: Sql;
  /** Text columns in which `q` searches. */
  readonly search: readonly Sql[];
}

/** For `whereAll`, together with the product's own conditions. */
export function thingConditions(columns: ThingColumns, reach: Reach, filter: Partial<ThingFilter>): (Sql | null)[] {
  const { q, reference, tag } = filter;
  const bound = (column: Sql, compare: Sql, text: string | undefined): Sql | null => {
    const at = instantOf(text);
    return at === null ? null : sql`${column} ${compare} ${at}::timestamptz`;
  };
  return [
    reach.kind === 'account' ? sql`${columns.reach} = ${reach.accountId}` : null,
    q === undefined
      ? null
      : sql`(${joinSql(
          columns.search.map((column) => sql`${column} ILIKE ${partOf(q)}`),
          ' OR ',
        )})`,
    reference === undefined ? null : sql`${columns.reference} = ${reference}`,
    tag === undefined ? null : sql`${tag} = ANY (${columns.tags})`,
    filter.auto_renew === undefined ? null : sql`${columns.autoRenew} = ${filter.auto_renew === 'true'}`,
    bound(columns.createdAt, FROM, filter.created_after),
    bound(columns.createdAt, BEFORE, filter.created_before),
    bound(columns.expiresAt, FROM, filter.expires_after),
    bound(columns.expiresAt, BEFORE, filter.expires_before),
  ];
}

const FROM = sql`>=`;
const BEFORE = sql`<`;

/** The LIKE pattern that matches exactly this text. */
function partOf(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
