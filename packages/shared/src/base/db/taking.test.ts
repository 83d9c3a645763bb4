import { testDatabase } from '@lumi/shared/testing';
import pg from 'pg';

const database = testDatabase();

it('no function selects the rows it takes in a subquery of FROM, because a join may run it again per row', async () => {
  const client = new pg.Client({ connectionString: database.ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; body: string }>(
      `SELECT p.proname AS name, p.prosrc AS body FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname IN ('platform', 'domains', 'vps', 'proxy') AND p.prosrc ~* 'skip locked'`,
    );
    expect(rows.length).toBeGreaterThan(5);
    const taking = /(?:FROM|JOIN|IN)\s*\(\s*SELECT[^;()]*(?:\([^()]*\)[^;()]*)*SKIP\s+LOCKED/i;
    expect(rows.filter(({ body }) => taking.test(body)).map(({ name }) => name)).toEqual([]);
    expect(
      taking.test('UPDATE t SET x = 1 FROM (SELECT id FROM t WHERE (a OR b) LIMIT 1 FOR UPDATE SKIP LOCKED) due'),
    ).toBe(true);
  } finally {
    await client.end();
  }
});
