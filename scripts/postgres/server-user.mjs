// The user whom the server's processes run as, and the files that it must own.
import { chownSync } from 'node:fs';
import { readIfThere } from './read-if-there.mjs';
import { runProgram } from './run-program.mjs';

/** @typedef {import('./run-program.mjs').User} User */

/**
 * Nothing for an ordinary user, who runs them as itself.
 *
 * @returns {Promise<User>}
 */
export async function serverUser() {
  if (process.getuid?.() !== 0) return {};
  const found = findUser('postgres');
  if (found) return found;
  await runProgram('groupadd', ['--system', 'postgres'], {}).catch(() => undefined);
  await runProgram('useradd', ['--system', '--no-create-home', '--gid', 'postgres', 'postgres'], {}).catch(
    () => undefined,
  );
  const made = findUser('postgres');
  if (!made)
    throw new Error(
      'PostgreSQL does not run as root, and the user "postgres" could not be made. Run as an ordinary user, ' +
        'or: useradd postgres',
    );
  return made;
}

/**
 * @param {string} name
 * @returns {Required<User> | undefined}
 */
function findUser(name) {
  const line = readIfThere('/etc/passwd')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (!line) return undefined;
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/**
 * Hands files to the server's user.
 *
 * @param {readonly string[]} paths
 * @param {User} user
 */
export function give(paths, { uid, gid }) {
  if (uid !== undefined && gid !== undefined) for (const path of paths) chownSync(path, uid, gid);
}
