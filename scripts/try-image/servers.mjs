// PostgreSQL and Redis, which the compose file takes from images of others.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import pg from 'pg';
import { initCluster, startCluster } from '../postgres.mjs';

/**
 * @param {string} parent the folder for their data
 * @param {import('./compose.mjs').Ports} ports
 * @param {import('./compose.mjs').Settings} settings
 * @param {(cleanup: () => unknown) => void} later how to stop what has started
 */
export async function startServers(parent, ports, settings, later) {
  await startPostgres(parent, ports.postgres, settings.POSTGRES_PASSWORD ?? '', later);
  await startRedis(parent, ports.redis, later);
}

/**
 * @param {string} parent
 * @param {number | undefined} port
 * @param {string} password
 * @param {(cleanup: () => unknown) => void} later
 */
async function startPostgres(parent, port, password, later) {
  const dataDir = join(parent, 'postgres');
  await initCluster({ dataDir, password });
  const cluster = await startCluster({ dataDir, password, port, logFile: join(parent, 'postgres.log') });
  later(() => cluster.stop());
  // The image of PostgreSQL makes this user and database from its environment.
  const client = new pg.Client({ connectionString: cluster.url('postgres') });
  await client.connect();
  await client.query(`CREATE ROLE lumi SUPERUSER LOGIN PASSWORD '${password}'`);
  await client.query('CREATE DATABASE lumi OWNER lumi');
  await client.end();
}

/**
 * @param {string} parent
 * @param {number | undefined} port
 * @param {(cleanup: () => unknown) => void} later
 */
async function startRedis(parent, port, later) {
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', parent, '--save', ''];
  const redis = spawn('redis-server', [...args, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
  later(() => redis.kill('SIGTERM'));
  await new Promise((resolve, reject) => {
    redis.once('spawn', resolve);
    redis.once('error', () =>
      reject(
        new Error(
          'redis-server is not in the PATH; the compose file needs a Redis (Debian: apt-get install redis-server).',
        ),
      ),
    );
  });
}
