import pg from 'pg';
import { openDatabase } from '../db';
import { silentLog } from '../../ground/runtime';
import { testDatabase } from '../../testing';
import { forgetOldClaims } from './forget';

const database = testDatabase();

describe('forgetOldClaims', () => {
  it('deletes claims that finished more than 30 days ago, and no others', async () => {
    const owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    const db = openDatabase({ url: database.urlFor('lumi_domains'), connections: 2, log: silentLog, name: 'test' });
    try {
      await owner.query(`INSERT INTO platform.idempotency (scope, product, key, fingerprint, state, status, body,
        request_id, created_at, done_at) VALUES
        ('s', 'domains', 'done-long-ago', '\\x00', 'done', 200, '\\x7b7d', 'req', now() - interval '40 days',
          now() - interval '31 days'),
        ('s', 'domains', 'done-lately', '\\x00', 'done', 200, '\\x7b7d', 'req', now() - interval '40 days',
          now() - interval '29 days'),
        ('s', 'domains', 'never-settled', '\\x00', 'claimed', NULL, NULL, 'req', now() - interval '90 days', NULL)`);
      expect(await forgetOldClaims(db.platform)).toBe(false);
      const { rows } = await owner.query<{ key: string }>('SELECT key FROM platform.idempotency ORDER BY key');
      expect(rows.map(({ key }) => key)).toEqual(['done-lately', 'never-settled']);
    } finally {
      await db.close();
      await owner.end();
    }
  });
});
