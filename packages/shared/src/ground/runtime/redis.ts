// The one place that opens connections to Redis. REDIS_URL names one server, or a Redis Cluster: several nodes with
// commas between them, or any one of them with `?cluster=true` (the form of hosters with one address for a cluster).
// Code that uses several keys at once gives them a common {hash tag}.
import Redis, { Cluster } from 'ioredis';

export type RedisClient = Redis | Cluster;

export interface RedisSettings {
  /** Null: a command waits without limit. */
  readonly maxRetriesPerRequest: number | null;
  readonly connectTimeout: number;
  /** A command that takes longer counts as failed. */
  readonly commandTimeout?: number;
  /** Off: a command fails at once while Redis is down. */
  readonly enableOfflineQueue?: boolean;
  readonly enableAutoPipelining?: boolean;
  /** The longest pause between two attempts to connect. */
  readonly retryMaxMs?: number;
}

const RETRY_STEP_MS = 100;
const RETRY_MAX_MS = 2_000;

const SHAPE = /^rediss?:\/\/[^\s,]+$/;
/** When a cluster moves its slots, a command follows at most this many redirections. */
const REDIRECTIONS_MAX = 5;

export function isRedisUrl(value: string): boolean {
  return value.split(',').every((node) => SHAPE.test(node) && URL.canParse(node));
}

/** The credentials of the first node are used for all. */
export function isOneCluster(value: string): boolean {
  const nodes = value.split(',').map((node) => (URL.canParse(node) ? new URL(node) : null));
  return new Set(nodes.map((node) => `${node?.protocol}//${node?.username}:${node?.password}`)).size === 1;
}

export function isClusterUrl(value: string): boolean {
  return value.includes(',') || new URL(value).searchParams.get('cluster') === 'true';
}

export function openRedis(url: string, { retryMaxMs = RETRY_MAX_MS, ...settings }: RedisSettings): RedisClient {
  const retryStrategy = (attempt: number): number => Math.min(RETRY_STEP_MS * attempt, retryMaxMs);
  if (!isClusterUrl(url)) return new Redis(url, { ...settings, retryStrategy });
  const nodes = url.split(',').map((node) => new URL(node));
  const [first] = nodes;
  if (first === undefined) throw new Error('REDIS_URL names no node');
  const { enableOfflineQueue = true, enableAutoPipelining = false, ...ofNodes } = settings;
  const isEncrypted = first.protocol === 'rediss:';
  return new Cluster(
    nodes.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? 6_379 : Number.parseInt(port, 10),
    })),
    {
      enableOfflineQueue,
      enableAutoPipelining,
      clusterRetryStrategy: retryStrategy,
      maxRedirections: REDIRECTIONS_MAX,
      // Its own second is less than a busy machine needs, and without slots no command goes out.
      slotsRefreshTimeout: settings.connectTimeout,
      // The nodes report each other's addresses; the credentials are the same for all.
      redisOptions: {
        ...ofNodes,
        ...(first.username === '' ? {} : { username: decodeURIComponent(first.username) }),
        ...(first.password === '' ? {} : { password: decodeURIComponent(first.password) }),
        ...(isEncrypted ? { tls: {} } : {}),
      },
      // A certificate is issued for a name, so names are not replaced by addresses.
      ...(isEncrypted
        ? { dnsLookup: (address: string, done: (err: null, resolved: string) => void) => done(null, address) }
        : {}),
    },
  );
}
