// Redis: reachable, clock, eviction policy, persistence, memory.
import { fail, ok, warn, bytes, type Finding } from './finding';
import { clockFinding } from './look-at-database';
import type { Clock, RedisClient } from '../../ground/runtime';
import { Cluster } from 'ioredis';

/** Lines of each master; none when it cannot be asked, which throws. */
export async function lookAtRedis(redis: RedisClient, clock: Clock): Promise<readonly Finding[]> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const lines = await Promise.all(
    nodes.map(async (node) => {
      const name =
        nodes.length === 1 ? 'redis' : `redis: ${node.options.host ?? ''}:${String(node.options.port ?? '')}`;
      const before = clock.nowMs();
      const [seconds, micros] = (await node.time()).map(Number);
      const time = clockFinding('Redis', (seconds ?? 0) * 1_000 + (micros ?? 0) / 1_000, before, clock.nowMs());
      const info = fieldsOf(
        `${await node.info('server')}${await node.info('memory')}${await node.info('persistence')}`,
      );
      return [...(nodes[0] === node ? [time] : []), policy(name, info), persistence(name, info)];
    }),
  );
  return lines.flat();
}

type Info = ReadonlyMap<string, string>;

function fieldsOf(text: string): Info {
  return new Map([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]));
}

function policy(name: string, info: Info): Finding {
  const found = info.get('maxmemory_policy') ?? 'unknown';
  const [used, max] = [Number(info.get('used_memory') ?? 0), Number(info.get('maxmemory') ?? 0)];
  const what = `${name}: version ${info.get('redis_version') ?? 'unknown'}, policy ${found}, ${bytes(used)} used`;
  if (found !== 'noeviction')
    return fail(what, 'CONFIG SET maxmemory-policy noeviction: any other policy drops jobs when memory runs out');
  if (max > 0 && used > 0.8 * max)
    return warn(`${what} of ${bytes(max)}`, 'give it more memory: when it is full, no job can be added');
  return ok(what);
}

function persistence(name: string, info: Info): Finding {
  const isAppended = info.get('aof_enabled') === '1';
  if (isAppended && info.get('aof_last_write_status') !== 'ok')
    return fail(`${name}: the append-only file cannot be written`, 'look at the disk of Redis, and at its log');
  if (isAppended) return ok(`${name}: persistent (append-only file)`);
  if (info.get('rdb_last_bgsave_status') !== 'ok')
    return fail(`${name}: the last snapshot failed`, 'look at the disk of Redis, and at its log');
  return warn(
    `${name}: no append-only file`,
    'CONFIG SET appendonly yes: without it a restart loses jobs, which workers find again only when they are due',
  );
}
