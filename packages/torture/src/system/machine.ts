// What the scripts of this repository lend to the harness: where everything is, and how a PostgreSQL is started.
// They are plain modules that run before anything is built, so the caller hands them in (scripts/torture.mjs).
import type { Role } from '@lumi/shared/db';

export interface PostgresServer {
  readonly pid: number;
  readonly port: number;
  url(database: string): string;
  stop(): Promise<void>;
}

/** Of a PostgreSQL that the system's packages installed. */
export interface SystemPrograms {
  readonly initdb: string;
  readonly postgres: string;
  readonly basebackup: string;
}

type Programs = Pick<SystemPrograms, 'initdb' | 'postgres'>;

export interface Machine {
  /** The folder of the repository. */
  readonly root: string;
  freePort(): Promise<number>;
  /** Where a cluster that belongs into `preferred` can live: PostgreSQL's own user has to reach it. */
  dataDirFor(preferred: string): string;
  /** Null where there is none. */
  systemPrograms(): SystemPrograms | null;
  /** Whom PostgreSQL and PgBouncer run as: neither runs as root. */
  serverUser(): Promise<{ readonly uid?: number; readonly gid?: number }>;
  initCluster(options: {
    readonly dataDir: string;
    readonly password: string;
    readonly programs?: Programs | undefined;
  }): Promise<void>;
  /** A copy of the cluster at `port` that follows it as `name` once it is started. */
  copyCluster(options: {
    readonly basebackup: string;
    readonly port: number;
    readonly password: string;
    readonly dataDir: string;
    readonly name: string;
  }): Promise<void>;
  startCluster(options: {
    readonly dataDir: string;
    readonly password: string;
    readonly port: number | undefined;
    readonly settings: Readonly<Record<string, string | number>>;
    readonly logFile: string;
    readonly programs?: Programs | undefined;
  }): Promise<PostgresServer>;
  /** Roles and migrations. Answers with the address of the database for a role. */
  prepareDatabase(options: {
    readonly root: string;
    readonly ownerUrl: string;
    readonly rolePasswords: Readonly<Record<Role, string>>;
  }): Promise<(role: Role) => string>;
  /** The public half of a private key, as services read it. */
  publicKeys(privateKeyBase64: string): string;
}
