// TypeScript of the sources, loaded without a build of the workspace: each file bundled with all that it imports.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../build.mjs';
import { bundleOptions } from '../bundle.mjs';
import { cacheFolder } from './memory.mjs';

const load = createRequire(import.meta.url);

/**
 * What each file exports, by the same names.
 *
 * @template {string} Name
 * @param {Readonly<Record<Name, string>>} files by name, from the root
 * @returns {Promise<(name: Name) => unknown>}
 */
export async function loadSources(files) {
  const outdir = join(cacheFolder, 'sources');
  await build({
    ...bundleOptions(root),
    sourcemap: false,
    entryPoints: files,
    outdir,
    outExtension: { '.js': '.cjs' },
    tsconfig: 'tsconfig.check.json',
  });
  return (name) => load(join(outdir, `${name}.cjs`));
}
