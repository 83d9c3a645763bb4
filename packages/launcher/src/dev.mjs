// `npm run dev`: watches the sources after the start. A saved file is bundled again for the processes that contain it,
// directly from TypeScript, and only these restart, on their own ports. The gateway keeps running and answers 503 with
// Retry-After for a product that restarts. Types are not checked here, but by the editor and `npm run check`.
import { watch } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { context } from 'esbuild';
import { messageOf } from '../../../scripts/errors.mjs';
import { bundleOptions } from '../../../scripts/bundle.mjs';
import { entryPoints } from '../../../scripts/build.mjs';

/**
 * @typedef {object} Part one process: its bundle, kept warm, and the files that are in it
 * @property {string} process
 * @property {string} script
 * @property {import('esbuild').BuildContext<{ metafile: true }>} bundler
 * @property {ReadonlySet<string>} inputs
 */
/** @typedef {import('./child-log.mjs').Say} Say */

const FOLDERS = ['gateway', 'services', 'packages'];
/** Editors save in several steps, and a branch is changed in many. */
const QUIET_MS = 60;

/**
 * @param {object} told
 * @param {string} told.root
 * @param {import('./supervisor.mjs').Supervisor} told.supervisor
 * @param {Say} told.say
 * @param {AbortSignal} told.signal
 */
export async function watchSources({ root, supervisor, say, signal }) {
  const parts = await Promise.all(entryPoints.map((entry) => partOf(root, entry)));
  await Promise.all(parts.map((part) => rebuild(part, say)));
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let work = Promise.resolve();
  const serve = async () => {
    const files = [...changed];
    changed.clear();
    const concerned = parts.filter(({ inputs }) => files.some((file) => inputs.has(file)));
    await Promise.all(
      concerned.map(async (part) => {
        const startedAt = performance.now();
        if (!(await rebuild(part, say))) return;
        const isBack = await supervisor.restart(part.process, part.script);
        if (isBack)
          say(`${part.process}: serves what was saved (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
      }),
    );
  };
  const watchers = FOLDERS.map((folder) =>
    watch(join(root, folder), { recursive: true }, (_event, name) => {
      if (name === null || /(^|[\\/])(node_modules|dist|generated)[\\/]/.test(name)) return;
      if (/(schema\.prisma|migration\.sql)$/.test(name))
        say(`${name} has changed: end this with Ctrl-C and begin again, so that the database follows`);
      changed.add([folder, ...name.split(sep)].join('/'));
      clearTimeout(timer);
      timer = setTimeout(() => (work = work.then(serve)), QUIET_MS);
    }),
  );
  say('watching gateway, services and packages');
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      for (const { bundler } of parts) void bundler.dispose();
    },
    { once: true },
  );
}

/**
 * @param {string} root
 * @param {string} entry
 * @returns {Promise<Part>}
 */
async function partOf(root, entry) {
  const product = /^(?:services|packages)\/([^/]+)\//.exec(entry)?.[1] ?? 'gateway';
  const script = join(root, `${entry}.dev.js`);
  const bundler = await context({
    ...bundleOptions(root),
    entryPoints: [`${entry.replace('/dist/', '/src/')}.ts`],
    outfile: script,
    tsconfig: 'tsconfig.check.json',
    metafile: true,
    logLevel: 'silent',
  });
  return { process: processOf(entry, product), script, bundler, inputs: new Set() };
}

/**
 * @param {string} entry
 * @param {string} product
 */
function processOf(entry, product) {
  if (entry.endsWith('/worker')) return `${product}-worker`;
  return entry.endsWith('/node/main') ? `${product}-node` : product;
}

/**
 * False when it cannot be bundled: the running process continues, and the next save tries again.
 *
 * @param {Part} part
 * @param {Say} say
 */
async function rebuild(part, say) {
  try {
    const { metafile } = await part.bundler.rebuild();
    part.inputs = new Set(Object.keys(metafile.inputs));
    return true;
  } catch (err) {
    const first = firstFault(err);
    const place = `${relative('.', first?.location?.file ?? '')}:${first?.location?.line ?? ''}`;
    const why = first === undefined ? messageOf(err) : `${place}  ${first.text}`;
    say(`${part.process}: ${why}; what ran goes on`);
    return false;
  }
}

/**
 * Of those that esbuild found.
 *
 * @param {unknown} err
 * @returns {import('esbuild').Message | undefined}
 */
function firstFault(err) {
  return typeof err === 'object' && err !== null && 'errors' in err && Array.isArray(err.errors)
    ? err.errors[0]
    : undefined;
}
