// All stored data, as one line per table: the number of rows, and a digest of them. Equal lines mean that nothing
// changed.
import type pg from 'pg';

/** What the system records of every request, including refused ones. */
const NOTED = ['last_used_at', 'last_used_ip'];

export class StoredState {
  private question: string | undefined;

  constructor(private readonly owner: pg.Pool) {}

  async read(): Promise<Readonly<Record<string, string>>> {
    this.question ??= await this.ask();
    const { rows } = await this.owner.query<{ name: string; digest: string }>({
      name: 'stored-state',
      text: this.question,
    });
    return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
  }

  private async ask(): Promise<string> {
    const { rows } = await this.owner.query<{ name: string }>(
      "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE " +
        "table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE' ORDER BY 1",
    );
    const row = NOTED.reduce((text, column) => `${text} - '${column}'`, 'to_jsonb(t)');
    return rows
      .map(
        ({ name }) =>
          `SELECT '${name}' AS name, count(*) || ' ' || coalesce(md5(string_agg(md5((${row})::text), ''
            ORDER BY md5((${row})::text))), '') AS digest FROM ${name} t`,
      )
      .join(' UNION ALL ');
  }
}
