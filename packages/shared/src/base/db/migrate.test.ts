import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { testDatabase } from '@lumi/shared/testing';
import { diffMigration, migrate } from './migrate';

const db = testDatabase();
let owner: pg.Client;
let migrationsDir: string;
let schema: string;
let schemaCount = 0;

beforeAll(async () => {
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
});
afterAll(() => owner.end());

beforeEach(async () => {
  schemaCount += 1;
  schema = `shop_${schemaCount}`;
  migrationsDir = await mkdtemp(join(tmpdir(), 'lumi migrations '));
});
afterEach(() => rm(migrationsDir, { recursive: true, force: true }));

async function write(name: string, sql: string): Promise<void> {
  await mkdir(join(migrationsDir, name), { recursive: true });
  await writeFile(join(migrationsDir, name, 'migration.sql'), sql);
}

const run = (): Promise<string[]> => migrate({ ownerUrl: db.ownerUrl, schema, migrationsDir });
const history = async (): Promise<string[]> =>
  (
    await owner.query<{ migration_name: string }>(
      `SELECT migration_name FROM ${schema}._prisma_migrations WHERE finished_at IS NOT NULL ORDER BY migration_name`,
    )
  ).rows.map((row) => row.migration_name);

describe('migrate', () => {
  it('makes the schema, applies the migrations in order, and does nothing the second time', async () => {
    await write('20260102000000_more', 'ALTER TABLE item ADD price bigint');
    await write('20260101000000_init', 'CREATE TABLE item (id text PRIMARY KEY)');
    expect(await run()).toEqual(['20260101000000_init', '20260102000000_more']);
    expect(await run()).toEqual([]);
    expect(await history()).toEqual(['20260101000000_init', '20260102000000_more']);
    await owner.query(`INSERT INTO ${schema}.item VALUES ('a', 1)`);
  });

  it('runs a script as a whole: function bodies and comments may contain semicolons', async () => {
    await write(
      '20260101000000_init',
      `-- one; two\nCREATE FUNCTION answer() RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN n := ` +
        '42; RETURN n; END $$;',
    );
    await run();
    expect((await owner.query(`SELECT ${schema}.answer() AS n`)).rows).toEqual([{ n: 42 }]);
  });

  it('rolls back a failed migration, says why, and applies it after it is repaired', async () => {
    await write('20260101000000_init', 'CREATE TABLE item (id text PRIMARY KEY)');
    await run();
    await write('20260102000000_more', 'CREATE TABLE half (id int); CREATE TABLE broken (id nonsense)');
    await expect(run()).rejects.toThrow(
      'Migration 20260102000000_more failed: type "nonsense" does not exist; at character 53',
    );
    expect(await history()).toEqual(['20260101000000_init']);
    await write('20260102000000_more', 'CREATE TABLE half (id int)');
    expect(await run()).toEqual(['20260102000000_more']);
  });

  it('applies once when several processes start together, also indexes made CONCURRENTLY', async () => {
    await write('20260101000000_init', 'CREATE TABLE item (id text PRIMARY KEY, price bigint)');
    await write('20260102000000_index', 'CREATE INDEX CONCURRENTLY item_price ON item (price)');
    const applied = await Promise.all([run(), run(), run()]);
    expect(applied.flat().sort()).toEqual(['20260101000000_init', '20260102000000_index']);
    expect(await history()).toEqual(['20260101000000_init', '20260102000000_index']);
  });

  it('applies to several schemas at once, when one of them makes an index CONCURRENTLY', async () => {
    await write('20260101000000_init', 'CREATE TABLE item (id text PRIMARY KEY, price bigint)');
    await write('20260102000000_index', 'CREATE INDEX CONCURRENTLY item_price ON item (price)');
    const schemas = Array.from({ length: 4 }, (_, n) => `${schema}_${String(n)}`);
    const applied = await Promise.all(
      schemas.map((one) => migrate({ ownerUrl: db.ownerUrl, schema: one, migrationsDir })),
    );
    expect(applied).toEqual(schemas.map(() => ['20260101000000_init', '20260102000000_index']));
  });

  it('refuses a file that was edited after it had been applied', async () => {
    await write('20260101000000_init', 'CREATE TABLE item (id text PRIMARY KEY)');
    await run();
    await write('20260101000000_init', 'CREATE TABLE item (id bigint PRIMARY KEY)');
    await expect(run()).rejects.toThrow(
      /^Migration 20260101000000_init of schema shop_\d+ was edited after it had been applied/,
    );
  });

  it('lets older code start on a newer database', async () => {
    await write('20260101000000_init', 'CREATE TABLE item (id text PRIMARY KEY)');
    await write('20260102000000_more', 'ALTER TABLE item ADD price bigint');
    await run();
    await rm(join(migrationsDir, '20260102000000_more'), { recursive: true });
    expect(await run()).toEqual([]);
  });
});

describe('diffMigration', () => {
  const datamodel = (field: string): string =>
    `datasource db {\n  provider = "postgresql"\n}\nmodel item {\n  id String @id\n${field}}\n`;

  it('writes the SQL from the database to the datamodel, and nothing when both are equal', async () => {
    await write('20260101000000_init', 'CREATE TABLE item (id text PRIMARY KEY)');
    await run();
    expect(await diffMigration({ ownerUrl: db.ownerUrl, schema, datamodel: datamodel('') })).toBe('');
    expect(await diffMigration({ ownerUrl: db.ownerUrl, schema, datamodel: datamodel('  price BigInt?\n') })).toContain(
      'ALTER TABLE "item" ADD COLUMN     "price" BIGINT',
    );
  });
});
