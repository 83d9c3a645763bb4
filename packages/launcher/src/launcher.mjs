// Starts and stops the whole system. Start: first the quick refusals, then the slow steps, then the processes. Stop: in
// reverse order, for all that was started, so that nothing is left running and nothing is cut off half-way.
import { PRODUCTS, cryptoPayDouble, gateway, proxyNode, service, worker } from './processes.mjs';
import { DataFolder } from './data-folder.mjs';
import { EmbeddedPostgres } from './embedded-postgres.mjs';
import { Interrupted } from './refusal.mjs';
import { Supervisor } from './supervisor.mjs';
import { banner } from './banner.mjs';
import { checkDatabase, checkRedis } from './external-servers.mjs';
import { gatewayPort, portInUse } from './port.mjs';
import { hasCluster } from './cluster-files.mjs';
import { takeRestored } from './restored-cluster.mjs';
import { join } from 'node:path';
import { messageOf } from '../../../scripts/errors.mjs';
import { loadSecrets } from './secrets.mjs';
import { prepare } from './prepare.mjs';
import { prepareDatabase, urlsOf } from './database.mjs';
import { readDemo, seedDemo } from './seed.mjs';

/** @typedef {import('./secrets.mjs').Secrets} Secrets */
/** @typedef {import('./seed.mjs').Demo} Demo */
/** @typedef {import('./processes.mjs').Product} Product */
/** @typedef {import('./processes.mjs').Shared & { readonly ownerUrl: string }} Base */
/** @typedef {import('./processes.mjs').AllKnown} AllKnown */

export class Launcher {
  /**
   * `onGiveUp` is called when a process cannot be kept running.
   *
   * @param {object} told
   * @param {import('./options.mjs').Options} told.options
   * @param {AbortSignal} told.signal
   * @param {import('./child-log.mjs').Say} told.say
   * @param {(err: Error) => void} told.onGiveUp
   */
  constructor({ options, signal, say, onGiveUp }) {
    this.options = options;
    this.signal = signal;
    this.say = say;
    this.onGiveUp = onGiveUp;
    this.data = new DataFolder(options.folder);
    this.supervisor = new Supervisor({
      root: options.root,
      folder: options.folder,
      logs: this.data.logs,
      surroundings: options.surroundings,
      inspect: options.inspect,
      say,
      onChild: (name, pid) => this.data.record(name, pid),
      onGiveUp,
    });
    /** @type {EmbeddedPostgres | null} */
    this.postgres = null;
  }

  /** Returns the text for the terminal. When stopped half-way it throws Interrupted. */
  async start() {
    // It would wait for processes that are still starting; `stop` then stops the rest in order.
    const cutShort = () => this.supervisor.stop();
    this.signal.addEventListener('abort', cutShort, { once: true });
    try {
      return await this.startAll();
    } finally {
      this.signal.removeEventListener('abort', cutShort);
    }
  }

  async startAll() {
    const { options, data } = this;
    const port = await gatewayPort(options).catch((err) => {
      throw data.refusalIfInUse() ?? err;
    });
    await data.open();
    const clusterFolder = join(options.folder, 'postgres');
    takeRestored(clusterFolder);
    const secrets = loadSecrets(options.folder, { hasData: hasCluster(clusterFolder) });
    const known = readDemo(options.folder);
    this.unlessInterrupted();

    await prepare({ root: options.root, signal: this.signal });
    this.unlessInterrupted();
    const { demo, shared } = await this.startProcesses({ port, clusterFolder, secrets, known });
    this.unlessInterrupted();
    // Not awaited: requests are served without workers, and their work waits in the database until they run.
    for (const product of PRODUCTS) void this.supervisor.startUnawaited(worker(product, shared));
    return banner({ demo, folder: options.folder, isEmbedded: options.databaseUrl === undefined });
  }

  /**
   * All at once, because Node spends most of a start loading code. Each process loads its code at once and gets its
   * settings when they are known: the services' when the database is migrated, because they refuse to run on a schema
   * that they do not know. The gateway, which accepts requests, starts last.
   *
   * @param {{ port: number; clusterFolder: string; secrets: Secrets; known: Demo | null }} told
   */
  async startProcesses({ port, clusterFolder, secrets, known }) {
    const { options, supervisor } = this;
    const { root, folder } = options;
    const gatewayUrl = `http://${addressFor(options.host)}:${port}`;
    const publicUrl = options.publicUrl ?? gatewayUrl;
    /** @type {Promise<Base>} */
    const shared = all(
      this.startDatabase(clusterFolder, secrets),
      supervisor.start(cryptoPayDouble({ options, secrets, publicUrl })),
      options.redisUrl === undefined ? undefined : this.unlessTold(checkRedis(root, options.redisUrl)),
    ).then(([ownerUrl, cryptoPayPort]) => {
      this.unlessInterrupted();
      return {
        options,
        secrets,
        publicUrl,
        ownerUrl,
        urlOf: urlsOf({ root, ownerUrl, rolePasswords: secrets.rolePasswords }),
        cryptoPayUrl: `http://127.0.0.1:${cryptoPayPort}`,
      };
    });
    // The services look at the version of the schema when they start.
    const migrated = shared.then(async (base) => {
      const { ownerUrl } = base;
      await this.unlessTold(prepareDatabase({ root, ownerUrl, rolePasswords: secrets.rolePasswords }));
      return base;
    });
    const schemaAndDemo = migrated.then(({ ownerUrl }) =>
      this.unlessTold(seedDemo({ root, folder, ownerUrl, secrets, gatewayUrl, known })),
    );
    const urlOfService = async (/** @type {Product} */ product) =>
      `http://127.0.0.1:${await supervisor.start(service(product, { root, shared: migrated }))}`;
    const services = all(urlOfService('domains'), urlOfService('vps'), urlOfService('proxy'));
    /** @type {Promise<AllKnown>} */
    const allKnown = all(shared, schemaAndDemo, services).then(([base, , [domains, vps, proxy]]) => ({
      ...base,
      port,
      serviceUrls: { domains, vps, proxy },
    }));
    // The first failure in this order is the cause; later processes were only stopped.
    const [base, demo] = await all(
      shared,
      schemaAndDemo,
      services,
      this.startGateway({ root, port, known: allKnown }),
      // Awaited, so that what is bought after the start is complete can be used at once.
      supervisor.start(proxyNode({ root, known: allKnown })),
    );
    return { demo, shared: base };
  }

  /** May be called at any moment, also half-way through `start` (once that has settled). Never throws. */
  async stop() {
    /** @type {readonly (() => Promise<void> | void)[]} */
    const steps = [
      // The node sends its last usage to the service.
      () => this.supervisor.stop(['gateway', 'proxy-node']),
      () => this.supervisor.stop([...PRODUCTS, ...PRODUCTS.map((product) => `${product}-worker`)]),
      () => this.supervisor.stop(),
      () => this.postgres?.stop(),
      () => this.data.close(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (err) {
        this.say(`while stopping: ${messageOf(err)}`);
      }
    }
  }

  /**
   * @param {string} folder
   * @param {Secrets} secrets
   */
  async startDatabase(folder, secrets) {
    const { options, data, say, onGiveUp } = this;
    if (options.databaseUrl !== undefined) {
      await this.unlessTold(checkDatabase(options.root, options.databaseUrl));
      return options.databaseUrl;
    }
    this.postgres = new EmbeddedPostgres({
      root: options.root,
      folder,
      logs: data.logs,
      password: secrets.ownerPassword,
      say,
      onGiveUp,
    });
    return this.postgres.start();
  }

  /** @param {{ root: string; port: number; known: Promise<AllKnown> }} told */
  async startGateway({ root, port, known }) {
    try {
      await this.supervisor.start(gateway({ root, known }));
    } catch (err) {
      if (err instanceof Interrupted) throw err;
      // The port was free when we began; another program may have taken it while we installed and built.
      await gatewayPort({ host: this.options.host, port }).catch(() => {
        throw portInUse(port);
      });
      throw err;
    }
  }

  /**
   * For calls to servers that may never answer: a stop does not wait for them, and they end with this process.
   *
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  async unlessTold(work) {
    let interrupt = () => {};
    /** @type {Promise<never>} */
    const told = new Promise((_, reject) => (interrupt = () => reject(new Interrupted())));
    this.signal.addEventListener('abort', interrupt, { once: true });
    if (this.signal.aborted) interrupt();
    try {
      return await Promise.race([work, told]);
    } finally {
      this.signal.removeEventListener('abort', interrupt);
    }
  }

  unlessInterrupted() {
    if (this.signal.aborted) throw new Interrupted();
  }
}

/**
 * Waits for all, also when one fails, because only a settled start can be stopped. Throws the first failure.
 *
 * @template {readonly unknown[]} T
 * @param {T} promises
 */
async function all(...promises) {
  for (const outcome of await Promise.allSettled(promises)) if (outcome.status === 'rejected') throw outcome.reason;
  return Promise.all(promises);
}

/** @param {string} host */
function addressFor(host) {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
