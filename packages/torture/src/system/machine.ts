// What the scripts of this repository lend to the harness: where everything is, and how a PostgreSQL is started.
// They are plain modules that run before anything is built, so the caller hands them in (scripts/torture.mjs).
import type { Role } from '@lumi/shared/db';

export interface PostgresServer {
  readonly pid: number;
  readonly port: number;
  url(database: string): string;
  stop(): Promise<void>;
}

export interface Machine {
  /** The folder of the repository. */
  readonly root: string;
  freePort(): Promise<number>;
  /** Where a cluster that belongs into `preferred` can live: PostgreSQL's own user has to reach it. */
  dataDirFor(preferred: string): string;
  initCluster(options: { readonly dataDir: string; readonly password: string }): Promise<void>;
  startCluster(options: {
    readonly dataDir: string;
    readonly password: string;
    readonly port: number | undefined;
    readonly settings: Readonly<Record<string, string | number>>;
    readonly logFile: string;
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
