// Builds conditions from the filters that were given, and the filters that lists of all products share.
import { z } from 'zod';
import { emptySql, joinSql, rawSql, sql, type Sql } from '../../base/db';
import type { Reach } from '../endpoint';
import { instantQuery } from '../../ground/times';

/** The account a cursor is bound to; null: all accounts. */
export function accountOf(reach: Reach): string | null {
  return reach.kind === 'account' ? reach.accountId : null;
}

/** The reach as a condition of raw SQL, on a table with this alias. */
export function within(reach: Reach, alias: string): Sql {
  return reach.kind === 'account' ? sql`${rawSql(alias)}.account_id = ${reach.accountId}` : sql`TRUE`;
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

/** A table of objects that expire. Its columns have the names that all products use. */
export interface ThingTable {
  readonly alias: string;
  /** Text columns in which `q` searches. */
  readonly search: readonly Sql[];
}

/** WHERE with the shared filters and the product's own conditions. Conditions that are not requested are null. */
export function whereThings(
  { alias, search }: ThingTable,
  reach: Reach,
  filter: Partial<ThingFilter>,
  own: readonly (Sql | null)[],
): Sql {
  const { q, reference, tag } = filter;
  const column = (name: string): Sql => rawSql(`${alias}.${name}`);
  const bound = (name: string, compare: Sql, text: string | undefined): Sql | null => {
    const at = instantOf(text);
    return at === null ? null : sql`${column(name)} ${compare} ${at}::timestamptz`;
  };
  return whereAll([
    reach.kind === 'account' ? within(reach, alias) : null,
    q === undefined
      ? null
      : sql`(${joinSql(
          search.map((text) => sql`${text} ILIKE ${partOf(q)}`),
          ' OR ',
        )})`,
    reference === undefined ? null : sql`${column('reference')} = ${reference}`,
    tag === undefined ? null : sql`${tag} = ANY (${column('tags')})`,
    filter.auto_renew === undefined ? null : sql`${column('auto_renew')} = ${filter.auto_renew === 'true'}`,
    bound('created_at', FROM, filter.created_after),
    bound('created_at', BEFORE, filter.created_before),
    bound('expires_at', FROM, filter.expires_after),
    bound('expires_at', BEFORE, filter.expires_before),
    ...own,
  ]);
}

const FROM = sql`>=`;
const BEFORE = sql`<`;

/** The LIKE pattern that matches exactly this text. */
function partOf(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
