// The whole system as one thing that is started and stopped. Start: cheap refusals first, then what takes time, then the processes.
// Stop: the same in reverse, whatever had been started, so that nothing is left running and nothing is cut off half-way.
import { PRODUCTS, cryptoPayDouble, gateway, service, worker } from './processes.mjs';
import { DataFolder } from './data-folder.mjs';
import { EmbeddedPostgres } from './embedded-postgres.mjs';
import { Interrupted } from './refusal.mjs';
import { Supervisor } from './supervisor.mjs';
import { banner } from './banner.mjs';
import { checkDatabase, checkRedis } from './external-servers.mjs';
import { gatewayPort, portInUse } from './port.mjs';
import { hasCluster } from './cluster-files.mjs';
import { join } from 'node:path';
import { loadSecrets } from './secrets.mjs';
import { prepare } from './prepare.mjs';
import { prepareDatabase, urlsOf } from './database.mjs';
import { readDemo, seedDemo } from './seed.mjs';

export class Launcher {
  /** `onGiveUp` is told when something that ran cannot be kept running. */
  constructor({ options, signal, say, onGiveUp }) {
    Object.assign(this, { options, signal, say, onGiveUp });
    this.data = new DataFolder(options.folder);
    this.supervisor = new Supervisor({ root: options.root, folder: options.folder, logs: this.data.logs, say, onChild: (name, pid) => this.data.record(name, pid), onGiveUp });
    this.postgres = null;
  }

  /** Returns the text for the terminal. When told to stop half-way it throws Interrupted. */
  async start() {
    // Processes that are still coming up would be waited for; `stop` then takes down the rest in order.
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
    const secrets = loadSecrets(options.folder, { hasData: hasCluster(clusterFolder) });
    const known = readDemo(options.folder);
    this.unlessInterrupted();

    await prepare({ root: options.root, signal: this.signal });
    const gatewayUrl = `http://${addressFor(options.host)}:${port}`;
    const publicUrl = options.publicUrl ?? gatewayUrl;
    const [ownerUrl, cryptoPayPort] = await all([
      this.startDatabase(clusterFolder, secrets),
      this.supervisor.start(cryptoPayDouble({ options, secrets, publicUrl })),
      options.redisUrl === undefined ? null : this.unlessTold(checkRedis(options.root, options.redisUrl)),
    ]);
    this.unlessInterrupted();

    const database = { root: options.root, ownerUrl, rolePasswords: secrets.rolePasswords };
    const shared = { options, secrets, urlOf: urlsOf(database), publicUrl, cryptoPayUrl: `http://127.0.0.1:${cryptoPayPort}` };
    // Services ask the database when they are asked themselves; until the gateway is up nobody asks them, and the schema can be brought up to date meanwhile.
    const [demo, ...ports] = await all([
      this.unlessTold(prepareDatabase(database).then(() => seedDemo({ root: options.root, folder: options.folder, ownerUrl, secrets, gatewayUrl, known }))),
      ...PRODUCTS.map((product) => this.supervisor.start(service(product, shared))),
    ]);
    this.unlessInterrupted();

    const serviceUrls = Object.fromEntries(PRODUCTS.map((product, index) => [product, `http://127.0.0.1:${ports[index]}`]));
    await this.startGateway({ ...shared, serviceUrls, port });
    this.unlessInterrupted();
    // Not waited for: requests are served without workers, and what is for them to do waits in the database until they are there.
    for (const product of PRODUCTS) this.supervisor.startUnawaited(worker(product, shared));
    return banner({ demo, folder: options.folder, isEmbedded: options.databaseUrl === undefined });
  }

  /** May be called at any moment, also half-way through `start` (once that has settled). Never throws. */
  async stop() {
    const steps = [
      () => this.supervisor.stop(['gateway']),
      () => this.supervisor.stop([...PRODUCTS, ...PRODUCTS.map((product) => `${product}-worker`)]),
      () => this.supervisor.stop(),
      () => this.postgres?.stop(),
      () => this.data.close(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (err) {
        this.say(`while stopping: ${err.message}`);
      }
    }
  }

  async startDatabase(folder, secrets) {
    const { options, data, say, onGiveUp } = this;
    if (options.databaseUrl !== undefined) {
      await this.unlessTold(checkDatabase(options.root, options.databaseUrl));
      return options.databaseUrl;
    }
    this.postgres = new EmbeddedPostgres({ root: options.root, folder, logs: data.logs, password: secrets.ownerPassword, say, onGiveUp });
    return this.postgres.start();
  }

  async startGateway(told) {
    try {
      await this.supervisor.start(gateway(told));
    } catch (err) {
      if (err instanceof Interrupted) throw err;
      // The port was free when we began; somebody may have taken it while we installed and built.
      await gatewayPort({ host: this.options.host, port: told.port }).catch(() => {
        throw portInUse(told.port);
      });
      throw err;
    }
  }

  /** For work at servers that may never answer: told to stop, nobody waits for it, and it ends with this process. */
  async unlessTold(work) {
    let interrupt;
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

/** Waits for all, also when one fails: what is half started can only be stopped when it has settled. Throws the first failure. */
async function all(promises) {
  const outcomes = await Promise.allSettled(promises);
  const failed = outcomes.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return outcomes.map(({ value }) => value);
}

function addressFor(host) {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
