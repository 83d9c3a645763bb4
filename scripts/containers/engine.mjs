// podman as the engine, with its Docker API for docker-compose on a socket of our own, and the health checks that
// systemd would run elsewhere. Its settings are in a file of this run, so that no file of the machine is changed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../build.mjs';

const START_LIMIT_MS = 20_000;
const COMMAND_LIMIT_MS = 10 * 60_000;
const HEALTH_EVERY_MS = 1_000;
const BRIDGES_EVERY_MS = 50;
const INTERFACES = '/sys/class/net';
/** Linux: the address was set (NET_ADDR_SET), so it stays. */
const ADDRESS_IS_SET = '3';
export const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
/** No more than a machine without CAP_SYS_RESOURCE may set. */
const LIMITS = ['nofile=1024:1024', 'nproc=1024:1024'];
/** Of podman, for machines without systemd and without CAP_SYS_RESOURCE. */
export const PODMAN_SETTINGS = `[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
[containers]
default_ulimits = [${LIMITS.map((limit) => `"${limit}"`).join(', ')}]
`;

/** What a machine, or a container that CI runs in, may forbid to root, and what fails then. */
const MUST_WORK = {
  'podman does not work here': ['podman', 'info'],
  'this machine lets nobody make namespaces': ['unshare', '--mount', '--net', 'true'],
  'this machine lets nobody change its packet filter': ['iptables', '--table', 'nat', '--list', '--numeric'],
};

/** Why containers cannot be run on this machine, otherwise null. */
export function missingHere() {
  if (process.getuid?.() !== 0) return 'it needs root';
  const tools = ['podman', 'runc', 'docker-compose', 'debootstrap', 'iptables', 'ip', 'curl'].filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  );
  if (tools.length > 0) return `this machine has no ${tools.join(', ')} (Debian has packages of these names)`;
  return forbiddenHere();
}

/** Why root cannot run containers on this machine, otherwise null. */
export function forbiddenHere() {
  for (const [reason, [program = '', ...args]] of Object.entries(MUST_WORK)) {
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: START_LIMIT_MS });
    if (status !== 0) return `${reason}: ${error?.message ?? stderr.trim().split('\n').pop()}`;
  }
  return null;
}

export class Engine {
  /** @param {string} folder of this run */
  constructor(folder) {
    const settings = join(folder, 'containers.conf');
    writeFileSync(settings, PODMAN_SETTINGS);
    this.socket = join(folder, 'engine.sock');
    this.env = {
      ...process.env,
      CONTAINERS_CONF: settings,
      DOCKER_HOST: `unix://${this.socket}`,
    };
    /** Arguments of each `build`. */
    this.buildArgs = ['--network', 'host', ...LIMITS.flatMap((limit) => ['--ulimit', limit])];
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.server = undefined;
    this.isWatching = false;
    /** @type {NodeJS.Timeout | undefined} */
    this.pinning = undefined;
  }

  /**
   * Runs podman to its end; returns what it printed.
   *
   * @param {...string} args
   */
  podman(...args) {
    return this.run('podman', args);
  }

  /**
   * @param {string} program
   * @param {readonly string[]} args
   * @returns {Promise<string>} what it printed
   */
  async run(program, args) {
    const { code, said, complaint } = await this.#ended(program, args);
    if (code === 0) return said;
    throw new Error(`${program} ${args.slice(0, 12).join(' ')} … ended with ${code}:\n${said}${complaint}`);
  }

  /**
   * The end of what a container wrote.
   *
   * @param {string} container
   */
  async logs(container, last = 20) {
    const { said, complaint } = await this.#ended('podman', ['logs', '--tail', String(last), container]);
    return `${said}${complaint}`;
  }

  async start() {
    this.pinBridges();
    this.server = spawn('podman', ['system', 'service', '--time', '0', `unix://${this.socket}`], {
      env: this.env,
      stdio: 'ignore',
    });
    const until = Date.now() + START_LIMIT_MS;
    while (!existsSync(this.socket)) {
      if (Date.now() > until || this.server.exitCode !== null) throw new Error('podman does not serve its API');
      await sleep(100);
    }
  }

  /**
   * Until `stop`, the bridge of each network that is made keeps its hardware address, as by netavark from 1.9 on. Left
   * to itself, a bridge takes another one when a container comes or goes, and what containers send to it is lost for
   * seconds: questions to the name server, answers through a published port (containers/netavark#833).
   */
  pinBridges() {
    const here = new Set(bridges());
    this.pinning = setInterval(() => {
      for (const name of bridges().filter((one) => !here.has(one))) pin(name);
    }, BRIDGES_EVERY_MS);
  }

  /**
   * Runs the health checks of a compose project, until `stop`.
   *
   * @param {string} project
   */
  watchHealth(project) {
    this.isWatching = true;
    void (async () => {
      while (this.isWatching) {
        // A container may be gone meanwhile; what the trial waits for then is missing.
        for (const { name } of await this.containersOf(project).catch(() => [])) {
          if (!this.isWatching) return;
          await this.#ended('podman', ['healthcheck', 'run', name]);
        }
        await sleep(HEALTH_EVERY_MS);
      }
    })();
  }

  /**
   * Those that run, with the services that they belong to.
   *
   * @param {string} project
   * @returns {Promise<{ name: string; service: string }[]>}
   */
  async containersOf(project) {
    const format = '{{.Names}} {{index .Labels "com.docker.compose.service"}}';
    const filter = `label=com.docker.compose.project=${project}`;
    const text = await this.podman('ps', '--filter', filter, '--format', format);
    return text
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [name = '', service = ''] = line.split(' ');
        return { name, service };
      });
  }

  /**
   * @param {string} program
   * @param {readonly string[]} args
   * @returns {Promise<{ code: number | string | null; said: string; complaint: string }>}
   */
  #ended(program, args) {
    return new Promise((resolve) => {
      const child = spawn(program, args, {
        cwd: root,
        env: this.env,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: COMMAND_LIMIT_MS,
      });
      let said = '';
      let complaint = '';
      child.stdout.on('data', (chunk) => (said += String(chunk)));
      child.stderr.on('data', (chunk) => (complaint += String(chunk)));
      child.once('error', (err) => resolve({ code: null, said, complaint: err.message }));
      child.once('close', (code, signal) => resolve({ code: code ?? signal, said, complaint }));
    });
  }

  stop() {
    this.isWatching = false;
    clearInterval(this.pinning);
    this.server?.kill('SIGTERM');
  }
}

function bridges() {
  return readdirSync(INTERFACES).filter((name) => existsSync(join(INTERFACES, name, 'bridge')));
}

/** @param {string} name of a bridge, which may be gone meanwhile */
function pin(name) {
  try {
    const read = (/** @type {string} */ file) => readFileSync(join(INTERFACES, name, file), 'utf8').trim();
    if (read('addr_assign_type') === ADDRESS_IS_SET) return;
    spawnSync('ip', ['link', 'set', 'dev', name, 'address', read('address')], { timeout: START_LIMIT_MS });
  } catch {
    // Looked at again in a moment, if it is still there.
  }
}
