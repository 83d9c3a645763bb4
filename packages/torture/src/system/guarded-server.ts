// A PostgreSQL of the harness. No fsync, but commits are real: a killed server recovers everything that it confirmed,
// which is what the runs are about.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Machine, PostgresServer, SystemPrograms } from './machine';

const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: 250,
  shared_buffers: '64MB',
  log_min_messages: 'warning',
};
/** Of a server that is followed, and of one that follows. */
const REPLICATED = {
  wal_level: 'replica',
  wal_keep_size: '256MB',
  wal_retrieve_retry_interval: '200ms',
  hot_standby: 'on',
};

/** Waits for the end of the harness, and ends the server unless the harness has done so. */
const GUARD =
  `let kept = false; process.stdin.on('data', () => (kept = true)); process.stdin.on('end', () => { if ` +
  `(!kept) try { process.kill(Number(process.argv[1]), 'SIGQUIT'); } catch {} process.exit(0); });`;

export interface GuardedOptions {
  readonly machine: Machine;
  readonly dataDir: string;
  readonly password: string;
  readonly logFile: string;
  /** With a standby: those of the system. */
  readonly programs: SystemPrograms | undefined;
}

export class GuardedServer {
  private running: PostgresServer | undefined;
  private guard: ChildProcess | undefined;

  constructor(readonly options: GuardedOptions) {}

  private get server(): PostgresServer {
    if (this.running === undefined) throw new Error('PostgreSQL has not been started yet');
    return this.running;
  }

  get port(): number {
    return this.server.port;
  }

  url(database: string): string {
    return this.server.url(database);
  }

  async start(): Promise<void> {
    const { machine, programs, ...rest } = this.options;
    this.running = await machine.startCluster({
      ...rest,
      programs,
      port: this.running?.port,
      settings: programs === undefined ? SETTINGS : { ...SETTINGS, ...REPLICATED },
    });
    // If this process is killed, a guard ends the server.
    this.release();
    this.guard = spawn(process.execPath, ['-e', GUARD, String(this.server.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.guard.unref();
  }

  /** SIGQUIT: as if the machine had lost power, for the server. SIGINT: an orderly end. */
  signal(name: 'SIGQUIT' | 'SIGINT'): void {
    process.kill(this.server.pid, name);
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  /** It has been stopped for good. */
  release(): void {
    this.guard?.stdin?.end('kept');
    this.guard = undefined;
  }
}
