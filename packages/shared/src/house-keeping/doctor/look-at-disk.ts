// The disk of the data folder.
import { statfs } from 'node:fs/promises';
import { bytes, fail, ok, reasonOf, warn, type Finding } from './finding';

const LOW = 2 * 1_024 ** 3;
const NEARLY_FULL = 256 * 1_024 ** 2;
const LOW_PART = 0.1;

export async function lookAtDisk(folder: string, space: typeof statfs = statfs): Promise<Finding> {
  try {
    const { bavail, bsize, blocks } = await space(folder);
    const [free, all] = [bavail * bsize, blocks * bsize];
    const what = `disk: ${bytes(free)} of ${bytes(all)} free for ${folder}`;
    if (free < NEARLY_FULL) return fail(what, 'free some space now: a full disk stops PostgreSQL');
    return free < LOW && free < LOW_PART * all ? warn(what, 'free some space soon') : ok(what);
  } catch (err) {
    return fail(`disk: ${folder} cannot be read: ${reasonOf(err)}`, 'check LUMI_DATA_DIR');
  }
}
