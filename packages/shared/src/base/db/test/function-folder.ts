// A folder of migrations and function files, and a schema of its own in a test's database: tests write files, migrate,
// change them and migrate again.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { testDatabase } from '@lumi/shared/testing';
import { migrate } from '../migrate';

/** The text of a function `one()`, or of one with another signature. */
export const one = (body: string, signature = 'one() RETURNS int'): string =>
  `CREATE OR REPLACE FUNCTION ${signature} LANGUAGE sql AS $$ SELECT ${body} $$;\n`;

/** Each test begins with a new folder and a new schema, which has one table `item`. */
export function functionFolder() {
  const db = testDatabase();
  let owner: pg.Client;
  let folder: string;
  let schema: string;
  let schemaCount = 0;

  beforeAll(async () => {
    owner = new pg.Client({ connectionString: db.ownerUrl });
    await owner.connect();
  });
  afterAll(() => owner.end());

  beforeEach(async () => {
    schemaCount += 1;
    schema = `shelf_${schemaCount}`;
    folder = await mkdtemp(join(tmpdir(), 'lumi functions '));
    await migration(
      '20260101000000_init',
      `CREATE TABLE item (id text PRIMARY KEY, price bigint); GRANT USAGE ON SCHEMA ${schema} TO lumi_vps, lumi_proxy`,
    );
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function write(path: string, sql: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), sql);
  }
  const migration = (name: string, sql: string): Promise<void> => write(join('migrations', name, 'migration.sql'), sql);
  const fn = (path: string, sql: string): Promise<void> => write(join('src', path), sql);
  const remove = (path: string): Promise<void> => rm(join(folder, path), { recursive: true });
  async function run(): Promise<string[]> {
    await mkdir(join(folder, 'src'), { recursive: true });
    return migrate({
      ownerUrl: db.ownerUrl,
      schema,
      migrationsDir: join(folder, 'migrations'),
      functionsDir: join(folder, 'src'),
    });
  }

  const value = async (sql: string): Promise<unknown> =>
    Object.values(
      (
        (await owner.query<Record<string, unknown>>(
          `SET search_path = ${schema}; ${sql}`,
        )) as unknown as pg.QueryResult<Record<string, unknown>>[]
      )[1]?.rows[0] ?? {},
    )[0];
  const functionsOf = async (): Promise<string[]> =>
    (
      await owner.query<{ shape: string }>(
        `SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS shape FROM pg_proc p
          WHERE p.pronamespace = $1::regnamespace ORDER BY 1`,
        [schema],
      )
    ).rows.map(({ shape }) => shape);
  const triggersOf = async (): Promise<string[]> =>
    (
      await owner.query<{ name: string }>(
        `SELECT t.tgname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
          WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal ORDER BY 1`,
        [schema],
      )
    ).rows.map(({ name }) => name);
  return {
    db,
    get owner() {
      return owner;
    },
    get schema() {
      return schema;
    },
    get folder() {
      return folder;
    },
    write,
    migration,
    fn,
    remove,
    run,
    value,
    functionsOf,
    triggersOf,
  };
}
