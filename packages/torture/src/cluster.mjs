// The PostgreSQL of all runs of a call, migrated once and wiped between runs. No fsync, but commits are real: a killed
// server recovers everything that it confirmed, which is what the runs are about.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { root } from '../../../scripts/build.mjs';
import { dataDirFor, initCluster, startCluster } from '../../../scripts/postgres.mjs';
import { prepareDatabase } from '../../launcher/src/database.mjs';

const STOCK = 'proxy.sandbox_stock';
const DEADLOCK = '40P01';
const WIPE_TRIES = 20;
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: 250,
  shared_buffers: '64MB',
  log_min_messages: 'warning',
};

export class TortureCluster {
  static async make(rolePasswords) {
    const folder = mkdtempSync(join(tmpdir(), 'lumi-torture-'));
    chmodSync(folder, 0o755); // PostgreSQL's own user must reach its data, as root too
    const cluster = new TortureCluster();
    Object.assign(cluster, {
      folder,
      dataDir: dataDirFor(join(folder, 'postgres')),
      password: randomBytes(12).toString('hex'),
      logFile: join(folder, 'postgres.log'),
      database: 'lumi',
    });
    await initCluster(cluster);
    await cluster.start();
    await cluster.owner('postgres', (client) => client.query('CREATE DATABASE lumi'));
    const urlOf = await prepareDatabase({ root, ownerUrl: cluster.url('lumi'), rolePasswords });
    cluster.urlOf = (role, database, port) => {
      const url = new URL(urlOf(role));
      url.port = String(port);
      url.pathname = `/${database}`;
      return url.toString();
    };
    await cluster.remember();
    return cluster;
  }

  async start() {
    this.server = await startCluster({
      dataDir: this.dataDir,
      password: this.password,
      port: this.port,
      settings: SETTINGS,
      logFile: this.logFile,
    });
    this.port = this.server.port;
    // Where this process is killed, a guard ends the server.
    this.guard?.stdin.end('kept');
    this.guard = spawn(process.execPath, ['-e', GUARD, String(this.server.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.guard.unref();
  }

  url(database) {
    return this.server.url(database);
  }

  async owner(database, work) {
    const client = new Client({ connectionString: this.url(database) });
    client.on('error', () => undefined); // the query in flight fails as well
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined); // the server may be gone already
    }
  }

  /**
   * What the migrations wrote (catalogues, function bodies) is kept in mind once, and is all that is left after a wipe.
   */
  async remember() {
    await this.owner(this.database, async (client) => {
      const { rows: tables } = await client.query(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
          WHERE schemaname IN ('platform', 'domains', 'vps', 'proxy') AND tablename <> '_prisma_migrations'`,
      );
      this.emptyTables = [];
      for (const { name } of tables) {
        const { rowCount } = await client.query(`SELECT 1 FROM ${name} LIMIT 1`);
        if (rowCount === 0) this.emptyTables.push(name);
      }
      const { rows: functions } = await client.query(
        `SELECT pg_get_functiondef(p.oid) AS text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname IN ('platform', 'domains', 'vps', 'proxy') AND p.prokind = 'f'`,
      );
      this.functions = functions.map(({ text }) => text);
    });
  }

  async wipe() {
    await this.owner(this.database, async (client) => {
      await client.query("SET session_replication_role = 'replica'"); // the ledger is append-only even for its owner
      // Processes have written the sandbox's stock down once and look for it for the rest of their life.
      const truncate = () => client.query(`TRUNCATE ${this.emptyTables.filter((name) => name !== STOCK).join(', ')}`);
      // The processes go on looking for work meanwhile, and a look holds several tables.
      for (
        let tries = 1;
        !(await truncate().then(
          () => true,
          (err) => (err.code === DEADLOCK && tries < WIPE_TRIES ? false : Promise.reject(err)),
        ));
        tries += 1
      );
      await client.query(`UPDATE ${STOCK} SET taken = 0, issued = 0`);
      if (this.isAltered) await client.query(this.functions.join(';\n'));
      for (const statement of this.undo ?? []) await client.query(statement);
      this.isAltered = false;
      this.undo = [];
    });
  }

  /** Every job and every memory of one. */
  async emptyQueue() {
    await this.owner(this.database, async (client) => {
      const { rows } = await client.query(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'queue' " +
          "AND tablename NOT IN ('migration', 'meta')",
      );
      if (rows.length > 0) await client.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')}`);
    });
  }

  /** As if the machine had lost power, for the server: it recovers from its log. */
  async crash(downMs) {
    process.kill(this.server.pid, 'SIGQUIT');
    await this.again(downMs);
  }

  async restart(downMs) {
    process.kill(this.server.pid, 'SIGINT');
    await this.again(downMs);
  }

  async again(downMs) {
    await this.server.stop();
    await new Promise((resolve) => setTimeout(resolve, downMs));
    await this.start();
  }

  async remove() {
    await this.server.stop();
    this.guard.stdin.end('kept');
    rmSync(this.dataDir, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const GUARD =
  `let kept = false; process.stdin.on('data', () => (kept = true)); process.stdin.on('end', () => { if ` +
  `(!kept) try { process.kill(Number(process.argv[1]), 'SIGQUIT'); } catch {} process.exit(0); });`;
