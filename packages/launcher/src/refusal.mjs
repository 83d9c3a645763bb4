// The reasons why Lumi does not start (or stops), each in one sentence. An error that a user can fix is a Refusal;
// every other error is a fault of ours.

import { codeOf, messageOf } from '../../../scripts/errors.mjs';

export class Refusal extends Error {}

/** The user stopped us while we were starting. Not an error. */
export class Interrupted extends Error {}

/**
 * All faults at once; nothing when there are none.
 *
 * @param {readonly import('../../shared/src/ground/runtime/given-settings.cjs').SettingFault[]} faults
 */
export function refuseSettings(faults) {
  const sentences = faults.map(({ name, message }) => `${name} ${message}.`);
  if (sentences.length === 1) throw new Refusal(sentences[0]);
  if (sentences.length > 1)
    throw new Refusal(['These settings cannot be used:', ...sentences.map((sentence) => `  ${sentence}`)].join('\n'));
}

const FULL = /ENOSPC|No space left on device|EDQUOT|Disk quota exceeded/i;

/** @param {string} text */
export function isDiskFull(text) {
  return FULL.test(text);
}

/**
 * Translates errors of Node, npm or PostgreSQL into our sentence; returns an unknown error unchanged.
 *
 * @param {unknown} err
 * @param {string} folder
 */
export function explain(err, folder) {
  if (err instanceof Refusal || err instanceof Interrupted) return err;
  const code = codeOf(err);
  const path = pathOf(err);
  if (isDiskFull(`${code ?? ''} ${messageOf(err)}`)) return diskFull(folder);
  if (code === 'EROFS')
    return new Refusal(`${path ?? folder} is on a read-only disk; set LUMI_DATA_DIR to a folder that can be written.`);
  if ((code === 'EACCES' || code === 'EPERM') && path !== undefined) {
    return new Refusal(
      `This user may not use ${path}; start Lumi as the user who owns it, or set LUMI_DATA_DIR to another folder.`,
    );
  }
  return err;
}

/**
 * The file that a system error is about.
 *
 * @param {unknown} err
 * @returns {string | undefined}
 */
function pathOf(err) {
  return typeof err === 'object' && err !== null && 'path' in err && typeof err.path === 'string'
    ? err.path
    : undefined;
}

/** @param {string} folder */
export function diskFull(folder) {
  return new Refusal(
    `The disk is full: Lumi could not write to ${folder}. Free some space and start again; nothing that was ` +
      'confirmed is lost.',
  );
}
