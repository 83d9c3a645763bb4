// The programs of PostgreSQL and of the system, run as a certain user with an environment that holds nothing of ours.
import { execFile } from 'node:child_process';
import { parse } from 'node:path';

/** @typedef {{ readonly uid?: number; readonly gid?: number }} User whom the server's processes run as */

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {User} user
 * @param {Readonly<Record<string, string>>} [env] beside what every program gets
 * @returns {Promise<string>} what it printed
 */
export function runProgram(file, args, user, env = {}) {
  return new Promise((resolve, reject) => {
    execFile(file, args, { ...user, cwd: '/', env: { ...serverEnv(), ...env } }, (err, stdout, stderr) => {
      if (!err) resolve(stdout);
      else
        reject(
          new Error(`${parse(file).base} failed: ${(stderr || err.message).trim().split('\n').slice(-3).join(' ')}`),
        );
    });
  });
}

export function serverEnv() {
  const { PATH, TZ, TMPDIR } = process.env;
  return { ...(PATH && { PATH }), ...(TZ && { TZ }), ...(TMPDIR && { TMPDIR }), LC_ALL: 'C' };
}
