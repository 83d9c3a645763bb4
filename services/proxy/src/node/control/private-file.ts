// Files that only this user may read, replaced as a whole: a reader finds the old content or the new one, never half.
// They outlive a killed process; after a loss of power the last second may be missing.
import { appendFile, chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  await chmod(folder, FOLDER_MODE);
}

export async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: FILE_MODE });
  await rename(`${file}.new`, file);
}

export function appendLine(file: string, text: string): Promise<void> {
  return appendFile(file, `${text}\n`, { mode: FILE_MODE });
}

/** Null: there is none. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw err;
  }
}
