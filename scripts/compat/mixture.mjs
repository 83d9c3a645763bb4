// One installation whose deployables come from different commits, on one database: each commit's own code says which
// settings its processes get.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from '../../packages/launcher/src/port.mjs';
import { Supervisor } from '../../packages/launcher/src/supervisor.mjs';
import { root } from '../build.mjs';

/** @typedef {import('../../packages/launcher/src/options.mjs').Product} Product */
/** @typedef {import('../../packages/launcher/src/secrets.mjs').Secrets} Secrets */
/** @typedef {typeof import('../../packages/launcher/src/processes.mjs')} Processes */
/** @typedef {Pick<typeof import('../../packages/launcher/src/options.mjs'), 'readOptions'>} Options */
/** @typedef {Readonly<Record<'gateway' | 'servers' | 'workers', string>>} Folders each of one commit */
/**
 * @typedef {object} Ground what all mixtures share
 * @property {string} folder
 * @property {Secrets} secrets
 * @property {(role: import('@lumi/shared/db').Role) => string} urlOf
 */

const COMMAND_LIMIT_MS = 60_000;

export class Mixture {
  /**
   * @param {string} name
   * @param {Folders} folders
   * @param {Ground} ground
   */
  constructor(name, folders, ground) {
    this.name = name;
    this.folders = folders;
    this.ground = ground;
    const logs = join(ground.folder, 'logs', name.replaceAll(/\W+/g, '-'));
    mkdirSync(logs, { recursive: true });
    /** @type {Error[]} */
    this.faults = [];
    this.supervisor = new Supervisor({
      root,
      folder: ground.folder,
      logs,
      surroundings: { PATH: process.env.PATH ?? '' },
      inspect: undefined,
      say: (text) => this.faults.push(new Error(text)),
      onChild: () => undefined,
      onGiveUp: (err) => this.faults.push(err),
    });
  }

  /** @returns {Promise<string>} the gateway's origin */
  async start() {
    const { ground, supervisor } = this;
    const { secrets, urlOf } = ground;
    const port = await freePort();
    const gatewayUrl = `http://127.0.0.1:${port}`;
    const [gateway, servers, workers] = await Promise.all([
      this.codeOf('gateway', port),
      this.codeOf('servers', port),
      this.codeOf('workers', port),
    ]);
    const double = servers.processes.cryptoPayDouble({ options: servers.options, secrets, publicUrl: gatewayUrl });
    const cryptoPayUrl = `http://127.0.0.1:${await supervisor.start(double)}`;
    const shared = { secrets, urlOf, publicUrl: gatewayUrl, cryptoPayUrl };
    const urlOfService = async (/** @type {Product} */ product) => {
      const told = servers.processes.service(product, {
        root: this.folders.servers,
        shared: Promise.resolve({ ...shared, options: servers.options }),
      });
      return `http://127.0.0.1:${await supervisor.start(told)}`;
    };
    const [domains, vps, proxy] = await Promise.all([
      urlOfService('domains'),
      urlOfService('vps'),
      urlOfService('proxy'),
    ]);
    const known = { ...shared, options: gateway.options, port, serviceUrls: { domains, vps, proxy } };
    await supervisor.start(gateway.processes.gateway({ root: this.folders.gateway, known: Promise.resolve(known) }));
    await Promise.all(
      workers.processes.PRODUCTS.map((product) =>
        supervisor.start(workers.processes.worker(product, { ...shared, options: workers.options })),
      ),
    );
    return gatewayUrl;
  }

  /** @param {keyof Folders} deployable */
  async codeOf(deployable, /** @type {number} */ port) {
    const folder = this.folders[deployable];
    const load = (/** @type {string} */ file) =>
      import(pathToFileURL(join(folder, 'packages', 'launcher', 'src', file)).href);
    /** @type {[Processes, Options]} */
    const [processes, { readOptions }] = [await load('processes.mjs'), await load('options.mjs')];
    const env = { PORT: String(port), LUMI_DATA_DIR: this.ground.folder, PATH: process.env.PATH };
    return { processes, options: readOptions(env, folder) };
  }

  /** The operator's command of today. @param {string[]} args */
  lumi(...args) {
    const { urlOf, secrets } = this.ground;
    const file = join(root, 'packages', 'shared', 'dist', 'house-keeping', 'admin', 'lumi.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args, '--json'], {
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: urlOf('lumi_admin'),
        KEY_PEPPERS: secrets.keyPeppers,
        SECRET_RING: secrets.secretRing,
      },
      encoding: 'utf8',
      timeout: COMMAND_LIMIT_MS,
    });
    if (status !== 0) throw new Error(`lumi ${args.join(' ')}: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  }

  /** Stops everything; throws what a process complained about while it ran. */
  async stop() {
    const { faults } = this;
    await this.supervisor.stop(['gateway']);
    await this.supervisor.stop();
    if (faults.length > 0) throw new Error(`${this.name}: ${faults.map(({ message }) => message).join('; ')}`);
  }
}
