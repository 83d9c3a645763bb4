// `npm run test:many`: three gateways and two processes of each service before PgBouncer (transaction mode) and a Redis
// Cluster of three masters pass the contract and the money suites; then real processes of that shape are restarted one
// by one under load, and survive a storm with a failover of the database. Where pgbouncer or redis-server is missing it
// says so and does nothing. Arguments name parts: contract, money, restart, storm.
import { spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './build.mjs';
import { Cleanups } from './cleanups.mjs';
import { install } from './install.mjs';

const SHAPE = ['--pgbouncer', '--redis-cluster', '--gateways', '3', '--workers', '3'];
/** @type {Readonly<Record<string, readonly string[]>>} */
const SUITES = {
  contract: ['scripts/test/contract'],
  money: [
    'scripts/test/whole-way.test',
    'packages/shared/src/base/ledger',
    'packages/shared/src/base/idempotency',
    'packages/shared/src/base/db/shared-statement',
    'packages/shared/src/work/purchase',
    'packages/shared/src/work/batches',
    'packages/shared/src/counter/deposits',
    'gateway/test/redis-cluster',
    'gateway/test/revocation',
  ],
};
/** @type {Readonly<Record<string, readonly string[]>>} */
const RUNS = {
  restart: ['--rolling-restart', ...SHAPE],
  storm: ['--seed', '1', '--seconds', '5', ...SHAPE],
};
const LIMIT_MS = 20 * 60_000;
const POSTGRES = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: 300,
  shared_buffers: '128MB',
  log_min_messages: 'fatal',
};

const missing = Object.entries({ 'redis-server': 'redis-server', pgbouncer: 'pgbouncer' })
  .filter(([program]) => !isThere(program))
  .map(([program, of]) => `${program} is not there (Debian: apt-get install ${of})`);
if (missing.length > 0) {
  console.log(`test:many skipped: ${missing.join('; ')}`);
  process.exit(0);
}
const cleanups = new Cleanups();
cleanups.watch('test:many', LIMIT_MS);
await cleanups.whole(async () => {
  const named = process.argv.slice(2);
  const parts = named.length > 0 ? named : [...Object.keys(SUITES), ...Object.keys(RUNS)];
  const unknown = parts.filter((part) => SUITES[part] === undefined && RUNS[part] === undefined);
  if (unknown.length > 0) throw new Error(`there is no part called ${unknown.join(', ')}`);
  await install({ quiet: true });
  const { build } = await import('./build.mjs');
  await build({ quiet: true });
  const suites = parts.flatMap((part) => SUITES[part] ?? []);
  if (suites.length > 0) await inShape(suites);
  for (const part of parts) if (RUNS[part] !== undefined) await torture(RUNS[part], part);
});

/** @param {string} program */
function isThere(program) {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * The suites in this shape: PostgreSQL, PgBouncer and Redis are processes, gateways and services are in jest's.
 *
 * @param {readonly string[]} suites
 */
async function inShape(suites) {
  const postgres = await import('./postgres.mjs');
  const { passwordsOf } = await import('./jest/template.mjs');
  /** @type {typeof import('../packages/torture/src/index.js')} */
  const { PgBouncer, startRedisCluster } = await import(
    new URL('../packages/torture/dist/index.js', import.meta.url).href
  );
  const folder = mkdtempSync(join(tmpdir(), 'lumi-many-'));
  cleanups.later(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755); // PostgreSQL's own user must reach its data, as root too
  const password = 'many';
  const dataDir = join(folder, 'postgres');
  await postgres.initCluster({ dataDir, password });
  const server = await postgres.startCluster({
    dataDir,
    password,
    settings: POSTGRES,
    logFile: join(folder, 'postgres.log'),
  });
  cleanups.later(() => server.stop());
  const ownerUrl = server.url('postgres');
  const bouncer = new PgBouncer({
    machine: postgres,
    folder: join(folder, 'pgbouncer'),
    rolePasswords: passwordsOf(ownerUrl),
    upstreamPort: server.port,
  });
  cleanups.later(() => bouncer.stop());
  const redis = await startRedisCluster(postgres, join(folder, 'redis'));
  cleanups.later(() => redis.stop());
  await bouncer.start();
  await run(['node_modules/jest/bin/jest.js', '--seed', '1', ...suites], {
    TEST_DATABASE_URL: ownerUrl,
    LUMI_TEST_POOLER_PORT: String(bouncer.port),
    LUMI_TEST_SHAPE: 'many',
    REDIS_URL: redis.url,
  });
}

/**
 * @param {readonly string[]} args
 * @param {string} part
 */
async function torture(args, part) {
  const hasStandby = (await import('./postgres.mjs')).systemPrograms() !== null;
  if (part === 'storm' && !hasStandby)
    console.log('The storm runs without failover: pg_basebackup is not there (Debian: apt-get install postgresql-15).');
  await run(['scripts/torture.mjs', ...args, ...(part === 'storm' && hasStandby ? ['--failover'] : [])], {});
}

/**
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} env
 */
function run(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
    cleanups.later(() => child.kill('SIGTERM'));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else reject(new Error(`${args[0]} failed (${signal ?? code})`));
    });
  });
}
