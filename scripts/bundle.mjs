// One file per process, from the compiled sources and everything they import: eight processes start on two cores, and
// looking up and compiling a thousand small files each was most of the time that took. The code is the same; names are
// kept, so that stack traces can be read.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryPoints, root, sourceStamp } from './build.mjs';
import { withLock } from './lock.mjs';

const stampFile = join(root, 'node_modules', '.lumi-bundle-stamp');

/**
 * Where the bundle of a compiled entry point lies: beside it, so that whatever stays outside the bundle is found from
 * there.
 */
export function bundled(folder, entryPoint) {
  return join(folder, `${entryPoint}.bundle.js`);
}

/** Bundles what `build` has compiled, and does nothing when that has not changed. */
export async function bundle() {
  const sources = sourceStamp();
  if (isBundled(sources)) return;
  await withLock(join(root, 'node_modules', '.lumi-bundle.lock'), async () => {
    if (isBundled(sources)) return;
    const { build } = await import('esbuild');
    await build({
      ...bundleOptions(root),
      entryPoints: Object.fromEntries(entryPoints.map((entry) => [`${entry}.bundle`, `${entry}.js`])),
      outdir: root,
    });
    writeFileSync(stampFile, stampOf(sources));
  });
}

/** What makes a file of many, whatever it is made from. */
export function bundleOptions(folder) {
  return {
    absWorkingDir: folder,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'error',
    // pg asks where it runs, and without this answer makes a `Response` to find out, for which Node loads its whole
    // fetch.
    define: { navigator: '{"userAgent":"Node.js"}' },
    // Read from their own files when they are needed: Prisma's compiler is megabytes of base64, the others are optional
    // or assets.
    external: ['@prisma/client/runtime/query_compiler*', '@prisma/schema-engine-wasm', 'msgpackr-extract'],
  };
}

/** The bundles were made from the sources with this stamp, and as this file makes them. */
export function isBundled(sources) {
  return (
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === stampOf(sources) &&
    entryPoints.every((entry) => existsSync(bundled(root, entry)))
  );
}

function stampOf(sources) {
  return createHash('sha256')
    .update(sources)
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest('hex');
}
