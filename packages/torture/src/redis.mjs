// The machine's own redis-server (Debian: redis-server), in memory only, on loopback.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { freePort } from '../../../scripts/postgres.mjs';

export class RedisServer {
  async start() {
    this.port ??= await freePort();
    this.process = spawn(
      'redis-server',
      [
        '--port',
        String(this.port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--maxmemory-policy',
        'noeviction',
      ],
      { stdio: 'ignore', cwd: '/' },
    );
    let missing = null;
    this.process.once('error', (err) => (missing = err));
    for (let tries = 0; tries < 100; tries += 1) {
      if (missing !== null)
        throw new Error(
          'redis-server is not in the PATH; install it (Debian: apt-get install redis-server) or run without --redis.',
        );
      if (
        await this.command('PING').then(
          (answer) => answer.startsWith('+PONG'),
          () => false,
        )
      )
        return this;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('redis-server did not become ready');
  }

  /** One inline command; the first bytes of its answer. */
  command(text) {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${text}\r\n`));
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
      socket.once('error', reject);
    });
  }

  flush() {
    return this.command('FLUSHALL');
  }

  async stop() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await gone;
  }
}
