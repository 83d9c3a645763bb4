// Which tables and sequences a backup holds: all of the platform and the products, but not what migrations and function
// files make themselves, and not the queue, whose jobs are wake-ups that the workers stage again.
import { schemas } from '../../../../scripts/build.mjs';

/** @typedef {import('./frames.mjs').TableHead} TableHead */

export const SCHEMAS = schemas.map(({ name }) => name);
const MADE_BY_MIGRATIONS = ['_prisma_migrations', '_functions'];
/** The records that the sandbox suppliers keep for themselves: they are outside of Lumi, as a real supplier's are. */
const OF_SUPPLIERS = /^sandbox_/;

/**
 * In the order of their names; without columns that PostgreSQL computes.
 *
 * @param {import('pg').Client} client
 * @returns {Promise<readonly TableHead[]>}
 */
export async function tablesOf(client) {
  /** @type {import('pg').QueryResult<TableHead>} */
  const { rows } = await client.query(
    `SELECT n.nspname AS schema, c.relname AS table, array_agg(a.attname::text ORDER BY a.attnum) AS columns
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE n.nspname = ANY ($1) AND c.relkind = 'r' AND NOT c.relname = ANY ($2) AND a.attnum > 0
        AND NOT a.attisdropped AND a.attgenerated = ''
      GROUP BY 1, 2 ORDER BY 1, 2`,
    [SCHEMAS, MADE_BY_MIGRATIONS],
  );
  return rows;
}

/** @param {Pick<TableHead, 'table'>} head */
export function isOfSupplier({ table }) {
  return OF_SUPPLIERS.test(table);
}

/** @param {Pick<TableHead, 'schema' | 'table'>} head */
export function nameOf({ schema, table }) {
  return `${schema}.${table}`;
}

/** `schema.table (columns)` as SQL. @param {TableHead} head */
export function sqlOf({ schema, table, columns }) {
  return `${quoted(schema)}.${quoted(table)} (${columns.map(quoted).join(', ')})`;
}

/**
 * The last value of each sequence that was used, under `schema.sequence`.
 *
 * @param {import('pg').Client} client
 * @returns {Promise<Record<string, string>>}
 */
export async function sequencesOf(client) {
  const { rows } = await client.query(
    `SELECT schemaname || '.' || sequencename AS name, last_value::text AS value FROM pg_sequences
      WHERE schemaname = ANY ($1) AND last_value IS NOT NULL ORDER BY 1`,
    [SCHEMAS],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** @param {string} name */
export function quoted(name) {
  return `"${name.replaceAll('"', '""')}"`;
}
