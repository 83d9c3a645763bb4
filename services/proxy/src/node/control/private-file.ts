// Files that only this user may read, replaced as a whole: a reader finds the old content or the new one, never half.
// What has replaced a file outlives a loss of power too; of appended lines the last ones may be missing then.
import { appendFile, chmod, mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  await chmod(folder, FOLDER_MODE);
}

export async function replaceFile(file: string, text: string): Promise<void> {
  await withOpen(`${file}.new`, 'w', async (next) => {
    await next.writeFile(text);
    await next.sync();
  });
  await rename(`${file}.new`, file);
  await withOpen(dirname(file), 'r', (folder) => folder.sync());
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

async function withOpen(file: string, flags: string, use: (opened: FileHandle) => Promise<void>): Promise<void> {
  const opened = await open(file, flags, FILE_MODE);
  try {
    await use(opened);
  } finally {
    await opened.close();
  }
}
