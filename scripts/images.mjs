// `npm run images`: builds the images with docker or podman, as lumi-gateway:<version> and so on, with the version and
// the commit in their labels, and writes the list of software of each to sbom/. Further arguments go to the engine's
// `build`: npm run images -- --platform linux/arm64
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { images } from '../infra/docker/images.mjs';
import { root } from './build.mjs';
import { messageOf } from './errors.mjs';

const BUILD_LIMIT_MS = 30 * 60_000;

/** @param {string} name of a target */
export function tagOf(name) {
  const image = images[name];
  if (image === undefined) throw new Error(`there is no image ${name}`);
  const { version } = JSON.parse(readFileSync(join(root, image.manifest), 'utf8'));
  return { version, tag: `lumi-${name}:${version}` };
}

/**
 * @param {string} engine
 * @param {readonly string[]} more arguments of its `build`
 */
export function buildImages(engine, more = []) {
  for (const name of Object.keys(images)) {
    const { version, tag } = tagOf(name);
    // The OCI format of podman has no health checks; docker's own has no other.
    const format = engine === 'podman' ? ['--format', 'docker'] : [];
    const args = [`VERSION=${version}`, `COMMIT=${commit()}`].flatMap((arg) => ['--build-arg', arg]);
    run(engine, [
      'build',
      ...format,
      '--file',
      'infra/docker/Dockerfile',
      '--target',
      name,
      '--tag',
      tag,
      ...args,
      ...more,
      '.',
    ]);
    console.log(`${tag} is built.`);
  }
}

/**
 * @param {string} engine
 * @param {string} folder
 */
export function writeLists(engine, folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of Object.keys(images)) {
    const { tag, version } = tagOf(name);
    const print = "process.stdout.write(require('node:fs').readFileSync('sbom.cdx.json'))";
    const list = run(engine, ['run', '--rm', '--network', 'none', tag, '-e', print], 'pipe');
    writeFileSync(join(folder, `lumi-${name}-${version}.cdx.json`), list);
  }
}

/** With a mark when files differ from it. */
function commit() {
  const git = (/** @type {string[]} */ ...args) =>
    spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim();
  const head = git('rev-parse', 'HEAD');
  return head ? `${head}${git('status', '--porcelain') ? '-changed' : ''}` : 'unknown';
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {'inherit' | 'pipe'} [output]
 */
function run(program, args, output = 'inherit') {
  const { status, error, stdout } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', output, 'inherit'],
    timeout: BUILD_LIMIT_MS,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${program} ${args[0]} failed${error ? `: ${error.message}` : ' (see above)'}`);
  return stdout;
}

/** The engine of this machine. */
function engineHere() {
  const found = ['docker', 'podman'].find((name) => spawnSync(name, ['info'], { stdio: 'ignore' }).status === 0);
  if (found === undefined) throw new Error('Neither docker nor podman works here; install one of them.');
  return found;
}

if (process.argv[1] === import.meta.filename) {
  try {
    const engine = engineHere();
    buildImages(engine, process.argv.slice(2));
    writeLists(engine, join(root, 'sbom'));
    console.log('The lists of software are in sbom/.');
  } catch (err) {
    console.error(messageOf(err));
    process.exitCode = 1;
  }
}
