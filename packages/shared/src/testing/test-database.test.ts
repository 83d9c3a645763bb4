import pg from 'pg';
import { createTestDatabase, testDatabase } from '@lumi/shared/testing';

const db = testDatabase();

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  // The guard drops the database under a leaked connection, so the server's last message is expected.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

describe('testDatabase', () => {
  it('is migrated, and its roles can connect', async () => {
    const owner = await connect(db.ownerUrl);
    const gateway = await connect(db.urlFor('lumi_gateway'));
    try {
      const { rows } = await owner.query('SELECT count(*)::int AS migrations FROM platform._prisma_migrations');
      expect(rows).not.toEqual([{ migrations: 0 }]);
      expect((await gateway.query('SELECT current_user AS name')).rows).toEqual([{ name: 'lumi_gateway' }]);
    } finally {
      await Promise.all([owner.end(), gateway.end()]);
    }
  });

  it('fails the file that leaves a connection open, and names the connection', async () => {
    const other = await createTestDatabase();
    const leaked = await connect(other.urlFor('lumi_vps'));
    await leaked.query('SELECT 42');
    await expect(other.close()).rejects.toThrow(/1 connection\(s\) were still open[^]*lumi_vps[^]*SELECT 42/);
    await leaked.end();
  });

  it('is used by this file alone', async () => {
    const other = await createTestDatabase();
    expect(other.ownerUrl).not.toBe(db.ownerUrl);
    await other.close();
  });
});
