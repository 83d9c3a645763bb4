// The function files of a schema: each `<room>/sql/<function>.sql` below a folder, with its checksum and its triggers.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';

export interface FunctionFile {
  /** Of the file and of the function it makes. */
  name: string;
  /** Relative to the folder that was read, with slashes. Files are applied in the order of these paths. */
  path: string;
  sql: string;
  checksum: string;
  /** Names of the triggers the file makes. */
  triggers: string[];
}

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'generated']);

/** Every `sql/<function>.sql` below `dir`, in their order. */
export async function readFunctions(dir: string): Promise<FunctionFile[]> {
  const files = await Promise.all((await filesBelow(dir)).map(async (file) => readFunction(dir, file)));
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const names = new Map<string, string>();
  for (const { name, path } of files) {
    const other = names.get(name);
    if (other !== undefined)
      throw new Error(`The function ${name} stands in two files, ${other} and ${path}. Keep one.`);
    names.set(name, path);
  }
  return files;
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const nested = await Promise.all(
    entries.map(async (entry) => {
      if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : filesBelow(join(dir, entry.name));
      return basename(dir) === 'sql' && entry.name.endsWith('.sql') ? [join(dir, entry.name)] : [];
    }),
  );
  return nested.flat();
}

async function readFunction(dir: string, file: string): Promise<FunctionFile> {
  const sql = await readFile(file, 'utf8');
  return {
    name: basename(file, '.sql'),
    path: relative(dir, file).split(sep).join('/'),
    sql,
    checksum: createHash('sha256').update(sql).digest('hex'),
    triggers: [...sql.matchAll(/^CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER (\w+)/gm)].map(([, name = '']) => name),
  };
}
