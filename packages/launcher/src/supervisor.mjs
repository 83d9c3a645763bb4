// The Node processes of the system. It forks them with a channel to the launcher, sends them their settings, waits
// until they serve, restarts them on the same port when they die, and stops them with SIGTERM. A child that loses the
// channel (the launcher was killed) ends itself.
import { fork } from 'node:child_process';
import { ChildLog } from './child-log.mjs';
import { Interrupted, Refusal, diskFull, isDiskFull } from './refusal.mjs';
import { RestartPolicy } from './restart-policy.mjs';

/** @typedef {import('./processes.mjs').Told} Told */
/** @typedef {import('./options.mjs').Env} Env */
/**
 * @typedef {object} Child a process that is to run
 * @property {string} name
 * @property {string} script
 * @property {Record<string, string> | Promise<Env>} env
 * @property {ChildLog} log
 * @property {RestartPolicy} policy
 * @property {boolean} isStopping
 * @property {import('node:child_process').ChildProcess | undefined} [running]
 * @property {Promise<void>} [gone]
 * @property {NodeJS.Timeout} [restart]
 */
/** @typedef {{ code: number | null; signal: NodeJS.Signals | null }} End */
/** @typedef {{ isReady: true; port: number | undefined } | ({ isReady: false } & End)} Outcome */
/** @typedef {{ type?: string; port?: number }} Message what a process says on its channel */
/** @typedef {(name: string, pid: number | null) => void} OnChild */

const READY_LIMIT_MS = 60_000;
// Longer than the processes' own bound for their shutdown, without what a node gives its connections.
const STOP_LIMIT_MS = 30_000;

/**
 * @param {Env} env
 */
export function stopLimitMs({ PROXY_NODE_DRAIN_S: drainS = '0' }) {
  return STOP_LIMIT_MS + Number(drainS) * 1_000;
}

export class Supervisor {
  /**
   * @param {object} told
   * @param {string} told.root
   * @param {string} told.folder
   * @param {string} told.logs
   * @param {Env} told.surroundings
   * @param {string | undefined} told.inspect
   * @param {import('./child-log.mjs').Say} told.say
   * @param {OnChild} told.onChild
   * @param {(err: Error) => void} told.onGiveUp
   */
  constructor({ root, folder, logs, surroundings, inspect, say, onChild, onGiveUp }) {
    this.root = root;
    this.folder = folder;
    this.logs = logs;
    this.surroundings = surroundings;
    this.inspect = inspect;
    this.say = say;
    this.onChild = onChild;
    this.onGiveUp = onGiveUp;
    /** @type {Map<string, Child>} */
    this.children = new Map();
    this.isEnding = false;
  }

  /**
   * Resolves with the port the process listens on (undefined for workers). Refuses when it does not come up at all.
   * `env` may be a promise: the process loads its code meanwhile. If that fails the process is stopped.
   *
   * @param {Told} told
   */
  async start(told) {
    const child = this.add(told);
    const outcome = await this.launch(child);
    if (outcome.isReady) return outcome.port;
    if (child.isStopping) throw new Interrupted();
    throw this.failure(child, outcome);
  }

  /**
   * For a process that is not awaited: if it does not start, it is restarted, as if it had died later.
   *
   * @param {Told} told
   */
  async startUnawaited(told) {
    const child = this.add(told);
    const outcome = await this.launch(child);
    if (!outcome.isReady) this.onDeath(child, outcome);
  }

  /** @param {Told} told */
  add({ name, script, env }) {
    /** @type {Child} */
    const child = {
      name,
      script,
      env: env instanceof Promise ? env : { ...env },
      log: new ChildLog({ folder: this.logs, name, say: this.say }),
      policy: new RestartPolicy(),
      isStopping: false,
    };
    this.children.set(name, child);
    return child;
  }

  /** Stops the named processes, all at once, and waits until they are gone. */
  async stop(names = [...this.children.keys()]) {
    this.isEnding = true;
    const chosen = names.map((name) => this.children.get(name)).filter((child) => child !== undefined);
    await Promise.all(chosen.map((child) => this.stopOne(child)));
  }

  /**
   * Ends the process and starts it by this script, with its settings and on its port. False when it does not come up:
   * the next call tries again.
   *
   * @param {string} name
   * @param {string} script
   */
  async restart(name, script) {
    const child = this.children.get(name);
    if (child === undefined || child.isStopping) return false;
    await this.stopOne(child);
    if (this.isEnding) return false;
    Object.assign(child, { script, isStopping: false, policy: new RestartPolicy() });
    child.log.lastError = '';
    const outcome = await this.launch(child);
    if (!outcome.isReady) this.say(`${name}: did not start (${reason(child, outcome)}); its log: ${child.log.file}`);
    return outcome.isReady;
  }

  /** @param {Child} child */
  async stopOne(child) {
    child.isStopping = true;
    clearTimeout(child.restart);
    const { running } = child;
    if (running === undefined) return;
    const late = setTimeout(
      () => {
        this.say(`${child.name}: did not stop in time and was ended`);
        running.kill('SIGKILL');
      },
      stopLimitMs(child.env instanceof Promise ? {} : child.env),
    );
    running.kill('SIGTERM');
    await child.gone;
    clearTimeout(late);
  }

  /**
   * Resolves when the process is ready, or when it ended before that.
   *
   * @param {Child} child
   * @returns {Promise<Outcome>}
   */
  launch(child) {
    const settings = child.env;
    const env = settings instanceof Promise ? { ...this.surroundings, SETTINGS_FOLLOW: 'true' } : settings;
    const running = fork(child.script, [], {
      cwd: this.root,
      env,
      execArgv: child.name === this.inspect ? ['--inspect=127.0.0.1:9229'] : [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    child.running = running;
    this.onChild(child.name, running.pid ?? null);
    child.log.follow(running.stdout);
    child.log.follow(running.stderr, { isError: true });
    let isReady = false;
    let markGone = () => {};
    child.gone = new Promise((resolve) => (markGone = resolve));
    return new Promise((resolve) => {
      /** @type {NodeJS.Timeout | undefined} */
      let late;
      const limit = () => {
        late = setTimeout(() => running.kill('SIGKILL'), READY_LIMIT_MS);
      };
      if (settings instanceof Promise) this.tellSettings(child, settings, limit);
      else limit();
      running.on('message', (/** @type {Message | null} */ message) => {
        if (message?.type !== 'ready' || isReady) return;
        isReady = true;
        clearTimeout(late);
        if (message.port !== undefined && !(child.env instanceof Promise)) child.env.PORT = String(message.port);
        resolve({ isReady, port: message.port });
      });
      running.on('error', (err) => (child.log.lastError = err.message));
      // `close`, not `exit`: the last lines of its log have been read by then.
      running.on('close', (code, signal) => {
        clearTimeout(late);
        child.running = undefined;
        this.onChild(child.name, null);
        markGone();
        if (isReady) this.onDeath(child, { code, signal });
        else resolve({ isReady: false, code, signal });
      });
    });
  }

  /**
   * `onTold` is called when the process has its settings, if it is still there.
   *
   * @param {Child} child
   * @param {Promise<Env>} settings
   * @param {() => void} onTold
   */
  tellSettings(child, settings, onTold) {
    settings.then(
      (env) => {
        child.env = { ...env }; // With these it is started again, should it die.
        if (child.running === undefined) return;
        // A process that is gone meanwhile is reported by its end.
        child.running.send({ type: 'settings', env }, () => undefined);
        onTold();
      },
      () => this.stopOne(child), // The code that makes the settings reports why there are none.
    );
  }

  /**
   * @param {Child} child
   * @param {End} how
   */
  onDeath(child, how) {
    if (child.isStopping) return;
    if (isDiskFull(child.log.lastError)) return this.onGiveUp(diskFull(this.folder));
    const waitMs = child.policy.nextWaitMs();
    if (waitMs === null) {
      return this.onGiveUp(
        new Refusal(`${child.name} keeps stopping (${reason(child, how)}); Lumi stops. Its log: ${child.log.file}`),
      );
    }
    this.say(`${child.name}: stopped (${reason(child, how)}); starting it again in ${waitMs / 1000} s`);
    child.restart = setTimeout(async () => {
      child.log.lastError = '';
      const outcome = await this.launch(child);
      if (outcome.isReady) this.say(`${child.name}: running again`);
      else this.onDeath(child, outcome);
    }, waitMs);
  }

  /**
   * @param {Child} child
   * @param {End} how
   */
  failure(child, how) {
    if (isDiskFull(child.log.lastError)) return diskFull(this.folder);
    if (/EADDRINUSE/.test(child.log.lastError) && !(child.env instanceof Promise))
      return new Refusal(
        `Port ${child.env.PORT} was taken while Lumi was starting; start again, with another PORT if it stays taken.`,
      );
    return new Refusal(`${child.name} did not start: ${reason(child, how)}. Its log: ${child.log.file}`);
  }
}

/**
 * @param {Child} child
 * @param {End} how
 */
function reason(child, { code, signal }) {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  return child.log.lastError === '' ? how : `${how}, ${child.log.lastError.slice(0, 300)}`;
}
