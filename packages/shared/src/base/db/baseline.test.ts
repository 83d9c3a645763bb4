// A baseline stands for the migrations before it: in a new schema it is applied, in an earlier one it is noted.
import { join } from 'node:path';
import { checkHistory } from './migrate';
import { functionFolder, one } from './test/function-folder';

const at = functionFolder();
const { write, migration, fn, remove, run, value } = at;

describe('a baseline', () => {
  const checksums = async (): Promise<string> =>
    (
      await at.owner.query<{ line: string }>(
        `SELECT checksum || ' ' || migration_name AS line FROM ${at.schema}._prisma_migrations ORDER BY migration_name`,
      )
    ).rows
      .map(({ line }) => `${line}\n`)
      .join('');
  const history = async (): Promise<unknown> =>
    (
      await at.owner.query<{ name: string }>(
        `SELECT migration_name AS name FROM ${at.schema}._prisma_migrations ORDER BY 1`,
      )
    ).rows.map(({ name }) => name);

  async function squash(): Promise<void> {
    await migration(
      '20260102000000_more',
      `ALTER TABLE item ADD COLUMN more int; ${one('1').replace(' OR REPLACE', '')}`,
    );
    await run();
    await write('migrations/20260103000000_baseline/replaces.txt', `of 4f3c2d1\n${await checksums()}`);
    await migration('20260103000000_baseline', 'CREATE TABLE item (id text PRIMARY KEY, price bigint, more int)');
    await remove('migrations/20260101000000_init');
    await remove('migrations/20260102000000_more');
    await fn('a/sql/one.sql', one('2'));
  }

  it('is written into the history of a schema that the earlier migrations made', async () => {
    await squash();
    await at.owner.query(`INSERT INTO ${at.schema}.item VALUES ('a', 1, 2)`);
    expect(await run()).toEqual(['20260103000000_baseline', 'a/sql/one.sql']);
    expect(await history()).toEqual(['20260103000000_baseline']);
    expect(await value('SELECT one() + more FROM item')).toBe(4);
    expect(await run()).toEqual([]);
    await migration('20260104000000_next', 'ALTER TABLE item ADD COLUMN next int');
    expect(await run()).toEqual(['20260104000000_next']);
  });

  it('makes a new schema', async () => {
    await squash();
    await at.owner.query(`DROP SCHEMA ${at.schema} CASCADE`);
    expect(await run()).toEqual(['20260103000000_baseline', 'a/sql/one.sql']);
    expect(await value('SELECT one()')).toBe(2);
  });

  it('refuses a schema at a state before it, and says what to do', async () => {
    await squash();
    await at.owner.query(`DELETE FROM ${at.schema}._prisma_migrations WHERE migration_name = '20260102000000_more'`);
    await expect(run()).rejects.toThrow(
      `Schema ${at.schema} stands at migration 20260101000000_init of an older Lumi, which this version cannot ` +
        'go on from. Start Lumi once from commit 4f3c2d1: it applies what is missing. Then start this version ' +
        'again.',
    );
    expect(await history()).toEqual(['20260101000000_init']);
  });

  it('can be checked for all schemas before the first of them is changed', async () => {
    const ask = (): Promise<void> =>
      checkHistory(at.db.ownerUrl, [
        { schema: 'not_there_yet', migrationsDir: join(at.folder, 'migrations') },
        { schema: at.schema, migrationsDir: join(at.folder, 'migrations') },
      ]);
    await squash();
    await ask();
    await at.owner.query(`DELETE FROM ${at.schema}._prisma_migrations WHERE migration_name = '20260101000000_init'`);
    await expect(ask()).rejects.toThrow(`Schema ${at.schema} stands at migration 20260102000000_more of an older Lumi`);
  });

  it('refuses a schema that other migrations of the same names made', async () => {
    await squash();
    await at.owner.query(
      `UPDATE ${at.schema}._prisma_migrations SET checksum = 'other' WHERE migration_name = '20260101000000_init'`,
    );
    await expect(run()).rejects.toThrow(
      /^Migration 20260101000000_init of schema shelf_\d+ was edited after it had been applied/,
    );
  });
});
