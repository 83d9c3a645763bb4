// PgBouncer (Debian: pgbouncer) before PostgreSQL, in transaction mode: a connection of a process gets one of the
// server for each transaction, so nothing may live on it for longer.
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Role } from '@lumi/shared/db';
import { soon } from '../waiting';
import { GuardedProgram } from './guarded-program';
import type { Machine } from './machine';

/** The folder of system programs, which is not in every PATH. */
const PROGRAM = '/usr/sbin/pgbouncer';
const READY_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 50;
const SETTINGS = {
  pool_mode: 'transaction',
  auth_type: 'scram-sha-256',
  unix_socket_dir: '',
  max_client_conn: 2_000,
  default_pool_size: 12,
  // Its own 15 s would hold up everything that long after a failover; 120 s for who waits for a connection as well.
  server_login_retry: 1,
  server_connect_timeout: 3,
  query_wait_timeout: 10,
  ignore_startup_parameters: 'extra_float_digits',
};

export interface PgBouncerOptions {
  readonly machine: Pick<Machine, 'freePort' | 'serverUser'>;
  /** Of its files. */
  readonly folder: string;
  readonly rolePasswords: Readonly<Record<Role, string>>;
  /** Where it finds PostgreSQL. */
  readonly upstreamPort: number;
}

export class PgBouncer {
  port = 0;
  private program: GuardedProgram | undefined;

  constructor(private readonly options: PgBouncerOptions) {}

  async start(): Promise<this> {
    const { machine, folder } = this.options;
    const user = await machine.serverUser();
    if (this.port === 0) this.port = await machine.freePort();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const files = this.write();
    if (user.uid !== undefined && user.gid !== undefined)
      for (const file of [folder, ...files]) chownSync(file, user.uid, user.gid);
    const program = new GuardedProgram(
      existsSync(PROGRAM) ? PROGRAM : 'pgbouncer',
      [join(folder, 'pgbouncer.ini')],
      user,
    );
    this.program = program;
    const isReady = await soon(async () => program.isMissing || (await this.answers()), READY_LIMIT_MS, LOOK_EVERY_MS);
    if (program.isMissing)
      throw new Error('pgbouncer is not there; install it (Debian: apt-get install pgbouncer) or run without it');
    if (isReady !== true) throw new Error(`pgbouncer did not start; its log is ${join(folder, 'pgbouncer.log')}`);
    return this;
  }

  private write(): string[] {
    const { folder, rolePasswords, upstreamPort } = this.options;
    const users = join(folder, 'users.txt');
    const settings = {
      listen_addr: '127.0.0.1',
      listen_port: this.port,
      logfile: join(folder, 'pgbouncer.log'),
      auth_file: users,
      ...SETTINGS,
    };
    const ini = join(folder, 'pgbouncer.ini');
    writeFileSync(
      ini,
      [
        '[databases]',
        `* = host=127.0.0.1 port=${upstreamPort}`,
        '[pgbouncer]',
        ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
        '',
      ].join('\n'),
      { mode: 0o600 },
    );
    const lines = Object.entries(rolePasswords).map(([role, password]) => `"${role}" "${password}"\n`);
    writeFileSync(users, lines.join(''), { mode: 0o600 });
    return [ini, users];
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  }

  /** Dies and comes back: every connection through it breaks. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.program?.kill();
  }
}
