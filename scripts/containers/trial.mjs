// The life of an installation in containers, from its first start to its stop.
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { sell } from '../sale.mjs';
import { must } from './built-images.mjs';
import { NODE, PROCESSES, PROJECT, WATCHES } from './compose.mjs';
import { Customers } from './customers.mjs';
import { judgeFaults } from './faults.mjs';
import { ProxyUser } from './proxy-user.mjs';

/** As docker-compose.yml gives to the one that takes longest. */
const RESTART_SECONDS = '45';
const SETTLE_MS = 1_500;
const ANSWER_LIMIT_MS = 60_000;

/** @typedef {import('./compose.mjs').Compose} Compose */
/** @typedef {import('./engine.mjs').Engine} Engine */
/** @typedef {(text: string) => void} Say */
/** @typedef {import('./customers.mjs').Allowed} Allowed */

const oneOfEach = Object.fromEntries(PROCESSES.map((name) => [name, 1]));
const WITH_NODE = { ...oneOfEach, [NODE]: 1 };
const SCALED = { ...WITH_NODE, gateway: 2, domains: 2 };

/**
 * @param {Engine} engine
 * @param {Compose} compose
 * @param {Say} say
 */
export async function tryInstallation(engine, compose, say) {
  await compose.up();
  await compose.untilHealthy(oneOfEach);
  say('everything is up and ready');
  await untilServed(compose.address);

  await sell(compose.address, (...args) => compose.lumi(...args));
  say('an account was made; a domain, a server and a proxy were sold');
  const customers = await newCustomers(compose);
  const proxyUser = await useProxy(engine, compose, customers);
  say('a proxy was used through its node, before and after a restart of the node, and what passed is on the bill');
  await mustKeepSecrets(engine, await compose.states());
  await buyInBulk(customers);
  say('a bulk was bought');

  await compose.up('--no-recreate', '--scale', 'gateway=2', '--scale', 'domains=2');
  await compose.untilHealthy(SCALED);
  say('two gateways and two services of domains are up');
  await restartEach(engine, compose, customers, say);
  await killPostgres(engine, compose, customers);
  say('PostgreSQL was killed and came back');
  await proxyUser.use();
  const { requests, refused, purchases, faults } = await customers.finish();
  await judgeFaults(compose, faults, say);
  await compose.lumi('audit');
  say(`${requests} requests, ${refused} of them told to come again`);
  say(`${purchases} purchases are final, and the books are right`);

  await tryTls(engine, compose);
  say('HTTPS is served');
  await compose.run('stop', '--timeout', RESTART_SECONDS);
  const unclean = Object.entries(await compose.exitCodes()).filter(([name, code]) => code !== 0 && !isOfOthers(name));
  must(unclean.length === 0, `containers did not end with 0 when told to stop: ${JSON.stringify(unclean)}`);
  say('everything stopped when told to');
}

/** @param {string} name of a container */
function isOfOthers(name) {
  return /[-_](edge|tls)[-_]\d+$/.test(name);
}

/** @param {string} address */
async function untilServed(address) {
  const until = Date.now() + ANSWER_LIMIT_MS;
  for (;;) {
    const isServed = await fetch(`${address}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isServed) return;
    must(Date.now() < until, `${address}/readyz does not answer 200`);
    await sleep(200);
  }
}

/**
 * No secret is in an environment.
 *
 * @param {Engine} engine
 * @param {readonly { name: string; service: string }[]} containers
 */
async function mustKeepSecrets(engine, containers) {
  for (const { name } of containers.filter(({ service }) => [...PROCESSES, NODE].includes(service))) {
    /** @type {string[]} */
    const environment = JSON.parse(await engine.podman('inspect', name, '--format', '{{json .Config.Env}}'));
    const open = environment.filter((line) =>
      /^(\w*DATABASE_URL|KEY_PEPPERS|SECRET_RING|IDENTITY_\w+KEYS?|CURSOR_SECRET|\w+_TOKEN)=./.test(line),
    );
    must(
      open.length === 0,
      `${name} has secrets in its environment: ${open.map((line) => line.split('=')[0]).join(', ')}`,
    );
  }
}

/** @param {Compose} compose */
async function newCustomers(compose) {
  const { user_id: account = '' } = await compose.lumi('users', 'create', 'Steady customer');
  await compose.lumi('users', 'adjust', account, '100000', 'first deposit');
  const issue = async (/** @type {string} */ product) => {
    const limits = ['--regular', '6000', '--money', '6000', '--cap', '100000'];
    const { key } = await compose.lumi(
      'keys',
      'issue',
      '--product',
      product,
      '--type',
      'reseller',
      '--user',
      account,
      ...limits,
    );
    return key;
  };
  return new Customers(compose.address, {
    domains: await issue('domains'),
    vps: await issue('vps'),
    proxy: await issue('proxy'),
  });
}

/**
 * The profile with the node is brought up; nothing else has to be done for it.
 *
 * @param {Engine} engine
 * @param {Compose} compose
 * @param {Customers} customers
 */
async function useProxy(engine, compose, customers) {
  compose.profiles = [NODE];
  await compose.up();
  await compose.untilHealthy(WITH_NODE);
  const proxyUser = new ProxyUser(engine, customers);
  await proxyUser.buy();
  await proxyUser.use();
  const [node] = (await engine.containersOf(PROJECT)).filter(({ service }) => service === NODE);
  await engine.podman('restart', '--time', RESTART_SECONDS, node?.name ?? '');
  await compose.untilHealthy(WITH_NODE);
  await proxyUser.use();
  return proxyUser;
}

/**
 * So many that the worker carries them out.
 *
 * @param {Customers} customers
 */
async function buyInBulk(customers) {
  const items = Array.from({ length: 60 }, (_, number) => ({ domain: `bulk-${number}.test`, years: 1 }));
  const sent = await customers.ask('domains', 'POST', '/api/v1/domains/bulk', { items, on_error: 'continue' }, 'bulk');
  must(sent.status === 202, `the bulk was answered ${sent.status} ${sent.text}`);
  const { batch_id: batch } = JSON.parse(sent.text);
  const until = Date.now() + ANSWER_LIMIT_MS;
  for (;;) {
    const { text } = await customers.ask('domains', 'GET', `/api/v1/batches/${batch}`);
    if (JSON.parse(text).ok === items.length) return;
    must(Date.now() < until, `the bulk does not end: ${text.slice(0, 500)}`);
    await sleep(300);
  }
}

/**
 * @param {Engine} engine
 * @param {Compose} compose
 * @param {Customers} customers
 * @param {Say} say
 */
async function restartEach(engine, compose, customers, say) {
  const containers = (await engine.containersOf(PROJECT)).filter(({ service }) => !WATCHES.includes(service));
  customers.during('before', () => false);
  customers.start();
  for (const { name, service } of containers.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    customers.during(`restart of ${name}`, allowedWhile(service));
    await engine.podman('restart', '--time', RESTART_SECONDS, name);
    await compose.untilHealthy(SCALED);
    await untilServed(compose.address);
    await customers.untilServed();
    await sleep(SETTLE_MS);
  }
  customers.during('after the restarts', () => false);
  await sleep(SETTLE_MS);
  const services = containers.map(({ service }) => service).join(', ');
  say(`each of ${containers.length} containers was restarted under load: ${services}`);
}

/**
 * A product that restarts may answer 503 with Retry-After; a database or a queue that restarts, those that need it. The
 * edge is a single one, so nobody answers while it restarts.
 *
 * @param {string} service
 * @returns {Allowed}
 */
function allowedWhile(service) {
  const comesAgain = (/** @type {{ status: number; retryAfter: string | null }} */ { status, retryAfter }) =>
    status === 503 && retryAfter !== null;
  if (service === 'edge') return (_, answer) => answer.status === 0 || comesAgain(answer);
  if (service === 'postgres') return (_, answer) => comesAgain(answer);
  // Debian's Caddy 2.6, the stand-in for the edge's image, loses the body of a request when a gateway refuses the
  // connection, and cannot send it to the other one. From 2.11.3 on it can.
  if (service === 'gateway') return (_, answer, isPurchase) => isPurchase && comesAgain(answer);
  if (service === 'redis') return (_, answer, isPurchase) => isPurchase && comesAgain(answer);
  return (product, answer) => product === service && comesAgain(answer);
}

/**
 * @param {Engine} engine
 * @param {Compose} compose
 * @param {Customers} customers
 */
async function killPostgres(engine, compose, customers) {
  const [postgres] = (await engine.containersOf(PROJECT)).filter(({ service }) => service === 'postgres');
  must(postgres !== undefined, 'PostgreSQL does not run');
  customers.during('PostgreSQL killed', allowedWhile('postgres'));
  await engine.podman('kill', '--signal', 'KILL', postgres?.name ?? '');
  await sleep(SETTLE_MS);
  await engine.podman('start', postgres?.name ?? '');
  await compose.untilHealthy(SCALED);
  await untilServed(compose.address);
  await customers.untilServed();
  await sleep(SETTLE_MS);
  customers.during('PostgreSQL is back', () => false);
  await sleep(SETTLE_MS);
}

/**
 * @param {Engine} engine
 * @param {Compose} compose
 */
async function tryTls(engine, compose) {
  await compose.run('--profile', 'tls', 'up', '--detach', '--no-build', '--no-deps', 'tls');
  const [tls] = (await engine.containersOf(PROJECT)).filter(({ service }) => service === 'tls');
  const until = Date.now() + ANSWER_LIMIT_MS;
  for (;;) {
    try {
      const ca = await engine.podman('exec', tls?.name ?? '', 'cat', '/data/caddy/pki/authorities/local/root.crt');
      const status = await statusBy(ca, compose.ports.https);
      if (status === 200) break;
      must(Date.now() < until, `https://localhost answers ${status}`);
    } catch (err) {
      if (Date.now() > until) throw err;
    }
    await sleep(500);
  }
  const { status, headers } = await fetch(`http://localhost:${compose.ports.tlsHttp}/healthz`, { redirect: 'manual' });
  const location = headers.get('location') ?? '';
  must(status === 308 && location.startsWith('https://localhost'), `http is answered ${status} ${location}`);
}

/**
 * @param {string} ca
 * @param {number} port
 * @returns {Promise<number | undefined>}
 */
function statusBy(ca, port) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: 'localhost', port, path: '/readyz', ca, timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on('timeout', () => sent.destroy(new Error('https://localhost does not answer')));
    sent.on('error', reject);
    sent.end();
  });
}
