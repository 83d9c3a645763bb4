// A separate key space in the Redis of REDIS_URL, for one test file; emptied when the file is over.
import { randomBytes } from 'node:crypto';
import Redis from 'ioredis';
import { afterFile } from './after-file';

export interface TestRedis {
  url: string;
  /** Prefix of every key of the file; no other file uses it. */
  prefix: string;
}

/** Null when the run has no Redis: then the code under test must use its embedded store. */
export function testRedis(): TestRedis | null {
  const url = process.env['REDIS_URL'];
  if (!url) return null;
  const prefix = `lumi-test-${randomBytes(8).toString('hex')}`;
  afterFile(() => removeKeys(url, prefix));
  return { url, prefix };
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  // The nodes of a cluster: each keeps its own keys, and one command takes keys of one slot only.
  for (const node of url.split(',')) {
    const redis = new Redis(node, { enableOfflineQueue: true, maxRetriesPerRequest: 1 });
    // A lost connection also rejects the command in flight.
    redis.on('error', () => undefined);
    try {
      for await (const keys of redis.scanStream({ match: `*${prefix}*`, count: 500 })) {
        if (Array.isArray(keys)) await Promise.all(keys.map((key) => redis.unlink(String(key))));
      }
    } finally {
      redis.disconnect();
    }
  }
}
