// A file that may be missing or closed to us.
import { readFileSync } from 'node:fs';

/** @param {string} file */
export function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
