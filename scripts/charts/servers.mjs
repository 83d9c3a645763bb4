// PostgreSQL and Redis beside the pods: processes of this machine that listen on the pods' network only.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort, initCluster, startCluster } from '../postgres.mjs';

/** @typedef {{ gateway: string; subnet: string }} Network */

/**
 * @param {string} parent the folder for their data
 * @param {Network} network
 * @param {string} password of the owner
 * @param {(cleanup: () => unknown) => void} later how to stop what has started
 */
export async function startServers(parent, { gateway, subnet }, password, later) {
  const dataDir = join(parent, 'postgres');
  await initCluster({ dataDir, password });
  appendFileSync(join(dataDir, 'pg_hba.conf'), `host all all ${subnet} scram-sha-256\n`);
  const cluster = await startCluster({
    dataDir,
    password,
    settings: { listen_addresses: `127.0.0.1,${gateway}` },
    logFile: join(parent, 'postgres.log'),
  });
  later(() => cluster.stop());
  const client = new pg.Client({ connectionString: cluster.url('postgres') });
  await client.connect();
  // As CloudNativePG sets the owner up: no superuser.
  await client.query(`CREATE ROLE lumi CREATEROLE LOGIN PASSWORD '${password}'`);
  await client.query('CREATE DATABASE lumi OWNER lumi');
  await client.end();

  const port = await freePort();
  const args = ['--bind', gateway, '--port', String(port), '--dir', parent, '--save', '', '--protected-mode', 'no'];
  const redis = spawn('redis-server', [...args, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
  await new Promise((resolve, reject) => redis.once('spawn', () => resolve(null)).once('error', reject));
  later(() => redis.kill('SIGTERM'));
  return { database: `postgresql://${gateway}:${cluster.port}/lumi`, redis: `redis://${gateway}:${port}` };
}
