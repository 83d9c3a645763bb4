// The machine's own redis-server (Debian: redis-server), in memory only, on loopback.
import { connect } from 'node:net';
import { pause } from '../waiting';
import { GuardedProgram } from './guarded-program';

const READY_TRIES = 100;
const READY_EVERY_MS = 50;
const ANSWER_LIMIT_MS = 10_000;
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
  private program: GuardedProgram | undefined;

  constructor(
    readonly port: number,
    private readonly more: Readonly<Record<string, string>> = {},
  ) {}

  async start(): Promise<this> {
    const settings = { port: String(this.port), bind: '127.0.0.1', ...SETTINGS, ...this.more };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const program = new GuardedProgram('redis-server', args);
    this.program = program;
    for (let tries = 0; tries < READY_TRIES; tries += 1) {
      if (program.isMissing)
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
  command(text: string, limitMs = ANSWER_LIMIT_MS): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${text}\r\n`));
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
      socket.setTimeout(limitMs, () => socket.destroy());
      socket.once('error', reject);
      socket.once('close', () => reject(new Error(`Redis gave no answer to ${text}`)));
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
    await this.program?.kill();
  }
}
