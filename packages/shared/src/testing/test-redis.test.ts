import Redis from 'ioredis';
import { testRedis } from '@lumi/shared/testing';

const redis = testRedis();

describe('testRedis', () => {
  it('is null without REDIS_URL, and then tests use the embedded store', () => {
    expect(redis === null).toBe(!process.env['REDIS_URL']);
  });

  it('gives a key space that no other file uses', async () => {
    if (redis === null) return;
    const client = new Redis(redis.url);
    try {
      await client.set(`{${redis.prefix}}:key`, 'value');
      expect(await client.keys(`*${redis.prefix}*`)).toEqual([`{${redis.prefix}}:key`]);
    } finally {
      client.disconnect();
    }
  });
});
