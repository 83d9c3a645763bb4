// The image: its Node, and the build steps of the Dockerfile, run in a plain folder.
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../build.mjs';
import { nodeFolder } from '../node-versions.mjs';
import { say } from './say.mjs';

const STEP_LIMIT_MS = 10 * 60_000;
const DOCKERFILE = readFileSync(join(root, 'infra', 'docker', 'Dockerfile'), 'utf8').replace(/\\\n/g, ' ');

/** @typedef {{ readonly folder: string; readonly path: string; readonly nodeOptions: string }} Image */

/**
 * Builds it in this folder. `path` finds the Node that the Dockerfile names.
 *
 * @param {string} folder
 * @returns {Image}
 */
export function buildImage(folder) {
  const path = `${nodeFolder(said(/^FROM node:(\d+)-/m))}:${process.env.PATH}`;
  const version = spawnSync('node', ['--version'], { env: { PATH: path }, encoding: 'utf8' }).stdout.trim();
  say(`the image's Node is ${version}; building in ${folder}`);
  copySources(folder);
  for (const line of DOCKERFILE.split('\n')) if (line.startsWith('RUN ')) step(line.slice(4), folder, path);
  return { folder, path, nodeOptions: said(/^ENV NODE_OPTIONS="(.+)"$/m) };
}

/**
 * What the Dockerfile says.
 *
 * @param {RegExp} pattern
 */
function said(pattern) {
  const found = pattern.exec(DOCKERFILE)?.[1];
  if (found === undefined) throw new Error(`infra/docker/Dockerfile has no line like ${pattern}`);
  return found;
}

/**
 * The files that `COPY . .` takes: all but those in .dockerignore.
 *
 * @param {string} folder
 */
function copySources(folder) {
  const ignored = new Set(
    readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^\*\*\//, '')),
  );
  const isIgnored = (/** @type {string} */ name) =>
    ignored.has(name) || (ignored.has('*.log') && name.endsWith('.log'));
  cpSync(root, folder, {
    recursive: true,
    filter: (from) => from === root || !isIgnored(from.slice(from.lastIndexOf('/') + 1)),
  });
}

/**
 * @param {string} command
 * @param {string} cwd
 * @param {string} path
 */
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
