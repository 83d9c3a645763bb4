// The PostgreSQL of all runs of a call, migrated once and wiped between runs. No fsync, but commits are real: a killed
// server recovers everything that it confirmed, which is what the runs are about.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '@lumi/shared/db';
import { Client } from 'pg';
import { pause } from '../waiting';
import type { Machine, PostgresServer } from './machine';

const DATABASE = 'lumi';
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

/** Waits for the end of the harness, and ends the server unless the harness has done so. */
const GUARD =
  `let kept = false; process.stdin.on('data', () => (kept = true)); process.stdin.on('end', () => { if ` +
  `(!kept) try { process.kill(Number(process.argv[1]), 'SIGQUIT'); } catch {} process.exit(0); });`;

/** `folder`: where logs and data of all runs lie. */
export async function makeCluster(machine: Machine, rolePasswords: Readonly<Record<Role, string>>): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-torture-'));
  chmodSync(folder, 0o755); // PostgreSQL's own user must reach its data, as root too
  const cluster = new Cluster(machine, folder);
  await cluster.init(rolePasswords);
  return cluster;
}

export class Cluster {
  /** As the migrations wrote them. */
  functions: readonly string[] = [];
  /** A planted bug has changed functions. */
  isAltered = false;
  /** What takes the planted bug back. */
  undo: readonly string[] = [];
  private readonly dataDir: string;
  private readonly password = randomBytes(12).toString('hex');
  private readonly logFile: string;
  private emptyTables: readonly string[] = [];
  private urlOfRole: (role: Role) => string = () => {
    throw new Error('the database is not prepared yet');
  };
  private running: PostgresServer | undefined;
  private guard: ChildProcess | undefined;

  constructor(
    private readonly machine: Machine,
    readonly folder: string,
  ) {
    this.dataDir = machine.dataDirFor(join(folder, 'postgres'));
    this.logFile = join(folder, 'postgres.log');
  }

  async init(rolePasswords: Readonly<Record<Role, string>>): Promise<void> {
    await this.machine.initCluster({ dataDir: this.dataDir, password: this.password });
    await this.start();
    await this.asOwner((client) => client.query(`CREATE DATABASE ${DATABASE}`), 'postgres');
    const { root } = this.machine;
    this.urlOfRole = await this.machine.prepareDatabase({ root, ownerUrl: this.ownerUrl(), rolePasswords });
    await this.remember();
  }

  private get server(): PostgresServer {
    if (this.running === undefined) throw new Error('PostgreSQL has not been started yet');
    return this.running;
  }

  get port(): number {
    return this.server.port;
  }

  /** For a role, through a link of its own. */
  urlOf(role: Role, port: number): string {
    const url = new URL(this.urlOfRole(role));
    url.port = String(port);
    url.pathname = `/${DATABASE}`;
    return url.toString();
  }

  ownerUrl(): string {
    return this.server.url(DATABASE);
  }

  async start(): Promise<void> {
    this.running = await this.machine.startCluster({
      dataDir: this.dataDir,
      password: this.password,
      port: this.running?.port,
      settings: SETTINGS,
      logFile: this.logFile,
    });
    // If this process is killed, a guard ends the server.
    this.guard?.stdin?.end('kept');
    this.guard = spawn(process.execPath, ['-e', GUARD, String(this.server.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.guard.unref();
  }

  async asOwner<T>(work: (client: Client) => Promise<T>, database = DATABASE): Promise<T> {
    const client = new Client({ connectionString: this.server.url(database) });
    client.on('error', () => undefined); // the query in flight fails as well
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined); // the server may be gone already
    }
  }

  /** What the migrations wrote (catalogues, function bodies) is read once, and is all that is left after a wipe. */
  private async remember(): Promise<void> {
    await this.asOwner(async (client) => {
      const { rows: tables } = await client.query<{ name: string }>(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
          WHERE schemaname IN ('platform', 'domains', 'vps', 'proxy') AND tablename <> '_prisma_migrations'`,
      );
      const empty: string[] = [];
      for (const { name } of tables) {
        const { rowCount } = await client.query(`SELECT 1 FROM ${name} LIMIT 1`);
        if (rowCount === 0) empty.push(name);
      }
      this.emptyTables = empty;
      const { rows: functions } = await client.query<{ text: string }>(
        `SELECT pg_get_functiondef(p.oid) AS text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname IN ('platform', 'domains', 'vps', 'proxy') AND p.prokind = 'f'`,
      );
      this.functions = functions.map(({ text }) => text);
    });
  }

  async wipe(): Promise<void> {
    await this.asOwner(async (client) => {
      await client.query("SET session_replication_role = 'replica'"); // the ledger is append-only even for its owner
      await this.truncate(client);
      await client.query(`UPDATE ${STOCK} SET taken = 0, issued = 0`);
      if (this.isAltered) await client.query(this.functions.join(';\n'));
      for (const statement of this.undo) await client.query(statement);
      this.isAltered = false;
      this.undo = [];
    });
  }

  /** The processes go on looking for work meanwhile, and a look holds several tables. */
  private async truncate(client: Client): Promise<void> {
    // Processes have written the sandbox's stock down once and look for it for the rest of their life.
    const tables = this.emptyTables.filter((name) => name !== STOCK).join(', ');
    for (let tries = 1; ; tries += 1) {
      try {
        await client.query(`TRUNCATE ${tables}`);
        return;
      } catch (err) {
        if ((err as { code?: string }).code !== DEADLOCK || tries >= WIPE_TRIES) throw err;
      }
    }
  }

  /** Every job and every memory of one. */
  async emptyQueue(): Promise<void> {
    await this.asOwner(async (client) => {
      const { rows } = await client.query<{ name: string }>(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'queue' " +
          "AND tablename NOT IN ('migration', 'meta')",
      );
      if (rows.length > 0) await client.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')}`);
    });
  }

  /** As if the machine had lost power, for the server: it recovers from its log. */
  async crash(downMs: number): Promise<void> {
    process.kill(this.server.pid, 'SIGQUIT');
    await this.again(downMs);
  }

  async restart(downMs: number): Promise<void> {
    process.kill(this.server.pid, 'SIGINT');
    await this.again(downMs);
  }

  private async again(downMs: number): Promise<void> {
    await this.server.stop();
    await pause(downMs);
    await this.start();
  }

  async remove(): Promise<void> {
    await this.server.stop();
    this.guard?.stdin?.end('kept');
    rmSync(this.dataDir, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}
