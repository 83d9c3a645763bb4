// A process under test: forked with the harness's preload, killed, stopped and started again on the same port by its
// own handle. Its log is read for the few lines that prove an interesting state.
import { fork } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const READY_LIMIT_MS = 240_000;
const STOP_LIMIT_MS = 8_000;
const PRELOAD = fileURLToPath(new URL('inside.cjs', import.meta.url));
const RESTART_MS = 300;

export class Child {
  constructor({ name, script, env, logFile, onMessage, onLine }) {
    Object.assign(this, { name, script, env: { ...env }, onMessage, onLine });
    this.log = createWriteStream(logFile, { flags: 'a' });
    this.isWanted = false;
    this.settings = null;
  }

  /**
   * Resolves when it serves. What it is told in `settings` it is told again in its next life; armed faults are for one
   * life only.
   */
  start() {
    this.isWanted = true;
    this.ready = this.launch();
    return this.ready;
  }

  async launch() {
    const child = fork(this.script, [], {
      env: this.env,
      execArgv: ['--require', PRELOAD],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.running = child;
    this.gone = new Promise((resolve) => child.once('close', resolve));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.log.write(`${line}\n`);
        this.onLine?.(this, line);
      });
    }
    const isReady = new Promise((resolve, reject) => {
      const late = setTimeout(() => child.kill('SIGKILL'), READY_LIMIT_MS);
      child.on('message', (message) => {
        if (message?.type === 'ready') {
          clearTimeout(late);
          if (message.port !== undefined) this.port = message.port;
          if (this.port !== undefined) this.env.PORT = String(this.port);
          if (this.settings !== null) this.tell(this.settings);
          resolve();
        } else this.onMessage?.(this, message);
      });
      child.once('close', (code, signal) => {
        clearTimeout(late);
        reject(new Error(`${this.name} ended before it was ready (${signal ?? code})`));
      });
    });
    child.once('close', () => this.afterDeath(child));
    await isReady;
  }

  afterDeath(child) {
    if (this.running !== child) return;
    this.running = undefined;
    if (!this.isWanted) return;
    // A start that fails ends as a death, which starts again.
    this.ready = new Promise((resolve) => (this.restart = setTimeout(resolve, RESTART_MS))).then(() => this.launch());
    this.ready.catch(() => undefined);
  }

  /** Resolves when it is up, however often it has to be started. */
  async isUp() {
    for (;;) {
      const { ready } = this;
      const isReady = await ready.then(
        () => true,
        () => false,
      );
      if (isReady && ready === this.ready) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  tell(message) {
    if (this.running?.connected) this.running.send(message, () => undefined);
  }

  kill() {
    this.running?.kill('SIGKILL');
  }

  /** SIGSTOP now, SIGCONT after so long. */
  pause(ms) {
    const { running } = this;
    if (running === undefined) return;
    running.kill('SIGSTOP');
    setTimeout(() => running.kill('SIGCONT'), ms);
  }

  async stop() {
    this.isWanted = false;
    clearTimeout(this.restart);
    const { running } = this;
    if (running !== undefined) {
      running.kill('SIGCONT');
      running.kill('SIGTERM');
      const late = setTimeout(() => running.kill('SIGKILL'), STOP_LIMIT_MS);
      await this.gone;
      clearTimeout(late);
    }
    this.log.end();
  }
}
