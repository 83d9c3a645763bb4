// Compares the files of all schemas with the database they make, and checks the rules of README.md.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { testDatabase } from '@lumi/shared/testing';
import { readFunctions, type FunctionFile } from './function-files';
import { readMigrations, type Migration } from './history';
import { diffMigration } from './migrate';

const ROOT = join(__dirname, '../../../../..');
const db = testDatabase();

interface SchemaFolders {
  schema: string;
  dir: string;
  migrationsDir: string;
  functionsDir: string;
}

/** The same rules for every script. */
const SCHEMAS = JSON.parse(
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { migrationFolders, schemas } from '${pathToFileURL(join(ROOT, 'scripts/build.mjs')).href}'; ` +
        'console.log(JSON.stringify(schemas.map((one) => ({ dir: one.dir, ...migrationFolders(one) }))))',
    ],
    { encoding: 'utf8' },
  ),
) as SchemaFolders[];

const files: { schema: string; migrations: Migration[]; functions: FunctionFile[] }[] = [];
beforeAll(async () => {
  for (const { schema, migrationsDir, functionsDir } of SCHEMAS)
    files.push({
      schema,
      migrations: await readMigrations(migrationsDir),
      functions: await readFunctions(functionsDir),
    });
});

const withoutComments = (sql: string): string => sql.replaceAll(/--.*$/gm, '');

it.each(SCHEMAS.map(({ schema, dir }) => [schema, dir] as const))(
  'the schema.prisma of %s equals its migrations: a new migration has an empty draft',
  async (schema, dir) => {
    expect(
      await diffMigration({
        ownerUrl: db.ownerUrl,
        schema,
        datamodel: readFileSync(join(ROOT, dir, 'schema.prisma'), 'utf8'),
      }),
    ).toBe('');
  },
);

it('the functions and triggers of the database are those of the function files', async () => {
  const owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  try {
    for (const { schema, functions } of files) {
      const { rows } = await owner.query<{ functions: string[]; triggers: string[] }>(
        `SELECT ARRAY(SELECT proname::text FROM pg_proc WHERE pronamespace = $1::regnamespace ORDER BY 1) AS functions,
           ARRAY(SELECT t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
             WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal ORDER BY 1) AS triggers`,
        [schema],
      );
      expect(rows).toEqual([
        {
          functions: functions.map(({ name }) => name).sort(),
          triggers: functions.flatMap(({ triggers }) => triggers).sort(),
        },
      ]);
    }
  } finally {
    await owner.end();
  }
});

it('migrations hold no functions and no triggers, and call no function of ours', () => {
  const bad = files.flatMap(({ schema, migrations, functions }) =>
    migrations.flatMap(({ name, sql }) => {
      const text = withoutComments(sql);
      const made = /\b(CREATE|ALTER|DROP)\b[^;]*\b(FUNCTION|PROCEDURE|TRIGGER)\b/i.exec(text)?.[0];
      const called = functions.find((fn) => new RegExp(`\\b${fn.name}\\s*\\(`, 'i').test(text))?.name;
      return [made, called].filter((one) => one !== undefined).map((one) => `${schema} ${name}: ${one}`);
    }),
  );
  expect(bad).toEqual([]);
});

it('a function file begins with what the function is for, and replaces it', () => {
  const bad = files.flatMap(({ functions }) =>
    functions
      .filter(({ name, sql }) => !new RegExp(`^(-- .*\\n|--\\n)+CREATE OR REPLACE FUNCTION ${name}\\(`).test(sql))
      .map(({ path }) => path),
  );
  expect(bad).toEqual([]);
});

it("only the roles that a function's file names may call it; a trigger function cannot be called", () => {
  const bad = files.flatMap(({ functions }) =>
    functions
      .filter(
        ({ name, sql }) =>
          !sql.includes('RETURNS trigger') && !sql.includes(`\nREVOKE ALL ON FUNCTION ${name} FROM PUBLIC;\n`),
      )
      .map(({ path }) => path),
  );
  expect(bad).toEqual([]);
});

it('a function that works as its owner sets its search_path', () => {
  const bad = files.flatMap(({ schema, functions }) =>
    functions
      .filter(
        ({ sql }) =>
          sql.includes('SECURITY DEFINER') &&
          !new RegExp(`SECURITY DEFINER\\s+SET search_path = ${schema}, pg_temp`).test(sql),
      )
      .map(({ path }) => path),
  );
  expect(bad).toEqual([]);
});
