// Which types of events the tests of a run wrote. After a run of everything (`npm test` with no further words) each
// type of the catalogue is among them: one that no test writes may never be written at all.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function noteEvents() {
  process.env['LUMI_TEST_EVENTS'] = mkdtempSync(join(tmpdir(), 'lumi-events-'));
}

/** @param {string} file */
function linesOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

export function compareEvents() {
  const folder = process.env['LUMI_TEST_EVENTS'];
  if (folder === undefined) return;
  const written = new Set(linesOf(join(folder, 'written')));
  // Written by packages/shared/src/ground/events/catalogue.test.ts.
  const missing = linesOf(join(folder, 'catalogue')).filter((type) => !written.has(type));
  rmSync(folder, { recursive: true, force: true });
  if (process.env['LUMI_TEST_WHOLE'] === 'true' && missing.length > 0)
    throw new Error(`No test wrote these types of the catalogue of events: ${missing.join(', ')}`);
}
