// The machine's own redis-server (Debian: redis-server), in memory only, on loopback.
import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { pause } from '../waiting';
import { guard } from './guard';

const READY_TRIES = 100;
const READY_EVERY_MS = 50;
const SETTINGS = { save: '', appendonly: 'no', 'maxmemory-policy': 'noeviction' };

/** One server or a cluster of them: what faults do to it. */
export interface RedisStore {
  start(): Promise<unknown>;
  /** Everything is forgotten. */
  flush(): Promise<void>;
  /** A server is gone for so long; `draw` in [0, 1) says which. */
  interrupt(draw: number, ms: number): Promise<void>;
  stop(): Promise<void>;
}

export class RedisServer implements RedisStore {
  private process: ChildProcess | undefined;
  private unguard: (() => void) | undefined;

  constructor(
    readonly port: number,
    private readonly more: Readonly<Record<string, string>> = {},
  ) {}

  async start(): Promise<this> {
    const settings = { port: String(this.port), bind: '127.0.0.1', ...SETTINGS, ...this.more };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const started = spawn('redis-server', args, { stdio: 'ignore', cwd: '/' });
    this.process = started;
    this.unguard = guard(started.pid);
    let isMissing = false;
    started.once('error', () => (isMissing = true));
    for (let tries = 0; tries < READY_TRIES; tries += 1) {
      if (isMissing)
        throw new Error(
          'redis-server is not in the PATH; install it (Debian: apt-get install redis-server) or run without --redis.',
        );
      const isReady = await this.command('PING').then(
        (answer) => answer.startsWith('+PONG'),
        () => false,
      );
      if (isReady) return this;
      await pause(READY_EVERY_MS);
    }
    throw new Error('redis-server did not become ready');
  }

  /** One inline command; the first bytes of its answer. */
  command(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${text}\r\n`));
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
      socket.once('error', reject);
    });
  }

  async flush(): Promise<void> {
    await this.command('FLUSHALL');
  }

  async interrupt(_draw: number, ms: number): Promise<void> {
    await this.stop();
    await pause(ms);
    await this.start();
  }

  async stop(): Promise<void> {
    const { process } = this;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGKILL');
    await gone;
    this.unguard?.();
  }
}
