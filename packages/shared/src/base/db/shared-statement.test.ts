import { testDatabase, until } from '@lumi/shared/testing';
import { silentLog } from '../../ground/runtime';
import { joinSql, openDatabase, rawSql, sql, type Database } from './database';
import { SharedStatement, type SharedStatementOptions } from './shared-statement';

interface Call {
  readonly name: string;
  readonly shape?: string;
}

const database = testDatabase();
let db: Database;
/** The names of each statement, in the order they ran. */
let statements: string[][] = [];

beforeAll(async () => {
  db = openDatabase({ url: database.ownerUrl, connections: 8, log: silentLog, name: 'shared-statement-test' });
  await db.pool.query(
    'CREATE TABLE public.probe (name text PRIMARY KEY, transaction bigint NOT NULL DEFAULT txid_current())',
  );
});
afterAll(() => db.close());
beforeEach(async () => {
  statements = [];
  await db.pool.query('TRUNCATE public.probe');
});

function probe(
  run: (calls: readonly Call[]) => Promise<string[]> = insert,
  options: Partial<SharedStatementOptions<Call, string>> = {},
): SharedStatement<Call, string> {
  return new SharedStatement({
    run: (calls) => {
      statements.push(calls.map(({ name }) => name));
      return run(calls);
    },
    shapeOf: ({ shape }) => shape ?? '',
    lockOf: ({ name }) => name,
    ...options,
  });
}

async function insert(calls: readonly Call[]): Promise<string[]> {
  const rows = await db.direct.$queryRaw<{ name: string }[]>(
    sql`INSERT INTO public.probe (name) VALUES ${joinSql(calls.map(({ name }) => sql`(${name})`))} RETURNING name`,
  );
  return rows.map(({ name }) => `inserted ${name}`);
}

async function stored(): Promise<string[]> {
  return (await db.pool.query<{ name: string }>('SELECT name FROM public.probe ORDER BY name')).rows.map(
    ({ name }) => name,
  );
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${String(i).padStart(2, '0')}`);

it('calls of one turn share statements of at most eight, and each gets its own answer', async () => {
  const group = probe();
  const answers = await Promise.all(names(23).map((name) => group.run({ name })));
  expect(answers).toEqual(names(23).map((name) => `inserted ${name}`));
  expect(statements.map((one) => one.length)).toEqual([8, 8, 4, 2, 1]);
  const { rows } = await db.pool.query<{ count: string }>('SELECT count(DISTINCT transaction) FROM public.probe');
  expect(rows[0]?.count).toBe('5');
});

it('a call that comes alone runs alone', async () => {
  const group = probe();
  for (const name of names(3)) expect(await group.run({ name })).toBe(`inserted ${name}`);
  expect(statements).toEqual([['n00'], ['n01'], ['n02']]);
});

it('calls that arrive while a statement is under way share the next one', async () => {
  const group = probe(async (calls) => {
    if (calls[0]?.name === 'n00')
      later.push(
        ...names(5)
          .slice(1)
          .map((name) => group.run({ name })),
      );
    return insert(calls);
  });
  const later: Promise<string>[] = [];
  await group.run({ name: 'n00' });
  await Promise.all(later);
  expect(statements).toEqual([['n00'], ['n01', 'n02', 'n03', 'n04']]);
});

it('only calls of the same shape share a statement, and they lock in one order', async () => {
  const group = probe();
  await Promise.all(
    ['a', 'b', 'z', 'c', 'y', 'd'].map((name) => group.run({ name, shape: name < 'm' ? 'low' : 'high' })),
  );
  expect(statements).toEqual([
    ['a', 'b', 'c', 'd'],
    ['y', 'z'],
  ]);
});

it('a call that the database refuses fails alone; the others are done once', async () => {
  await insert([{ name: 'n04' }]);
  const group = probe();
  const answers = await Promise.allSettled(names(10).map((name) => group.run({ name })));
  expect(answers.map(({ status }) => status)).toEqual(
    names(10).map((name) => (name === 'n04' ? 'rejected' : 'fulfilled')),
  );
  expect(await stored()).toEqual(names(10));
});

it('a statement that may have been committed is not tried again', async () => {
  const group = probe(async (calls) => {
    const answers = await insert(calls);
    // The answer of the commit is lost, because its connection breaks.
    await db.direct.$queryRaw(sql`SELECT pg_terminate_backend(pg_backend_pid())`);
    return answers;
  });
  const answers = await Promise.allSettled(names(6).map((name) => group.run({ name })));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 'rejected'));
  expect(statements).toEqual([
    ['n00', 'n01', 'n02', 'n03'],
    ['n04', 'n05'],
  ]);
  expect(await stored()).toEqual(names(6));
});

it('a group that fails leaves its lane free', async () => {
  const group = probe(async () => Promise.reject(new Error('no connection')));
  await Promise.allSettled(names(12).map((name) => group.run({ name })));
  await expect(group.run({ name: 'later' })).rejects.toThrow('no connection');
});

it('a statement with fewer answers than calls fails those without an answer', async () => {
  const group = probe(async (calls) => {
    await db.direct.$queryRaw(sql`SELECT ${rawSql('1')}`);
    return calls.length > 1 ? ['only one'] : ['one'];
  });
  const answers = await Promise.allSettled(names(4).map((name) => group.run({ name })));
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
});

it('a statement without an answer frees the lane for others, and its own call still ends with it', async () => {
  const owner = await db.pool.connect();
  await owner.query('SELECT pg_advisory_lock(4711)');
  const group = probe(async (calls) => {
    if (calls[0]?.name === 'silent') await db.direct.$queryRaw(sql`SELECT pg_advisory_xact_lock(4711)::text`);
    return insert(calls);
  });
  let isOver = false;
  const silent = group.run({ name: 'silent' }).finally(() => (isOver = true));
  await until(() => Promise.resolve(statements.length === 1));
  try {
    expect(await Promise.all(names(3).map((name) => group.run({ name })))).toEqual(
      names(3).map((name) => `inserted ${name}`),
    );
    expect(isOver).toBe(false);
  } finally {
    await owner.query('SELECT pg_advisory_unlock(4711)');
    owner.release();
  }
  expect(await silent).toBe('inserted silent');
});

it('a call that did not start while its caller waited is refused and never made', async () => {
  let nowMs = 0;
  const group = probe(
    async (calls) => {
      if (calls[0]?.name === 'first') {
        late.push(...['late', 'later'].map((name) => group.run({ name })));
        nowMs = 10_001;
        inTime.push(group.run({ name: 'in time' }));
      }
      return insert(calls);
    },
    { now: () => nowMs, tooLate: () => new Error('too late') },
  );
  const late: Promise<string>[] = [];
  const inTime: Promise<string>[] = [];
  await group.run({ name: 'first' });
  expect(
    (await Promise.allSettled(late)).map((one) => (one.status === 'rejected' ? String(one.reason) : one.status)),
  ).toEqual(['Error: too late', 'Error: too late']);
  expect(await Promise.all(inTime)).toEqual(['inserted in time']);
  expect(await stored()).toEqual(['first', 'in time']);
});
