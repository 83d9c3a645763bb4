// The reasons why Lumi does not start (or stops), each in one sentence. An error that a user can fix is a Refusal;
// every other error is a fault of ours.

export class Refusal extends Error {}

/** The user stopped us while we were starting. Not an error. */
export class Interrupted extends Error {}

const FULL = /ENOSPC|No space left on device|EDQUOT|Disk quota exceeded/i;

export function isDiskFull(text) {
  return FULL.test(text);
}

/** Translates errors of Node, npm or PostgreSQL into our sentence; returns an unknown error unchanged. */
export function explain(err, folder) {
  if (err instanceof Refusal || err instanceof Interrupted) return err;
  const text = `${err?.code ?? ''} ${err?.message ?? err} ${err?.output ?? ''}`;
  if (isDiskFull(text)) return diskFull(folder);
  if (err?.code === 'EROFS')
    return new Refusal(
      `${err.path ?? folder} is on a read-only disk; set LUMI_DATA_DIR to a folder that can be written.`,
    );
  if ((err?.code === 'EACCES' || err?.code === 'EPERM') && err.path !== undefined) {
    return new Refusal(
      `This user may not use ${err.path}; start Lumi as the user who owns it, or set LUMI_DATA_DIR to another folder.`,
    );
  }
  return err;
}

export function diskFull(folder) {
  return new Refusal(
    `The disk is full: Lumi could not write to ${folder}. Free some space and start again; nothing that was ` +
      'confirmed is lost.',
  );
}
