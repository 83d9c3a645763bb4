// A backup that is stopped (Ctrl-C) leaves no file: neither while it is written nor while it is read back.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '@lumi/shared/testing';

const root = join(__dirname, '..', '..');
const database = testDatabase();

/** The launcher is ES modules, so it works in a process of its own. Stopped when it says what `when` matches. */
function backUp(folder: string, when: RegExp): string {
  const script = `
    import { backUp } from './packages/launcher/src/backup/backup.mjs';
    const [ownerUrl, file] = process.argv.slice(1);
    const stop = new AbortController();
    const told = {
      file, ownerUrl, passphrase: 'correct horse battery staple', withSecrets: false, root: process.cwd(),
      secrets: { identityPublicKeys: 'of a test' }, signal: stop.signal,
      say: (line) => { if (${String(when)}.test(line)) stop.abort(new Error('stopped')); },
    };
    console.log(await backUp(told).then(() => 'made', (err) => err.message));`;
  const args = ['--input-type=module', '-e', script, database.ownerUrl, join(folder, 'a.backup')];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).stdout.trim();
}

describe('a backup', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lumi-backup-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['among its tables', /^3 of /],
    ['after the last one, before it is read back', /^(\d+) of \1 /],
  ])('that is stopped %s leaves no file', (_, when) => {
    expect(backUp(folder, when)).toBe('stopped');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that is not stopped is made', () => {
    expect(backUp(folder, /never said/)).toBe('made');
    expect(readdirSync(folder)).toEqual(['a.backup']);
  });
});
