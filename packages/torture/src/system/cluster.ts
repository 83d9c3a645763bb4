// The PostgreSQL of all runs of a call, migrated once and wiped between runs; with a standby that has everything before
// it is confirmed, if the runs fail over.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '@lumi/shared/db';
import { Client } from 'pg';
import { pause } from '../waiting';
import { GuardedServer } from './guarded-server';
import type { Machine, SystemPrograms } from './machine';
import { follow, promote } from './standby';

const DATABASE = 'lumi';
const STOCK = 'proxy.sandbox_stock';
const EPOCHS = 'proxy.usage_epoch';
const DEADLOCK = '40P01';
const WIPE_TRIES = 20;

export interface ClusterOptions {
  readonly machine: Machine;
  readonly rolePasswords: Readonly<Record<Role, string>>;
  /** With a standby, which needs the system's programs. */
  readonly hasStandby: boolean;
}

/** `folder`: where logs and data of all runs lie. */
export async function makeCluster({ machine, rolePasswords, hasStandby }: ClusterOptions): Promise<Cluster> {
  const programs = hasStandby ? machine.systemPrograms() : undefined;
  if (programs === null)
    throw new Error('a standby needs pg_basebackup; install PostgreSQL (Debian: apt-get install postgresql-15)');
  const folder = mkdtempSync(join(tmpdir(), 'lumi-torture-'));
  chmodSync(folder, 0o755); // PostgreSQL's own user must reach its data, as root too
  const cluster = new Cluster(machine, folder, programs);
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
  private readonly password = randomBytes(12).toString('hex');
  private emptyTables: readonly string[] = [];
  private urlOfRole: (role: Role) => string = () => {
    throw new Error('the database is not prepared yet');
  };
  private primary: GuardedServer;
  private standby: GuardedServer | undefined;
  private copies = 0;
  /** What changes the servers happens one after the other. */
  private changing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly machine: Machine,
    readonly folder: string,
    private readonly programs: SystemPrograms | undefined,
  ) {
    this.primary = this.serverIn('postgres');
  }

  private serverIn(name: string): GuardedServer {
    return new GuardedServer({
      machine: this.machine,
      programs: this.programs,
      password: this.password,
      dataDir: this.machine.dataDirFor(join(this.folder, name)),
      logFile: join(this.folder, `${name}.log`),
    });
  }

  async init(rolePasswords: Readonly<Record<Role, string>>): Promise<void> {
    const { root } = this.machine;
    const { dataDir } = this.primary.options;
    await this.machine.initCluster({ dataDir, password: this.password, programs: this.programs });
    await this.primary.start();
    await this.asOwner((client) => client.query(`CREATE DATABASE ${DATABASE}`), 'postgres');
    this.urlOfRole = await this.machine.prepareDatabase({ root, ownerUrl: this.ownerUrl(), rolePasswords });
    await this.remember();
    await this.renewStandby();
  }

  get port(): number {
    return this.primary.port;
  }

  /** For a role, through a link of its own. */
  urlOf(role: Role, port: number): string {
    const url = new URL(this.urlOfRole(role));
    url.port = String(port);
    url.pathname = `/${DATABASE}`;
    return url.toString();
  }

  ownerUrl(): string {
    return this.primary.url(DATABASE);
  }

  async asOwner<T>(work: (client: Client) => Promise<T>, database = DATABASE): Promise<T> {
    const client = new Client({ connectionString: this.primary.url(database) });
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
      // The cursors of networks begin anew; what else has counted belongs to the last run.
      await client.query(`DELETE FROM ${EPOCHS} WHERE source LIKE 'node%'`);
      await client.query(`UPDATE ${EPOCHS} SET seq = 0, bytes = 0`);
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
  crash(downMs: number): Promise<void> {
    return this.again('SIGQUIT', downMs);
  }

  restart(downMs: number): Promise<void> {
    return this.again('SIGINT', downMs);
  }

  private again(signal: 'SIGQUIT' | 'SIGINT', downMs: number): Promise<void> {
    return this.oneByOne(async () => {
      const { primary } = this;
      primary.signal(signal);
      await primary.stop();
      await pause(downMs);
      await primary.start();
    });
  }

  /**
   * The standby takes over, after the primary died or while it still runs and nobody reaches it any more. `cut` ends
   * the connections; new ones lead to the new primary. Resolves when that has a standby of its own.
   */
  failover({ isDead, cut }: { readonly isDead: boolean; cut(): void }): Promise<void> {
    return this.oneByOne(async () => {
      const { primary: old, standby } = this;
      if (standby === undefined) throw new Error('there is no standby to fail over to');
      if (isDead) old.signal('SIGQUIT');
      await promote(standby);
      this.primary = standby;
      this.standby = undefined;
      cut();
      if (!isDead) old.signal('SIGQUIT');
      await this.discard(old);
      await this.renewStandby();
    });
  }

  private async renewStandby(): Promise<void> {
    if (this.programs === undefined) return;
    this.copies += 1;
    const standby = this.serverIn(`postgres-${this.copies}`);
    await follow({ machine: this.machine, primary: this.primary, standby, name: `standby_${this.copies}` });
    this.standby = standby;
  }

  private oneByOne(change: () => Promise<void>): Promise<void> {
    const changed = this.changing.then(change);
    this.changing = changed.catch(() => undefined); // its caller gets the error
    return changed;
  }

  private async discard(server: GuardedServer): Promise<void> {
    await server.stop();
    server.release();
    rmSync(server.options.dataDir, { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await this.changing;
    for (const server of [this.primary, this.standby]) if (server !== undefined) await this.discard(server);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
