// A PostgreSQL of the harness. No fsync, but commits are real: a killed server recovers everything that it confirmed,
// which is what the runs are about.
import { guard } from './guard';
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
  private unguard: (() => void) | undefined;

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
    this.release();
    this.unguard = guard(this.server.pid);
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
    this.unguard?.();
    this.unguard = undefined;
  }
}
