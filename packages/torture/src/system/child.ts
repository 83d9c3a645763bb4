// A process under test: forked with the harness's preload, killed, stopped and started again on the same port by its
// own handle. Its log is read for the few lines that prove an interesting state.
import { fork, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PointReached, Settings, ToProcess } from '../inside/messages';
import { pause } from '../waiting';

const READY_LIMIT_MS = 240_000;
const STOP_LIMIT_MS = 8_000;
const PRELOAD = join(__dirname, '..', 'inside', 'preload.js');
const RESTART_MS = 300;
const UP_EVERY_MS = 50;

export interface ChildOptions {
  readonly name: string;
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** It has come to an armed point. */
  onPoint(child: Child, point: PointReached): void;
  onLine(child: Child, line: string): void;
}

interface Ready {
  readonly type: 'ready';
  readonly port?: number;
}

export class Child {
  readonly name: string;
  /** Undefined while it is dead. */
  running: ChildProcess | undefined;
  port: number | undefined;
  /** It gets them again after a restart; armed faults apply to one life only. */
  settings: Settings | null = null;
  private readonly env: NodeJS.ProcessEnv;
  private readonly log: WriteStream;
  private isWanted = false;
  private ready: Promise<void> = Promise.resolve();
  private gone: Promise<unknown> = Promise.resolve();
  private startingAgain: NodeJS.Timeout | undefined;

  constructor(private readonly options: ChildOptions) {
    this.name = options.name;
    this.env = { ...options.env };
    this.log = createWriteStream(options.logFile, { flags: 'a' });
  }

  /** Resolves when it serves. */
  start(): Promise<void> {
    this.isWanted = true;
    this.ready = this.launch();
    return this.ready;
  }

  private async launch(): Promise<void> {
    const child = fork(this.options.script, [], {
      env: this.env,
      execArgv: ['--require', PRELOAD],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.running = child;
    this.gone = new Promise((resolve) => child.once('close', resolve));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.log.write(`${line}\n`);
        this.options.onLine(this, line);
      });
    }
    const isReady = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => child.kill('SIGKILL'), READY_LIMIT_MS);
      child.on('message', (message) => {
        if (isOfType('ready', message)) {
          clearTimeout(late);
          this.serves(message as Ready);
          resolve();
        } else if (isOfType('torture-point', message)) this.options.onPoint(this, message as PointReached);
      });
      child.once('close', (code, signal) => {
        clearTimeout(late);
        reject(new Error(`${this.name} ended before it was ready (${signal ?? code})`));
      });
    });
    child.once('close', () => this.afterDeath(child));
    await isReady;
  }

  private serves({ port }: Ready): void {
    if (port !== undefined) this.port = port;
    if (this.port !== undefined) this.env.PORT = String(this.port);
    if (this.settings !== null) this.tell(this.settings);
  }

  private afterDeath(child: ChildProcess): void {
    if (this.running !== child) return;
    this.running = undefined;
    if (!this.isWanted) return;
    // A start that fails ends as a death, which starts again.
    this.ready = new Promise<void>((resolve) => (this.startingAgain = setTimeout(resolve, RESTART_MS))).then(() =>
      this.launch(),
    );
    this.ready.catch(() => undefined);
  }

  /** Resolves when it is up, however often it has to be started. */
  async isUp(): Promise<void> {
    for (;;) {
      const { ready } = this;
      const isReady = await ready.then(
        () => true,
        () => false,
      );
      if (isReady && ready === this.ready) return;
      await pause(UP_EVERY_MS);
    }
  }

  tell(message: ToProcess): void {
    if (this.running?.connected === true) this.running.send(message, () => undefined);
  }

  kill(): void {
    this.running?.kill('SIGKILL');
  }

  /** As a new release does: it is asked to end, ends what it has begun, and is started again. */
  async restart(): Promise<void> {
    const { running } = this;
    if (running === undefined) throw new Error(`${this.name} does not run`);
    running.kill('SIGTERM');
    await this.gone;
    await this.isUp();
  }

  /** SIGSTOP now, SIGCONT after so long. */
  pause(ms: number): void {
    const { running } = this;
    if (running === undefined) return;
    running.kill('SIGSTOP');
    setTimeout(() => running.kill('SIGCONT'), ms);
  }

  async stop(limitMs = STOP_LIMIT_MS): Promise<void> {
    this.isWanted = false;
    clearTimeout(this.startingAgain);
    const { running } = this;
    if (running !== undefined) {
      running.kill('SIGCONT');
      running.kill('SIGTERM');
      const late = setTimeout(() => running.kill('SIGKILL'), limitMs);
      await this.gone;
      clearTimeout(late);
    }
    this.log.end();
  }
}

function isOfType(type: string, message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === type;
}
