// The embedded PostgreSQL as a server of this launcher: on a free port of the loopback interface, started again when it
// dies, stopped with the launcher. A watchdog stops it even if the launcher is killed without a chance to clean up.
import { spawn } from 'node:child_process';
import { ChildLog } from './child-log.mjs';
import { checkCluster, createCluster, freeCluster, hasCluster } from './cluster-files.mjs';
import { freePort } from './port.mjs';
import { postgresProgram } from './postgres-program.mjs';
import { Refusal, diskFull, isDiskFull } from './refusal.mjs';
import { RestartPolicy } from './restart-policy.mjs';

const OWNER = 'lumi';
const START_LIMIT_MS = 120_000;
const START_ATTEMPTS = 5;
const STOP_LIMIT_MS = 60_000;

/** @param {{ password: string; port: number }} server */
export function embeddedUrl({ password, port }) {
  return `postgresql://${OWNER}:${password}@127.0.0.1:${port}/postgres`;
}

export class EmbeddedPostgres {
  /**
   * @param {object} told
   * @param {string} told.root
   * @param {string} told.folder
   * @param {string} told.logs
   * @param {string} told.password
   * @param {import('./child-log.mjs').Say} told.say
   * @param {(err: Error) => void} told.onGiveUp
   */
  constructor({ root, folder, logs, password, say, onGiveUp }) {
    this.root = root;
    this.folder = folder;
    this.password = password;
    this.say = say;
    this.onGiveUp = onGiveUp;
    this.log = new ChildLog({ folder: logs, name: 'postgres', say, isLoud: loudLine });
    this.policy = new RestartPolicy();
    /** @type {import('node:child_process').ChildProcess | null} */
    this.child = null;
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.watchdog = undefined;
    /** @type {Promise<void> | undefined} */
    this.launching = undefined;
    /** @type {NodeJS.Timeout | undefined} */
    this.restart = undefined;
    this.port = 0;
    this.isStopping = false;
  }

  /** Creates the cluster if there is none, starts the server and returns the owner's URL. */
  async start() {
    const program = postgresProgram({ root: this.root, dataFolder: this.folder });
    this.program = program;
    if (!hasCluster(this.folder)) {
      await createCluster({ program, folder: this.folder, ownerName: OWNER, password: this.password });
    }
    checkCluster(this.folder);
    await freeCluster(this.folder);
    this.port = await freePort();
    await this.launch();
    return embeddedUrl(this);
  }

  async stop() {
    this.isStopping = true;
    clearTimeout(this.restart);
    // A starting server is awaited first: stopping it half-way would leave it running.
    await this.launching?.catch(() => undefined);
    const child = this.child;
    if (child === null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGINT');
    const late = setTimeout(() => child.kill('SIGQUIT'), STOP_LIMIT_MS);
    await gone;
    clearTimeout(late);
  }

  launch() {
    this.launching = this.launchWithRetries();
    return this.launching;
  }

  async launchWithRetries() {
    for (let attempt = 1; ; attempt += 1) {
      const said = await this.launchOnce();
      if (said === null) return;
      if (isDiskFull(said)) throw diskFull(this.folder);
      if (/could not bind|Address already in use/.test(said)) this.port = await freePort();
      // Backends of a server that was killed need a moment to notice that it is gone.
      else if (/shared memory block|lock file/.test(said)) await new Promise((resolve) => setTimeout(resolve, 500));
      else throw this.failure(said);
      if (attempt >= START_ATTEMPTS) throw this.failure(said);
    }
  }

  /** @param {string} said */
  failure(said) {
    const line = said.split('\n').find((text) => /FATAL|PANIC/.test(text)) ?? said.trim().split('\n').pop() ?? '';
    return new Refusal(
      `PostgreSQL did not start on ${this.folder}: ${line.replace(/^.*?(FATAL|PANIC):\s*/, '')} (log: ` +
        `${this.log.file})`,
    );
  }

  /**
   * Null once it accepts connections; otherwise its last output before it ended.
   *
   * @returns {Promise<string | null>}
   */
  launchOnce() {
    const { program } = this;
    if (program === undefined) throw new Error('PostgreSQL is launched before it was started');
    return new Promise((resolve, reject) => {
      const settings = [
        'listen_addresses=127.0.0.1',
        `port=${this.port}`,
        'unix_socket_directories=',
        'max_connections=200',
        'log_checkpoints=off',
        'log_timezone=UTC',
        'timezone=UTC',
      ];
      const child = program.run('postgres', ['-D', this.folder, ...settings.flatMap((setting) => ['-c', setting])], {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      });
      let said = '';
      const late = setTimeout(() => child.kill('SIGQUIT'), START_LIMIT_MS);
      child.on('error', reject);
      this.log.follow(child.stderr);
      const listen = (/** @type {Buffer} */ chunk) => {
        said = (said + chunk).slice(-20_000);
        if (!said.includes('database system is ready to accept connections')) return;
        clearTimeout(late);
        child.stderr?.off('data', listen);
        this.child = child;
        this.watchdog = spawnWatchdog(child.pid);
        resolve(null);
      };
      child.stderr?.on('data', listen);
      child.on('close', (code, signal) => {
        clearTimeout(late);
        this.watchdog?.kill('SIGKILL');
        if (this.child === child) this.onDeath(signal === null ? `exit code ${code}` : `signal ${signal}`);
        else resolve(said);
      });
    });
  }

  /** @param {string} how */
  onDeath(how) {
    this.child = null;
    if (this.isStopping) return;
    if (isDiskFull(this.log.lastError)) return this.onGiveUp(diskFull(this.folder));
    const waitMs = this.policy.nextWaitMs();
    if (waitMs === null)
      return this.onGiveUp(new Refusal(`PostgreSQL keeps stopping (${how}); Lumi stops. Its log: ${this.log.file}`));
    this.say(`postgres: stopped (${how}); starting it again in ${waitMs / 1000} s`);
    this.restart = setTimeout(() => {
      freeCluster(this.folder)
        .then(() => this.launch())
        .then(() => this.say('postgres: running again'))
        .catch((err) => this.onGiveUp(err));
    }, waitMs);
  }
}

// Reads a pipe that only the launcher holds open. When the launcher is gone, for any reason, the pipe ends and the
// watchdog stops the server. A shell needs only a megabyte for this. The launcher ends it as soon as the server has
// stopped, so the pid is safe.
/** @param {number | undefined} pid */
function spawnWatchdog(pid) {
  const script = 'read -r _; kill -INT "$1" 2>/dev/null';
  return spawn('/bin/sh', ['-c', script, 'lumi-postgres-watchdog', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
}

/** @type {import('./child-log.mjs').IsLoud} */
function loudLine(line) {
  const match = /\b(FATAL|PANIC|ERROR|WARNING):\s+(.*)$/.exec(line);
  // Errors of statements go to the process that sent them; disconnecting clients are not logged.
  return match !== null && (match[1] === 'PANIC' || isDiskFull(line)) ? (match[2] ?? '') : null;
}
