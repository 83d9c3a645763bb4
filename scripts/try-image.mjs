// Runs the installation of infra/docker and docker-compose.yml without a container engine. The build steps of the
// Dockerfile run in a plain folder with the Node that it names, and the services of the compose file run from there,
// each with its own environment and, as root, its own user. It sells one thing of each product, stops everything, and
// fails on any fault. Loopback only; needs `redis-server` in the PATH.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { install } from './install.mjs';
import { nodeFolder } from './node-versions.mjs';
import { initCluster, startCluster } from './postgres.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const STEP_LIMIT_MS = 10 * 60_000;
const HEALTHY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;
const SALE_LIMIT_MS = 60_000;
const FIRST_USER = 64_000;

const running = new Map();
const cleanups = [];

async function main() {
  await install();
  const dockerfile = readFileSync(join(root, 'infra', 'docker', 'Dockerfile'), 'utf8')
    .replace(/\\\n/g, ' ')
    .split('\n');
  const major = /^FROM node:(\d+)-/.exec(dockerfile.find((line) => line.startsWith('FROM ')))[1];
  const path = `${nodeFolder(major)}:${process.env.PATH}`;
  const parent = mkdtempSync(join(tmpdir(), 'lumi-image-'));
  chmodSync(parent, 0o755);
  cleanups.push(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, 'lumi');

  const version = spawnSync('node', ['--version'], { env: { PATH: path }, encoding: 'utf8' }).stdout.trim();
  say(`the image's Node is ${version}; building in ${folder}`);
  copySources(folder);
  for (const command of dockerfile.filter((line) => line.startsWith('RUN ')).map((line) => line.slice(4)))
    step(command, folder, path);

  const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });
  const settings = {
    ...envFile(
      spawnSync(process.execPath, [join(root, 'infra', 'docker', 'make-env.mjs')], { encoding: 'utf8' }).stdout,
    ),
    API_MONEY_ENABLED: 'true',
  };
  const ports = await portsOf(compose);
  await startServers(parent, ports, settings);
  const containers = containersOf(compose, { settings, ports, path, folder });

  const { migrate, lumi, ...processes } = containers;
  once(migrate);
  for (const container of Object.values(processes)) start(container);
  await Promise.all(
    Object.values(processes)
      .filter(({ healthCheck }) => healthCheck !== null)
      .map(healthy),
  );
  say(`${Object.keys(processes).length} processes are up; selling`);
  await sell(`http://127.0.0.1:${ports.gateway}`, (...args) => JSON.parse(once(lumi, [...args, '--json'])));
  await stopAll();
  say('all good: a domain, a server and a proxy were sold, and everything stopped when told to');
}

/** The files that `COPY . .` takes: all but those in .dockerignore. */
function copySources(folder) {
  const ignored = new Set(
    readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^\*\*\//, '')),
  );
  const isIgnored = (name) => ignored.has(name) || (ignored.has('*.log') && name.endsWith('.log'));
  cpSync(root, folder, {
    recursive: true,
    filter: (from) => from === root || !isIgnored(from.slice(from.lastIndexOf('/') + 1)),
  });
}

function heapOfTheImage() {
  const dockerfile = readFileSync(join(root, 'infra', 'docker', 'Dockerfile'), 'utf8');
  return /^ENV NODE_OPTIONS="(.+)"$/m.exec(dockerfile)[1];
}

function step(command, cwd, path) {
  say(`RUN ${command.slice(0, 100)}`);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd,
    env: { PATH: path, HOME: process.env.HOME, LANG: 'C' },
    encoding: 'utf8',
    timeout: STEP_LIMIT_MS,
  });
  if (status !== 0) throw new Error(`a build step failed:\n${stdout}${stderr}`);
}

function envFile(text) {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

async function portsOf(compose) {
  const ports = {};
  for (const name of Object.keys(compose.services)) ports[name] = await freePort();
  return ports;
}

async function startServers(parent, ports, settings) {
  const dataDir = join(parent, 'postgres');
  await initCluster({ dataDir, password: settings.POSTGRES_PASSWORD });
  const cluster = await startCluster({
    dataDir,
    password: settings.POSTGRES_PASSWORD,
    port: ports.postgres,
    logFile: join(parent, 'postgres.log'),
  });
  cleanups.push(() => cluster.stop());
  // The image of PostgreSQL makes this user and database from its environment.
  const sql = `CREATE ROLE lumi SUPERUSER LOGIN PASSWORD '${settings.POSTGRES_PASSWORD}'`;
  await query(cluster.url('postgres'), sql, 'CREATE DATABASE lumi OWNER lumi');
  const redis = spawn(
    'redis-server',
    [
      '--bind',
      '127.0.0.1',
      '--port',
      String(ports.redis),
      '--dir',
      parent,
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ],
    { stdio: 'ignore' },
  );
  cleanups.push(() => redis.kill('SIGTERM'));
  await new Promise((resolve, reject) => {
    redis.once('spawn', resolve);
    redis.once('error', () =>
      reject(
        new Error(
          'redis-server is not in the PATH; the compose file needs a Redis (Debian: apt-get install redis-server).',
        ),
      ),
    );
  });
}

async function query(url, ...statements) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** The services of our image in the compose file, with their names resolved to the ports of this machine. */
function containersOf(compose, { settings, ports, path, folder }) {
  const own = Object.entries(compose.services).filter(([, service]) => service.image === compose['x-image'].image);
  return Object.fromEntries(
    own.map(([name, service], index) => {
      const environment = Object.fromEntries(
        Object.entries(service.environment).map(([key, value]) => [
          key,
          atHome(filled(String(value), settings), ports),
        ]),
      );
      const port = environment.PORT === undefined ? null : ports[name];
      return [
        name,
        {
          name,
          folder,
          command: service.entrypoint ?? service.command,
          env: {
            PATH: path,
            NODE_ENV: 'production',
            NODE_OPTIONS: heapOfTheImage(),
            HOST: '127.0.0.1',
            ...environment,
            ...(port === null ? {} : { PORT: String(port) }),
          },
          user: process.getuid() === 0 ? { uid: FIRST_USER + index, gid: FIRST_USER + index } : {},
          healthCheck: service.healthcheck?.test.slice(1) ?? null,
        },
      ];
    }),
  );
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?sentence}`. */
function filled(text, settings) {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name, sign, rest) => {
    if (settings[name] !== undefined) return settings[name];
    if (sign === '?') throw new Error(`docker-compose.yml needs ${name}, which make-env.mjs does not write`);
    return rest ?? '';
  });
}

/** `//postgres:5432`, `@domains:9000` … on this machine. */
function atHome(value, ports) {
  return value.replace(/(\/\/|@)([a-z-]+):\d+(?=[/?,]|$)/g, (whole, before, name) =>
    ports[name] === undefined ? whole : `${before}127.0.0.1:${ports[name]}`,
  );
}

/** Runs to its end; returns what it printed. */
function once({ name, command: [program, ...args], folder, env, user }, more = []) {
  const { status, stdout, stderr } = spawnSync(program, [...args, ...more], {
    cwd: folder,
    env,
    ...user,
    encoding: 'utf8',
    timeout: STEP_LIMIT_MS,
  });
  if (status !== 0) throw new Error(`${name} ${more.slice(0, 2).join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

function start({ name, command: [program, ...args], folder, env, user }) {
  const child = spawn(program, args, { cwd: folder, env, ...user, stdio: ['ignore', 'pipe', 'pipe'] });
  const one = {
    child,
    said: '',
    ended: new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal))),
  };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (one.said = (one.said + chunk).slice(-4_000)));
  running.set(name, one);
}

/** Runs the container's own health check until it is content. */
async function healthy({ name, healthCheck: [program, ...args], folder, env, user }) {
  const until = Date.now() + HEALTHY_LIMIT_MS;
  for (;;) {
    if (spawnSync(program, args, { cwd: folder, env, ...user, timeout: HEALTHY_LIMIT_MS }).status === 0) return;
    const { child, said } = running.get(name);
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${name} does not become healthy:\n${said}`);
    await sleep(200);
  }
}

async function sell(gateway, lumi) {
  const { user_id: accountId } = lumi('users', 'create', 'First customer');
  lumi('users', 'adjust', accountId, '100', 'first deposit');
  const products = [
    ['domains', '/api/v1', '/domains', { domain: 'sold-in-the-image.test', years: 1 }],
    [
      'vps',
      '/hosting/api/v1',
      '/servers',
      { plan_id: 's1', image_id: 'debian-12', locations: ['ams'], hostname: 'image.example.com', period_months: 1 },
    ],
    [
      'proxy',
      '/proxy/api/v1',
      '/orders',
      { product_id: 'ipv4', items: [{ country: 'XA', quantity: 1 }], period_days: 30 },
    ],
  ];
  for (const [product, base, path, body] of products) {
    const { key } = lumi('keys', 'issue', '--product', product, '--type', 'reseller', '--user', accountId);
    const ask = async () => {
      const answer = await fetch(`${gateway}${base}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'idempotency-key': `image-${product}-0001`,
        },
      });
      return {
        status: answer.status,
        text: await answer.text(),
        isReplay: answer.headers.get('idempotent-replayed') === 'true',
      };
    };
    const first = await ask();
    if (first.status >= 300) throw new Error(`${product}: the purchase was refused with ${first.status} ${first.text}`);
    const until = Date.now() + SALE_LIMIT_MS;
    let again = await ask();
    for (; !again.isReplay && again.status === 409 && Date.now() < until; again = await ask()) await sleep(500);
    if (!again.isReplay || again.status >= 300)
      throw new Error(`${product}: the repeated request was answered ${again.status} ${again.text}`);
  }
  lumi('audit'); // exits with 1 when the books are wrong
}

async function stopAll() {
  const all = [...running];
  running.clear();
  for (const [, { child }] of all) child.kill('SIGTERM');
  for (const [name, { child, ended, said }] of all) {
    const code = await Promise.race([ended, sleep(STOP_LIMIT_MS, 'nothing in time', { ref: false })]);
    if (code === 0) continue;
    child.kill('SIGKILL');
    throw new Error(`${name} ended with ${code} when told to stop:\n${said}`);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function say(text) {
  console.log(`  ${text}`);
}

let status = 0;
try {
  await main();
} catch (err) {
  console.error(err.message);
  status = 1;
}
for (const { child } of running.values()) child.kill('SIGKILL');
for (const cleanup of cleanups.reverse()) await cleanup();
process.exit(status);
