// Makes one file per process, from the compiled sources and all that they import. Eight processes start on two cores,
// and looking up and compiling a thousand small files each took most of that time. `npm start` and the image run these
// files. A map beside each one leads back to the sources, so that stack traces name them (--enable-source-maps).
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, entryPoints, root, sourceStamp } from './build.mjs';
import { withLock } from './lock.mjs';

const stampFile = join(root, 'node_modules', '.lumi-bundle-stamp');

/**
 * The path of the bundle of a compiled entry point: beside it, so that files outside the bundle are found from there.
 *
 * @param {string} folder
 * @param {string} entryPoint
 */
export function bundled(folder, entryPoint) {
  return join(folder, `${entryPoint}.bundle.js`);
}

/** Compiles and bundles; does nothing when the inputs have not changed. */
export async function bundle() {
  await build();
  const sources = sourceStamp();
  if (isBundled(sources)) return;
  await withLock(join(root, 'node_modules', '.lumi-bundle.lock'), async () => {
    if (isBundled(sources)) return;
    const esbuild = await import('esbuild');
    await esbuild.build({
      ...bundleOptions(root),
      entryPoints: Object.fromEntries(entryPoints.map((entry) => [`${entry}.bundle`, `${entry}.js`])),
      outdir: root,
    });
    const codec = await import('@jridgewell/sourcemap-codec');
    for (const entry of entryPoints) {
      const file = `${bundled(root, entry)}.map`;
      writeFileSync(`${file}.new`, mapOfOurOwn(readFileSync(file, 'utf8'), codec));
      renameSync(`${file}.new`, file);
    }
    writeFileSync(stampFile, stampOf(sources));
  });
}

/**
 * The bundler's options, for every input.
 *
 * @param {string} folder
 */
export function bundleOptions(folder) {
  /** @satisfies {import('esbuild').BuildOptions} */
  const options = {
    absWorkingDir: folder,
    bundle: true,
    platform: /** @type {const} */ ('node'),
    format: /** @type {const} */ ('cjs'),
    target: 'node20',
    sourcemap: /** @type {const} */ ('linked'),
    // The sources are beside it.
    sourcesContent: false,
    legalComments: /** @type {const} */ ('none'),
    // V8 keeps the text of a program as long as the process lives, with two bytes for each character when one of them,
    // such as a dash in a comment of a package, is not in Latin-1. Names stay, and lines short enough to be pointed at.
    minifyWhitespace: true,
    lineLimit: 160,
    logLevel: /** @type {const} */ ('error'),
    // pg asks where it runs, and without this answer makes a `Response` to find out, for which Node loads its whole
    // fetch.
    define: { navigator: '{"userAgent":"Node.js"}' },
    // Read from their own files when they are needed: Prisma's compiler is megabytes of base64, the others are optional
    // or assets.
    external: ['@prisma/client/runtime/query_compiler*', '@prisma/schema-engine-wasm', 'msgpackr-extract'],
  };
  return options;
}

/**
 * Takes packages out of a map: three quarters of it, which each process would read at its start and unfold at its first
 * error. A stack shows their code by its line in the bundle, in which all names are as the packages have them.
 *
 * @param {string} text of the map
 * @param {Pick<typeof import('@jridgewell/sourcemap-codec'), 'decode' | 'encode'>} codec
 */
export function mapOfOurOwn(text, { decode, encode }) {
  /** @type {import('node:module').SourceMapPayload} */
  const map = JSON.parse(text);
  const isOurs = map.sources.map((source) => source.endsWith('.ts') && !source.includes('/node_modules/'));
  let wasOurs = true;
  const mappings = decode(map.mappings).map((line) =>
    line.flatMap((segment) => {
      const [column, source, sourceLine, sourceColumn] = segment;
      const before = wasOurs;
      wasOurs = source !== undefined && isOurs[source] === true;
      if (wasOurs) return [within(column, source, sourceLine, sourceColumn)];
      // A mapping without a segment counts as the one before it, so the first mapping of a package marks an unknown
      // source.
      return before ? [within(column)] : [];
    }),
  );
  return JSON.stringify({ ...map, names: [], mappings: encode(mappings) });
}

/**
 * A segment without a name: Node takes the names of functions from the code.
 *
 * @param {number} column
 * @param {number} [source]
 * @param {number} [line]
 * @param {number} [sourceColumn]
 * @returns {import('@jridgewell/sourcemap-codec').SourceMapSegment}
 */
function within(column, source, line, sourceColumn) {
  return source === undefined || line === undefined || sourceColumn === undefined
    ? [column]
    : [column, source, line, sourceColumn];
}

/**
 * The bundles were made from the sources with this stamp, and as this file makes them.
 *
 * @param {string} sources
 */
export function isBundled(sources) {
  return (
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === stampOf(sources) &&
    entryPoints.every((entry) => existsSync(bundled(root, entry)))
  );
}

/** @param {string} sources */
function stampOf(sources) {
  return createHash('sha256')
    .update(sources)
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest('hex');
}
