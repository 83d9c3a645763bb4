// The files of the embedded PostgreSQL: made completely or not at all, checked, and freed from a server that a killed
// launcher left running.
import { chownSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../../scripts/errors.mjs';
import { exists } from './data-folder.mjs';
import { identityOf, isSameProcess, waitUntil } from './process-identity.mjs';
import { Refusal, isDiskFull, diskFull } from './refusal.mjs';

/** @typedef {import('./postgres-program.mjs').PostgresProgram} PostgresProgram */

const MAJOR = '18';
const FAST_STOP_MS = 30_000;
const QUIT_STOP_MS = 10_000;

/** A restored database that is whole and waits to take the place of the present one has this behind its name. */
export const RESTORED = '.restored';

/** @param {string} folder */
export function hasCluster(folder) {
  return exists(folder) || exists(`${folder}${RESTORED}`);
}

/**
 * Refuses when the folder is not a complete cluster of our major version.
 *
 * @param {string} folder
 */
export function checkCluster(folder) {
  const version = read(join(folder, 'PG_VERSION'));
  const mend = 'restore it from a backup, or move it away to start afresh';
  if (
    version === null ||
    !exists(join(folder, 'global', 'pg_control')) ||
    !exists(join(folder, 'pg_wal')) ||
    !exists(join(folder, 'base'))
  ) {
    throw new Refusal(`The database folder ${folder} is damaged (it is not a complete PostgreSQL cluster); ${mend}.`);
  }
  if (version.trim() !== MAJOR) {
    throw new Refusal(
      `The database folder ${folder} was made by PostgreSQL ${version.trim()}, this Lumi runs PostgreSQL ` +
        `${MAJOR}; dump and restore it with version ${version.trim()}, or move it away to start afresh.`,
    );
  }
}

/**
 * Made under another name and renamed when complete, so that a crash half-way leaves no partial cluster.
 *
 * @param {{ program: PostgresProgram; folder: string; ownerName: string; password: string }} told
 */
export async function createCluster({ program, folder, ownerName, password }) {
  const draft = `${folder}.new`;
  const passwordFile = `${folder}.pw`;
  rmSync(draft, { recursive: true, force: true });
  try {
    mkdirSync(draft, { mode: 0o700 });
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    for (const path of [draft, passwordFile])
      if (program.owner !== null) chownSync(path, program.owner.uid, program.owner.gid);
    await initdb(
      program,
      [
        `--pgdata=${draft}`,
        `--username=${ownerName}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
      ],
      folder,
    );
    renameSync(draft, folder);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

/**
 * @param {PostgresProgram} program
 * @param {readonly string[]} args
 * @param {string} folder
 * @returns {Promise<void>}
 */
function initdb(program, args, folder) {
  return new Promise((resolve, reject) => {
    const child = program.run('initdb', args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let said = '';
    child.stderr?.on('data', (chunk) => (said += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else if (isDiskFull(said)) reject(diskFull(folder));
      else
        reject(
          new Refusal(
            `PostgreSQL could not create its data in ${folder}: ${
              said
                .trim()
                .split('\n')
                .find((line) => line.includes('error')) ?? said.trim()
            }`,
          ),
        );
    });
  });
}

/**
 * Stops the server that still runs on this folder, if any, and clears a pid file with the pid of another process.
 *
 * @param {string} folder
 */
export async function freeCluster(folder) {
  const pidFile = join(folder, 'postmaster.pid');
  const pid = Number.parseInt(read(pidFile)?.split('\n')[0] ?? '', 10);
  if (!(pid > 0)) return;
  const identity = identityOf(pid);
  if (identity !== null && isServerOf(pid, folder)) {
    process.kill(pid, 'SIGINT');
    if (!(await waitUntil(() => !isSameProcess(identity), FAST_STOP_MS))) process.kill(pid, 'SIGQUIT');
    if (!(await waitUntil(() => !isSameProcess(identity), QUIT_STOP_MS))) {
      throw new Refusal(
        `A PostgreSQL server (process ${pid}) still runs on ${folder} and does not stop; end it and start again.`,
      );
    }
  }
  // The data folder's lock is ours and no server runs here: the process with that pid now is not the owner of this
  // file.
  rmSync(pidFile, { force: true });
}

/**
 * @param {number} pid
 * @param {string} folder
 */
function isServerOf(pid, folder) {
  if (process.platform !== 'linux') return true;
  try {
    return (
      readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === folder
    );
  } catch (err) {
    // Gone meanwhile, or a process of another user, which a server of ours is not.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(err) ?? '')) return false;
    throw err;
  }
}

/**
 * @param {string} file
 * @returns {string | null}
 */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (err) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(err) ?? '')) return null;
    throw err;
  }
}
