// The functions of a schema are in one file each, `<room>/sql/<function>.sql`: the comment, the text, the grants, and
// the triggers that call it. A changed file is applied again, in the transaction of the migrations that are applied
// with it. See README.md.
import pg from 'pg';
import type { FunctionFile } from './function-files';

/** A session whose search_path begins with the schema. */
export type Session = Pick<pg.ClientBase, 'query'>;

/** The record of each applied file, in the schema it belongs to. */
export const FUNCTIONS_TABLE = '_functions';

// Postgres: invalid_function_definition. It refuses in this way to replace a function by one with another signature.
const OTHER_SHAPE = '42P13';

/** Name and checksum of the files that were applied to the schema. */
export async function readAppliedFunctions(db: Session, schema: string): Promise<Map<string, string>> {
  try {
    const { rows } = await db.query<{ name: string; checksum: string }>(
      `SELECT name, checksum FROM ${pg.escapeIdentifier(schema)}.${FUNCTIONS_TABLE}`,
    );
    return new Map(rows.map(({ name, checksum }) => [name, checksum]));
  } catch (err) {
    // 42P01: no such table, 3F000: no such schema. Both mean that nothing was ever applied here.
    if (codeOf(err) === '42P01' || codeOf(err) === '3F000') return new Map();
    throw err;
  }
}

/** Whether the files are those that were applied. */
export function functionsDiffer(files: readonly FunctionFile[], applied: ReadonlyMap<string, string>): boolean {
  return files.length !== applied.size || files.some(({ name, checksum }) => applied.get(name) !== checksum);
}

/**
 * Applies the files that have changed and drops the functions whose file is gone; returns the paths applied. Runs
 * inside the caller's transaction.
 *
 * Bodies are not checked while functions are made, because SQL bodies would have to come after all functions they call.
 * They are checked at the end, when all exist. A function keeps its identity, and so all objects that call it stay,
 * unless its arguments or its result have changed. Then it is dropped and made again, together with the policies and
 * views that call it. All files are applied again, because files make these too; if one of them does not come back, the
 * transaction fails. Postgres itself refuses to drop a function that a column, an index or a check needs.
 * back the transaction fails. Postgres itself refuses to drop a function that a column, an index or a check needs.
 */
export async function applyFunctions(db: Session, schema: string, files: readonly FunctionFile[]): Promise<string[]> {
  await db.query(
    `CREATE TABLE IF NOT EXISTS ${FUNCTIONS_TABLE} (name text PRIMARY KEY, checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  await db.query('SET LOCAL check_function_bodies = off');
  const applied = await readAppliedFunctions(db, schema);
  const present = await readPresent(db, schema);
  const gone = [...applied.keys()].filter((name) => files.every((file) => file.name !== name));
  const changed = files.filter(
    (file) =>
      applied.get(file.name) !== file.checksum ||
      !present.has(file.name) ||
      file.triggers.some((name) => !present.has(name)),
  );
  const dependents = await readDependents(db, schema);
  await dropTriggers(db, schema, gone);
  const isAnyRemade = await applyFiles(db, schema, changed);
  if (isAnyRemade)
    await applyFiles(
      db,
      schema,
      files.filter((file) => !changed.includes(file)),
    );
  await dropFunctions(db, schema, gone);
  await mustBeBack(db, schema, dependents);
  await mustBeMade(db, schema, files);
  await checkBodies(db, schema);
  await db.query(`DELETE FROM ${FUNCTIONS_TABLE} WHERE name = ANY ($1)`, [
    [...gone, ...changed.map(({ name }) => name)],
  ]);
  await db.query(`INSERT INTO ${FUNCTIONS_TABLE} (name, checksum) SELECT * FROM unnest($1::text[], $2::text[])`, [
    changed.map(({ name }) => name),
    changed.map(({ checksum }) => checksum),
  ]);
  return changed.map(({ path }) => path);
}

/** Whether one of them had to be dropped and made again. */
async function applyFiles(db: Session, schema: string, files: readonly FunctionFile[]): Promise<boolean> {
  const names = files.map(({ name }) => name);
  // A file must not leave behind what it no longer states: its triggers are made again, and its grants are given again,
  // from an empty state.
  await dropTriggers(db, schema, names);
  await resetGrants(db, schema, names);
  const before = await readShapes(db, schema, names);
  let isAnyRemade = false;
  for (const file of files) {
    try {
      isAnyRemade = (await applyFile(db, schema, file, before.get(file.name) ?? [])) || isAnyRemade;
    } catch (err) {
      throw new Error(`The function file ${file.path} of schema ${schema} failed: ${describe(err)}`, { cause: err });
    }
  }
  return isAnyRemade;
}

async function applyFile(db: Session, schema: string, file: FunctionFile, before: readonly string[]): Promise<boolean> {
  if (before.length === 0) {
    await db.query(file.sql);
    return false;
  }
  await db.query('SAVEPOINT before_function');
  try {
    await db.query(file.sql);
  } catch (err) {
    if (codeOf(err) !== OTHER_SHAPE) throw err;
    await db.query('ROLLBACK TO SAVEPOINT before_function');
    for (const shape of before) await dropFunction(db, shape);
    await db.query(file.sql);
    return true;
  }
  await db.query('RELEASE SAVEPOINT before_function');
  // Other arguments make a second function beside the existing one.
  const after = (await readShapes(db, schema, [file.name])).get(file.name) ?? [];
  if (after.every((shape) => before.includes(shape))) return false;
  for (const shape of before) await dropFunction(db, shape);
  return true;
}

/** With the policies and views that call it, never with a column or a table. */
async function dropFunction(db: Session, shape: string): Promise<void> {
  const { rows } = await db.query(
    `SELECT 1 FROM pg_depend d WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = $1::regprocedure
      AND d.deptype = 'n' AND d.classid NOT IN ('pg_policy'::regclass, 'pg_rewrite'::regclass) LIMIT 1`,
    [shape],
  );
  await db.query(`DROP FUNCTION ${shape} ${rows.length === 0 ? 'CASCADE' : 'RESTRICT'}`);
}

async function dropFunctions(db: Session, schema: string, names: readonly string[]): Promise<void> {
  for (const shapes of (await readShapes(db, schema, names)).values())
    for (const shape of shapes) await db.query(`DROP FUNCTION ${shape} RESTRICT`);
}

async function dropTriggers(db: Session, schema: string, functions: readonly string[]): Promise<void> {
  const { rows } = await db.query<{ statement: string }>(
    `SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass) AS statement FROM pg_trigger t JOIN pg_proc p
      ON p.oid = t.tgfoid
     WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND p.pronamespace = $1::regnamespace AND p.proname = ANY ($2)`,
    [pg.escapeIdentifier(schema), functions],
  );
  for (const { statement } of rows) await db.query(statement);
}

/**
 * Like a new function: all roles may call it until its file sets the grants. No session sees this state, because it is
 * not committed.
 */
async function resetGrants(db: Session, schema: string, functions: readonly string[]): Promise<void> {
  const { rows } = await db.query<{ statements: string }>(
    `SELECT format('REVOKE ALL ON FUNCTION %s FROM PUBLIC%s; GRANT EXECUTE ON FUNCTION %1$s TO PUBLIC',
      p.oid::regprocedure, string_agg(', ' || g.grantee::regrole, '') FILTER (WHERE g.grantee NOT IN (0,
        p.proowner))) AS statements
     FROM pg_proc p, aclexplode(p.proacl) g WHERE p.pronamespace = $1::regnamespace AND p.proname = ANY ($2)
       GROUP BY p.oid`,
    [pg.escapeIdentifier(schema), functions],
  );
  for (const { statements } of rows) await db.query(statements);
}

/** The functions of these names as `name(types)`, by name. */
async function readShapes(db: Session, schema: string, names: readonly string[]): Promise<Map<string, string[]>> {
  const { rows } = await db.query<{ name: string; shapes: string[] }>(
    `SELECT proname AS name, array_agg(oid::regprocedure::text) AS shapes FROM pg_proc
      WHERE pronamespace = $1::regnamespace AND proname = ANY ($2) GROUP BY proname`,
    [pg.escapeIdentifier(schema), names],
  );
  return new Map(rows.map(({ name, shapes }) => [name, shapes]));
}

/** Names of the existing functions and triggers: a migration may have dropped them together with a table. */
async function readPresent(db: Session, schema: string): Promise<Set<string>> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT proname AS name FROM pg_proc WHERE pronamespace = $1::regnamespace
     UNION ALL SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
       WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal`,
    [pg.escapeIdentifier(schema)],
  );
  return new Set(rows.map(({ name }) => name));
}

/** Policies and views of the database, as text. */
async function readDependents(db: Session, schema: string): Promise<Set<string>> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT pg_describe_object('pg_policy'::regclass, p.oid, 0) AS name FROM pg_policy p JOIN pg_class c
      ON c.oid = p.polrelid WHERE c.relnamespace = $1::regnamespace
     UNION ALL SELECT pg_describe_object('pg_class'::regclass, c.oid, 0) FROM pg_class c
       WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('v', 'm')`,
    [pg.escapeIdentifier(schema)],
  );
  return new Set(rows.map(({ name }) => name));
}

async function mustBeBack(db: Session, schema: string, before: ReadonlySet<string>): Promise<void> {
  const after = await readDependents(db, schema);
  const lost = [...before].filter((name) => !after.has(name));
  if (lost.length > 0)
    throw new Error(
      `A function of schema ${schema} was made anew, and what calls it stands in no function file: ` +
        `${lost.join(', ')}. Move it to the file of the function.`,
    );
}

async function mustBeMade(db: Session, schema: string, files: readonly FunctionFile[]): Promise<void> {
  const made = await readShapes(
    db,
    schema,
    files.map(({ name }) => name),
  );
  const bad = files.find(({ name }) => made.get(name)?.length !== 1);
  if (bad !== undefined)
    throw new Error(
      `The function file ${bad.path} must make one function, ${bad.name}, and makes ` +
        `${made.get(bad.name)?.length ?? 'none of that name'}.`,
    );
}

async function checkBodies(db: Session, schema: string): Promise<void> {
  await db.query('SET LOCAL check_function_bodies = on');
  try {
    await db.query(
      `SELECT CASE l.lanname WHEN 'sql' THEN fmgr_sql_validator(p.oid) WHEN 'plpgsql' THEN plpgsql_validator(p.oid) END
       FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = $1::regnamespace
         AND l.lanname IN ('sql', 'plpgsql')`,
      [pg.escapeIdentifier(schema)],
    );
  } catch (err) {
    throw new Error(`A function of schema ${schema} does not compile: ${describe(err)}`, { cause: err });
  }
}

export function codeOf(err: unknown): string | undefined {
  return typeof err === 'object' && err !== null && 'code' in err && typeof err.code === 'string'
    ? err.code
    : undefined;
}

/** All that Postgres reports about a script that failed. */
export function describe(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  const { detail, hint, position, where } = err as {
    detail?: string;
    hint?: string;
    position?: string;
    where?: string;
  };
  return [err.message, detail, hint, where, position === undefined ? undefined : `at character ${position}`]
    .filter(Boolean)
    .join('; ');
}
