// The order of a list and the position in it, by keyset: the value of the sort column, and a unique column for equal
// values. The position is text from the database: a JavaScript date loses the microseconds, and a page would begin with
// the last row of the page before.
import { z } from 'zod';
import type { Position } from '../../ground/contract';
import { rawSql, sql, type Sql } from '../../base/db';

export interface SortColumn {
  /** Never null; wrap it otherwise: coalesce(expires_at, 'infinity'). */
  readonly column: Sql;
  readonly type: 'timestamptz' | 'text' | 'bigint' | 'integer';
}

/** Columns that `select` adds to a row. */
export interface SortedRow {
  readonly sort_key: string;
  readonly sort_tie: string;
}

/** Which part of a list to read: one row more than `limit`. */
export interface SortedPage<S> {
  readonly limit: number;
  readonly now: Date;
  readonly sort?: S;
  readonly after?: Position | null;
}

type Direction<S extends string> = S | `-${S}`;

export class Sorting<S extends string> {
  /** For the query: each name, with a minus in front for descending order. */
  readonly field;

  constructor(
    private readonly columns: Readonly<Record<S, SortColumn>>,
    private readonly tie: SortColumn,
    readonly fallback: Direction<NoInfer<S>>,
  ) {
    const names = Object.keys(columns) as S[]; // the keys of this very record
    const all = names.flatMap((name): Direction<S>[] => [name, `-${name}`]);
    this.field = z
      .enum(all as [Direction<S>, ...Direction<S>[]])
      .optional()
      .describe(`The order; with \`-\` downwards. Absent: \`${fallback}\`.`);
  }

  /** Of things by their number `seq`, the newest first unless the caller says otherwise. */
  static newestFirst<S extends string>(
    alias: string,
    columns: Readonly<Record<S, SortColumn>>,
  ): Sorting<'created_at' | S> {
    const byAge: SortColumn = { column: rawSql(`${alias}.seq`), type: 'bigint' };
    return new Sorting<'created_at' | S>(
      { created_at: byAge, ...columns } as Record<'created_at' | S, SortColumn>,
      byAge,
      '-created_at',
    );
  }

  /** Columns for the SELECT list. */
  select(sort: Direction<S>): Sql {
    return sql`(${this.of(sort).column})::text AS sort_key, (${this.tie.column})::text AS sort_tie`;
  }

  orderBy(sort: Direction<S>): Sql {
    const direction = isDown(sort) ? sql`DESC` : sql`ASC`;
    return sql`ORDER BY ${this.of(sort).column} ${direction}, ${this.tie.column} ${direction}`;
  }

  /** The condition for rows after this position; null at the beginning. */
  after(sort: Direction<S>, position: Position | null): Sql | null {
    if (position === null) return null;
    const { column, type } = this.of(sort);
    const [key = '', tie = ''] = position;
    return sql`(${column}, ${this.tie.column}) ${isDown(sort) ? sql`<` : sql`>`} (${key}::${rawSql(type)},
      ${tie}::${rawSql(this.tie.type)})`;
  }

  position(row: SortedRow): Position {
    return [row.sort_key, row.sort_tie];
  }

  private of(sort: Direction<S>): SortColumn {
    return this.columns[(isDown(sort) ? sort.slice(1) : sort) as S]; // a Direction is a name with or without its minus
  }
}

function isDown(sort: string): boolean {
  return sort.startsWith('-');
}
