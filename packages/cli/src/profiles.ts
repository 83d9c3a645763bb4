// Keys that `lumi login` has stored: one profile per product and installation, in a file that only the user may read.
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Product } from './commands';
import { Ending, NOT_UNDERSTOOD } from './ending';

export interface Profile {
  readonly name: string;
  readonly product: Product;
  readonly url: string;
  readonly key: string;
  readonly signing?: 'v1' | 'v2';
  readonly signingSecret?: string;
}

/** The last one of a login is first. */
export function readProfiles(folder: string): Profile[] {
  const file = fileIn(folder);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (err) {
    if ((err as { code?: string }).code === 'ENOENT') return [];
    throw new Ending(NOT_UNDERSTOOD, `${file} cannot be read.`);
  }
  try {
    return (JSON.parse(text) as { profiles: Profile[] }).profiles;
  } catch {
    throw new Ending(NOT_UNDERSTOOD, `${file} is not what lumi login writes: remove it, and log in again.`);
  }
}

export function saveProfiles(folder: string, profiles: readonly Profile[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = fileIn(folder);
  const fresh = `${file}.${String(process.pid)}`;
  writeFileSync(fresh, `${JSON.stringify({ profiles }, null, 2)}\n`, { mode: 0o600 });
  // The mode of writeFileSync does not concern a file that is there.
  chmodSync(fresh, 0o600);
  renameSync(fresh, file);
}

function fileIn(folder: string): string {
  return join(folder, 'profiles.json');
}
