// The release that today's must work beside: the commit that infra/compat/previous names, built in a folder of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../build.mjs';

const BUILD_LIMIT_MS = 8 * 60_000;
const GIT_LIMIT_MS = 60_000;

/** The commit, or why it cannot be had here. */
export function findPrevious() {
  const [named = ''] = readFileSync(join(root, 'infra', 'compat', 'previous'), 'utf8').split(/\s/);
  if (!/^[0-9a-f]{7,40}$/.test(named)) throw new Error('infra/compat/previous must begin with the name of a commit.');
  const { status, error } = git('cat-file', '-e', `${named}^{commit}`);
  if (error !== undefined) return { named, missing: 'there is no git here' };
  if (status !== 0) return { named, missing: `commit ${named} is not in this clone's history (a shallow clone?)` };
  return { named, missing: null };
}

/**
 * Its sources as they were, with its own dependencies and bundles.
 *
 * @param {string} named
 * @param {string} folder
 */
export function buildPrevious(named, folder) {
  const archive = `${folder}.tar`;
  done(git('archive', '--format=tar', `--output=${archive}`, named), `git archive ${named}`);
  done(spawnSync('tar', ['-xf', archive, '-C', folder], { encoding: 'utf8', timeout: GIT_LIMIT_MS }), 'tar');
  const steps = ["await (await import('./scripts/install.mjs')).install({ quiet: true })"];
  steps.push("await (await import('./scripts/bundle.mjs')).bundle()");
  for (const step of steps)
    done(
      spawnSync(process.execPath, ['--input-type=module', '-e', step], {
        cwd: folder,
        encoding: 'utf8',
        timeout: BUILD_LIMIT_MS,
      }),
      step,
    );
}

/**
 * The two numbers that the code in this folder compares with the schema; null: it is from before there were any.
 *
 * @param {string} folder
 * @returns {Promise<{ version: number; needs: number } | null>}
 */
export async function platformVersionOf(folder) {
  const file = join(folder, 'packages', 'shared', 'dist', 'base', 'platform-schema', 'version.js');
  if (!existsSync(file)) return null;
  const { PLATFORM_SCHEMA } = await import(pathToFileURL(file).href);
  return PLATFORM_SCHEMA;
}

/** @param {string[]} args */
function git(...args) {
  return spawnSync('git', ['-C', root, ...args], { encoding: 'utf8', timeout: GIT_LIMIT_MS });
}

/**
 * @param {import('node:child_process').SpawnSyncReturns<string>} ended
 * @param {string} what
 */
function done({ status, stdout, stderr, error }, what) {
  if (status !== 0) throw new Error(`${what} failed: ${error?.message ?? ''}\n${stdout ?? ''}${stderr ?? ''}`);
}
