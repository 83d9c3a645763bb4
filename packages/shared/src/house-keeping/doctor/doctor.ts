// `lumi doctor`: looks at an installation and says, line by line, what is well and what to do. It changes nothing, and
// every look has a limit of time.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { inTime, judgeSettings, openRedis, type Clock, type RedisClient } from '../../ground/runtime';
import { doctorSettings, type DoctorSettings } from './config';
import { fail, lineOf, ok, reasonOf, type Finding } from './finding';
import { lookAtCertificates } from './look-at-certificates';
import {
  lookAtClock,
  lookAtMigrations,
  lookAtPlatform,
  lookAtServer,
  lookAtWork,
  type DatabaseLook,
} from './look-at-database';
import { lookAtDisk } from './look-at-disk';
import { lookAtNetwork } from './look-at-network';
import { lookAtQueue } from './look-at-queue';
import { lookAtRedis } from './look-at-redis';
import { lookAtRights } from './look-at-rights';

export interface DoctorOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** The folder of Lumi's sources, where migrations are; see `DatabaseLook`. */
  readonly root: string;
  readonly out: (line: string) => void;
}

const LIMIT_MS = 10_000;

/** Prints its findings. True when none of them is a failure. */
export async function examine(options: DoctorOptions): Promise<boolean> {
  const findings = await allFindings(options);
  for (const finding of findings) options.out(lineOf(finding));
  const count = (level: Finding['level']): number => findings.filter((one) => one.level === level).length;
  options.out(`${String(count('ok'))} ok, ${String(count('warn'))} to look at, ${String(count('fail'))} to repair`);
  return count('fail') === 0;
}

async function allFindings({ env, clock, root }: DoctorOptions): Promise<readonly Finding[]> {
  const { settings, faults } = judgeSettings(doctorSettings, env);
  if (settings === null) return faults.map((fault) => fail(`settings: ${fault}`, 'repair it, then run this again'));
  const redis = settings.REDIS_URL === undefined ? null : connectRedis(settings.REDIS_URL);
  try {
    const [database, ...others] = await Promise.all([
      look('database', 'check DATABASE_URL, and that PostgreSQL runs', () => ofDatabase(settings, redis, clock, root)),
      look('redis', 'check REDIS_URL, and that Redis runs', () => ofRedis(redis, clock)),
      look('network', 'check the addresses', () => lookAtNetwork(settings)),
      look('certificates', 'check the addresses', () => lookAtCertificates(settings, clock.nowMs())),
      look('disk', 'check LUMI_DATA_DIR', async () =>
        settings.LUMI_DATA_DIR === undefined ? [] : [await lookAtDisk(settings.LUMI_DATA_DIR)],
      ),
    ]);
    return [ok('settings: complete, and none contradicts another'), ...(database ?? []), ...others.flat()];
  } finally {
    redis?.disconnect();
  }
}

async function ofDatabase(
  settings: DoctorSettings,
  redis: RedisClient | null,
  clock: Clock,
  root: string,
): Promise<readonly Finding[]> {
  const db = new pg.Client({
    connectionString: settings.DATABASE_URL,
    connectionTimeoutMillis: LIMIT_MS,
    query_timeout: LIMIT_MS,
    application_name: 'lumi-doctor',
  });
  db.on('error', () => undefined); // The query in flight reports it.
  try {
    await db.connect();
    const database: DatabaseLook = {
      db,
      clock,
      isStopped: settings.LUMI_STOPPED,
      migrationsOf: (schema) => migrationsOf(root, schema),
    };
    const store = redis === null ? null : { redis, prefix: settings.REDIS_PREFIX };
    const todo = 'is the database migrated? Run `migrate`, or npm start once';
    const rounds = [
      await look('database', todo, async () => [await lookAtServer(database)]),
      await look('clock', todo, async () => [await lookAtClock(database)]),
      await look('schema', todo, async () => [await lookAtPlatform(database)]),
      await look('schema', todo, () => lookAtMigrations(database)),
      await look('rights', todo, () => lookAtRights(db)),
      await look('queue', redis === null ? todo : 'is Redis there?', () => lookAtQueue(database, store)),
      await look('work', todo, () => lookAtWork(database)),
    ];
    return rounds.flat();
  } finally {
    await db.end().catch(() => undefined); // Nothing depends on a polite goodbye.
  }
}

async function ofRedis(redis: RedisClient | null, clock: Clock): Promise<readonly Finding[]> {
  if (redis === null) return [ok('redis: not used; the queue is in PostgreSQL, limits in memory')];
  return lookAtRedis(redis, clock);
}

function connectRedis(url: string): RedisClient {
  const redis = openRedis(url, { maxRetriesPerRequest: 1, connectTimeout: LIMIT_MS, commandTimeout: LIMIT_MS });
  redis.on('error', () => undefined); // The command in flight reports it.
  return redis;
}

/** What cannot be looked at is a finding too. */
async function look(
  subject: string,
  todo: string,
  work: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await inTime(3 * LIMIT_MS, work());
  } catch (err) {
    return [fail(`${subject}: cannot be looked at: ${reasonOf(err)}`, todo)];
  }
}

function migrationsOf(root: string, schema: string): string | null {
  const folder =
    schema === 'platform'
      ? join(root, 'packages', 'shared', 'src', 'base', 'db', 'platform', 'migrations')
      : join(root, 'services', schema, 'prisma', 'migrations');
  return existsSync(folder) ? folder : null;
}
