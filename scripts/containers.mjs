// `npm run test:containers`: builds the images, runs the installation of docker-compose.yml with podman, and tries what
// an operator and a reseller do: accounts and keys, one of each product, a bulk, several gateways and services,
// restarts of every container under load, a killed PostgreSQL, HTTPS, a stop, and the commands of docs/deploying.md.
// Without an image registry: the images of others are stand-ins (containers/stand-ins.mjs). Skipped, with the reason,
// where root or the tools are missing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../infra/docker/assemble.mjs';
import { Cleanups } from './cleanups.mjs';
import { judgeImages } from './containers/built-images.mjs';
import { Compose, PROJECT } from './containers/compose.mjs';
import { Engine, missingHere } from './containers/engine.mjs';
import { walk } from './containers/first-sale.mjs';
import { makeStandIns, NODE_IMAGE } from './containers/stand-ins.mjs';
import { tryInstallation } from './containers/trial.mjs';
import { buildImages } from './images.mjs';
import { install } from './install.mjs';

const LIMIT_MS = 30 * 60_000;
const began = performance.now();
const cleanups = new Cleanups();
cleanups.watch('test:containers', LIMIT_MS);

async function main() {
  const missing = missingHere();
  if (missing !== null) return say(`skipped: ${missing}.`);
  await install();
  const folder = mkdtempSync(join(tmpdir(), 'lumi-containers-'));
  cleanups.later(() => rmSync(folder, { recursive: true, force: true }));
  const engine = new Engine(folder);
  await makeStandIns(engine, folder, say);
  say('building the images');
  Object.assign(process.env, engine.env);
  buildImages('podman', [...engine.buildArgs, '--build-arg', `NODE_IMAGE=${NODE_IMAGE}`]);
  const assembled = join(folder, 'assembled');
  await assemble(assembled);
  say(`the images are right, and the same when built elsewhere: ${await judgeImages(engine, NODE_IMAGE, assembled)}`);

  await engine.start();
  cleanups.later(() => engine.stop());
  const compose = new Compose(engine, folder);
  await compose.prepare();
  cleanups.later(() => compose.down());
  await compose.down();
  engine.watchHealth(PROJECT);
  await tryInstallation(engine, compose, say);
  await compose.down();
  const count = await walk(engine, folder, (cleanup) => cleanups.later(cleanup));
  say(`the ${count} commands of docs/deploying.md, from nothing to the first sale, were carried out as printed`);
}

/** @param {string} text */
function say(text) {
  console.log(`containers: ${text} (${Math.round((performance.now() - began) / 1000)} s)`);
}

await cleanups.whole(main);
