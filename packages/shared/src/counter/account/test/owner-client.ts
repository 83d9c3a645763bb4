// A connection of the owner, to prepare and to inspect rows.
import { Client } from 'pg';
import type { TestDatabase } from '../../../testing';

/** Call it at the top of a test file, after the database is asked for. */
export function ownerOf(database: TestDatabase): () => Client {
  let client: Client | null = null;
  beforeAll(async () => {
    client = new Client({ connectionString: database.ownerUrl });
    await client.connect();
  });
  afterAll(() => client?.end());
  return () => {
    if (client === null) throw new Error('not connected yet');
    return client;
  };
}
