// Runs the pods of the smallest values with podman, beside PostgreSQL and Redis: migrations in the order of helm, then
// all processes and a proxy node. It asks their probes, sells one of each product through the gateway, uses the proxy
// that was sold, and stops each pod.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { images } from '../../infra/docker/images.mjs';
import { root } from '../build.mjs';
import { forbiddenHere } from '../containers/engine.mjs';
import { messageOf } from '../errors.mjs';
import { tagOf } from '../images.mjs';
import { chartsFolder } from './documents.mjs';
import { template } from './helm.mjs';
import { ofKind, parseManifests } from './manifests.mjs';
import { Pods, podman, podmanWorks } from './podman.mjs';
import { jobsInOrder, playable } from './pods.mjs';
import { sell } from '../sale.mjs';
import { startServers } from './servers.mjs';

/** @typedef {import('./manifests.mjs').Json} Json */
/** @typedef {import('./manifests.mjs').Manifest} Manifest */

const REGISTRY = process.env.LUMI_IMAGES ?? 'localhost';
const IMAGES = Object.keys(images).map((name) => `${REGISTRY}/${tagOf(name).tag}`);
const LIMIT_MS = 10 * 60_000;
const MIGRATION_LIMIT_MS = 2 * 60_000;
const READY_LIMIT_MS = 60_000;
/** A process stops within 25 s, a node without connections too. */
const STOP_LIMIT_MS = 27_000;
const USABLE_LIMIT_MS = 20_000;

/** Why it cannot run here, or null. */
export function whyNotPlay() {
  if (process.getuid?.() !== 0) return 'needs root';
  const forbidden = forbiddenHere();
  if (forbidden !== null) return forbidden;
  const lacking = ['runc', 'catatonit', 'redis-server', 'curl'].find(
    (name) => spawnSync(name, ['--version']).error !== undefined,
  );
  if (lacking !== undefined) return `${lacking} is not installed (Debian has a package of that name)`;
  const missing = IMAGES.find((image) => !podmanWorks('image', 'exists', image));
  if (missing !== undefined) return `there is no image ${missing} (npm run images)`;
  const head = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
  const stale = IMAGES.find((image) => !revisionOf(image).startsWith(head));
  return stale === undefined ? null : `${stale} is of another commit (npm run images)`;
}

/** @param {string} image */
function revisionOf(image) {
  return podman(['image', 'inspect', '--format', '{{index .Labels "org.opencontainers.image.revision"}}', image]);
}

/**
 * @param {string} folder the packed charts
 * @param {import('../cleanups.mjs').Cleanups} cleanups are run at the end
 * @returns {Promise<string[]>} what went wrong
 */
export async function playFaults(folder, cleanups) {
  const ended = cleanups.watch('check:charts', LIMIT_MS);
  try {
    await play(folder, (cleanup) => cleanups.later(cleanup));
    return [];
  } catch (err) {
    return messageOf(err).split('\n');
  } finally {
    await cleanups.run();
    ended();
  }
}

/**
 * @param {string} folder
 * @param {(cleanup: () => unknown) => void} later
 */
async function play(folder, later) {
  const parent = mkdtempSync(join(tmpdir(), 'lumi-play-'));
  chmodSync(parent, 0o755);
  later(() => rmSync(parent, { recursive: true, force: true }));
  const installation = `play-${process.pid}`;
  const pods = new Pods(installation);
  later(() => pods.remove());
  // The machine has its address on the network only while a pod is there.
  pods.play(idlePod(`${installation}-idle`));

  const envFile = join(parent, 'lumi.env');
  const env = output('infra/docker/make-env.mjs');
  writeFileSync(envFile, env, { mode: 0o600 });
  const [, password = ''] = /^POSTGRES_PASSWORD=(.*)$/m.exec(env) ?? [];
  const { database, redis } = await startServers(parent, pods, password, later);
  const secrets = secretsFrom(envFile, { database, redis, installation });
  const manifests = rendered(folder, installation);

  for (const job of jobsInOrder(manifests)) {
    const { name, pod } = playable(job, secrets, join(parent, `secrets-${job.metadata.name}`));
    pods.play(pod);
    const code = await pods.ended(name, MIGRATION_LIMIT_MS);
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${pods.logs(name)}`);
  }
  const workloads = [...ofKind(manifests, 'Deployment'), ...ofKind(manifests, 'StatefulSet')];
  const processes = workloads.map((one) => playable(one, secrets, join(parent, `secrets-${one.metadata.name}`)));
  for (const { pod } of processes) pods.play(pod);
  for (const { name, probes } of processes) for (const probe of probes) await untilOk(pods, name, probe);

  const tools = pods.id(`${installation}-tools`);
  const gateway = `http://${pods.address(`${installation}-gateway`)}:8080`;
  const { proxy: key = '' } = await sell(gateway, (...args) =>
    JSON.parse(podman(['exec', tools, 'node', 'lumi.js', ...args, '--json'])),
  );
  await useProxy(gateway, key, pods.address(`${installation}-proxy-node`));

  podman(['exec', tools, 'node', 'lumi.js', 'doctor']); // ends with 1 when something is to be repaired

  let slowest = 0;
  for (const { name } of processes) {
    const { code, ms } = pods.stop(name);
    if (code !== 0) throw new Error(`${name} ended with ${code} when it was stopped:\n${pods.logs(name)}`);
    if (!(ms <= STOP_LIMIT_MS)) throw new Error(`${name} took ${Math.round(ms / 1000)} s to stop:\n${pods.logs(name)}`);
    slowest = Math.max(slowest, ms);
  }
  console.log(`  ${processes.length} pods ran; the slowest stop took ${(slowest / 1000).toFixed(1)} s`);
}

/**
 * The target sees the address that was sold.
 *
 * @param {string} gateway
 * @param {string} key of the buyer
 * @param {string} node its address
 */
async function useProxy(gateway, key, node) {
  const read = async (/** @type {string} */ path) => {
    const answer = await fetch(`${gateway}/proxy/api/v1${path}`, { headers: { authorization: `Bearer ${key}` } });
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status} ${await answer.text()}`);
    return /** @type {Promise<Json>} */ (answer.json());
  };
  const { items } = await read('/proxies');
  const { exit_ip: exit, port, username, password } = await read(`/proxies/${items[0].id}?reveal=1`);
  const args = ['-sS', '--fail', '--max-time', '10', '-x', `http://${username}:${password}@${node}:${port}`];
  for (const until = Date.now() + USABLE_LIMIT_MS; ; await sleep(250)) {
    const { stdout, stderr } = spawnSync('curl', [...args, 'http://echo.lumi.test/'], { encoding: 'utf8' });
    if (stdout.includes(`"${exit}"`)) return;
    if (Date.now() > until) throw new Error(`the proxy with the exit ${exit} is not usable: ${stdout}${stderr}`);
  }
}

/** @param {string} name */
function idlePod(name) {
  const args = ['-e', 'setInterval(() => {}, 2 ** 30)'];
  const containers = [{ name: 'idle', image: IMAGES[0], imagePullPolicy: 'Never', args }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers } };
}

/**
 * @param {string} folder
 * @param {string} installation
 */
function rendered(folder, installation) {
  const set = [
    `global.installation=${installation}`,
    `global.image.registry=${REGISTRY}`,
    'global.moneyEnabled=true',
    'gateway.tools.enabled=true',
    'proxy.node.enabled=true',
    `proxy.settings.PROXY_ENTRY_HOST=${installation}-proxy-node`,
    `gateway.migrations.image.tag=${tagOf('platform').version}`,
    `gateway.tools.image.tag=${tagOf('platform').version}`,
    ...['gateway', 'domains', 'vps', 'proxy'].map((part) => `${part}.image.tag=${tagOf(part).version}`),
  ];
  const { ok, stdout, stderr } = template(folder, 'lumi', { files: ['small.yaml'], set });
  if (!ok) throw new Error(stderr);
  return parseManifests(stdout);
}

/**
 * @param {string} envFile
 * @param {{ database: string; redis: string; installation: string }} told
 */
function secretsFrom(envFile, { database, redis, installation }) {
  const args = ['--env', envFile, '--database', database, '--redis', redis, '--installation', installation];
  const made = output(join(chartsFolder, 'make-secrets.mjs'), ...args);
  return new Map(
    parseManifests(made).map((/** @type {Json} */ { metadata, stringData }) => [metadata.name, stringData]),
  );
}

/**
 * @param {string} script
 * @param {readonly string[]} args
 */
function output(script, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  return stdout;
}

/**
 * As the kubelet asks.
 *
 * @param {Pods} pods
 * @param {string} name
 * @param {{ path: string; port: number }} probe
 */
async function untilOk(pods, name, { path, port }) {
  let last = 'nothing';
  const address = pods.address(name);
  for (const until = Date.now() + READY_LIMIT_MS; Date.now() < until; await sleep(250)) {
    const answer = await fetch(`http://${address}:${port}${path}`).then(
      async (one) => ({ ok: one.ok, text: `${one.status} ${await one.text()}` }),
      (/** @type {unknown} */ err) => ({ ok: false, text: messageOf(err) }),
    );
    if (answer.ok) return;
    last = answer.text;
    if (!pods.state(name).Running) break;
  }
  throw new Error(`${name} ${path} answers ${last}:\n${pods.logs(name)}`);
}
