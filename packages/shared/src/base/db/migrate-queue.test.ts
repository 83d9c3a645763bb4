import pg from 'pg';
import { testDatabase } from '@lumi/shared/testing';
import { migrateQueue } from './migrate-queue';

const db = testDatabase();

describe('migrateQueue', () => {
  it('may run again, and in several processes at once', async () => {
    await Promise.all([migrateQueue(db.ownerUrl), migrateQueue(db.ownerUrl)]);
  });

  it('lets a service use the queue but not change its schema', async () => {
    const service = new pg.Client({ connectionString: db.urlFor('lumi_vps') });
    await service.connect();
    try {
      const { rows } = await service.query<{ name: string }>(
        `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = 'queue' AND c.relkind = 'r'`,
      );
      expect(rows.length).toBeGreaterThan(3);
      for (const { name } of rows) await service.query(`SELECT count(*) FROM queue.${name}`);
      await expect(service.query('CREATE TABLE queue.mine (id int)')).rejects.toThrow(/permission denied/);
    } finally {
      await service.end();
    }
  });

  it('grants the gateway nothing', async () => {
    const gateway = new pg.Client({ connectionString: db.urlFor('lumi_gateway') });
    await gateway.connect();
    await expect(gateway.query('SELECT * FROM queue.bullmq_job'))
      .rejects.toThrow(/permission denied/)
      .finally(() => gateway.end());
  });
});
