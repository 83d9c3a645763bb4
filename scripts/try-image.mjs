// Runs the installation of infra/docker and docker-compose.yml without a container engine. The build steps of the
// Dockerfile run in a plain folder with the Node that it names, and the services of the compose file run from there,
// each with its own environment and, as root, its own user. It sells one thing of each product, stops everything, and
// fails on any fault. Loopback only; needs `redis-server` in the PATH.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from './errors.mjs';
import { install } from './install.mjs';
import { containersOf, makeSettings, portsOf, readCompose } from './try-image/compose.mjs';
import { killAll, once, start, stopAll, untilHealthy } from './try-image/containers.mjs';
import { buildImage } from './try-image/image.mjs';
import { sell } from './try-image/sale.mjs';
import { say } from './try-image/say.mjs';
import { startServers } from './try-image/servers.mjs';

/** @type {(() => unknown)[]} */
const cleanups = [];

async function main() {
  await install();
  const parent = mkdtempSync(join(tmpdir(), 'lumi-image-'));
  chmodSync(parent, 0o755);
  cleanups.push(() => rmSync(parent, { recursive: true, force: true }));
  const image = buildImage(join(parent, 'lumi'));

  const compose = readCompose();
  const settings = makeSettings();
  const ports = await portsOf(compose);
  await startServers(parent, ports, settings, (cleanup) => cleanups.push(cleanup));

  const { migrate, lumi, ...rest } = containersOf(compose, { settings, ports, image });
  if (migrate === undefined || lumi === undefined) throw new Error('docker-compose.yml has no migrate, or no lumi');
  const processes = Object.values(rest);
  once(migrate);
  for (const container of processes) start(container);
  await Promise.all(processes.map(untilHealthy));
  say(`${processes.length} processes are up; selling`);
  await sell(`http://127.0.0.1:${ports.gateway}`, (...args) => JSON.parse(once(lumi, [...args, '--json'])));
  await stopAll();
  say('all good: a domain, a server and a proxy were sold, and everything stopped when told to');
}

let status = 0;
try {
  await main();
} catch (err) {
  console.error(messageOf(err));
  status = 1;
}
killAll();
for (const cleanup of cleanups.reverse()) await cleanup();
process.exit(status);
