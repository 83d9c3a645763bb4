// Folders that the server's user can read: not those under /root, which are closed to others.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';

/**
 * The folder of a cluster for `preferred`: that folder, or, as root in a folder closed to the server's user (a clone
 * under /root), one in /var/lib/lumi with a name made from that path.
 *
 * @param {string} preferred
 */
export function dataDirFor(preferred) {
  if (process.getuid?.() !== 0 || isReachable(firstExisting(preferred))) return preferred;
  const home = join('/var/lib/lumi', createHash('sha256').update(preferred).digest('hex').slice(0, 16));
  mkdirSync(home, { recursive: true, mode: 0o755 });
  return home;
}

/**
 * Every folder on the path lets others in. The file itself may be closed: it is given to the server's user.
 *
 * @param {string} file
 */
export function isReachable(file) {
  for (let dir = dirname(file); dir !== parse(dir).root; dir = dirname(dir)) {
    if ((statSync(dir).mode & 0o005) !== 0o005) return false;
  }
  return true;
}

/** @param {string} path */
function firstExisting(path) {
  let current = path;
  while (!existsSync(dirname(current))) current = dirname(current);
  return current;
}
