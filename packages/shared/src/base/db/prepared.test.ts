import { Writable } from 'node:stream';
import { testDatabase } from '@lumi/shared/testing';
import { createLog } from '../../ground/runtime';
import { openDatabase, sql, type Database } from './database';

const database = testDatabase();
const opened: Database[] = [];
afterAll(async () => {
  for (const db of opened) await db.close();
});

/** One connection, so that a test can do to it what a pooler does by giving another one. */
function open(): { db: Database; logged: string[] } {
  const logged: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged.push(chunk.toString('utf8'));
      done();
    },
  });
  const db = openDatabase({
    url: database.urlFor('lumi_domains'),
    connections: 1,
    log: createLog({ level: 'warn', process: 'test', stream }),
    name: 'prepared-test',
  });
  opened.push(db);
  return { db, logged };
}

async function prepared(db: Database): Promise<{ name: string; statement: string }[]> {
  const { rows } = await db.pool.query<{ name: string; statement: string }>(
    `SELECT name, statement FROM pg_prepared_statements WHERE name LIKE 'lumi\\_%' ORDER BY statement`,
  );
  return rows;
}

const one = (db: Database, n: number) => db.direct.$queryRaw<{ one: number }[]>(sql`SELECT ${n}::int AS one`);
const two = (db: Database, n: number) => db.direct.$queryRaw<{ two: number }[]>(sql`SELECT ${n}::int + 1 AS two`);

it('gives a statement the same name in every process, whichever is prepared first, so a name never means another', async () => {
  const [first, second] = [open(), open()];
  await one(first.db, 1);
  await two(first.db, 1);
  await two(second.db, 1);
  await one(second.db, 1);
  expect(await prepared(first.db)).toHaveLength(2);
  expect(await prepared(second.db)).toEqual(await prepared(first.db));
});

it('answers when the pooler gives a connection that does not know the statement, and prepares no more', async () => {
  const { db, logged } = open();
  await one(db, 1);
  await db.pool.query('DEALLOCATE ALL');
  expect(await one(db, 5)).toEqual([{ one: 5 }]);
  expect(await two(db, 5)).toEqual([{ two: 6 }]);
  expect(await prepared(db)).toEqual([]);
  expect(logged.filter((line) => line.includes('none is prepared from now on'))).toHaveLength(1);
});

it('answers when another process has prepared the statement on the connection that the pooler gives', async () => {
  const [first, second] = [open(), open()];
  await one(first.db, 1);
  const [known] = await prepared(first.db);
  await second.db.pool.query(`PREPARE "${known?.name ?? ''}" AS SELECT 4711 AS one`);
  expect(await one(second.db, 7)).toEqual([{ one: 7 }]);
});

it('tries nothing again that failed for another reason', async () => {
  const { db } = open();
  await expect(db.direct.$queryRaw(sql`SELECT ${1}::int / 0`)).rejects.toMatchObject({ code: '22012' });
  await one(db, 1);
  expect(await prepared(db)).toMatchObject([{ statement: 'SELECT $1::int AS one' }]);
});
