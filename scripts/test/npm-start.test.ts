// How `npm start` behaves as npm's child, where a signal reaches npm first: in a copy of this folder that was installed
// and not built.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { until } from '@lumi/shared/testing';

jest.setTimeout(120_000);

const root = join(__dirname, '..', '..');
const NOT_COPIED = new Set(['node_modules', 'dist', 'generated', '.git', '.lumi']);

describe('npm start in a folder that is not built yet', () => {
  const parent = mkdtempSync(join(tmpdir(), 'lumi npm start '));
  const folder = join(parent, 'lumi');

  beforeAll(() => {
    // Otherwise the copy would install into the folder that it shares with this one.
    if (
      execFileSync(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          "import { isInstalled } from './scripts/install.mjs'; console.log(isInstalled())",
        ],
        { cwd: root, encoding: 'utf8' },
      ).trim() !== 'true'
    ) {
      throw new Error(
        'package.json or the lockfile has changed since the last installation; run: npm test -- npm-start',
      );
    }
    cpSync(root, folder, {
      recursive: true,
      filter: (path) => !NOT_COPIED.has(basename(path)) && !path.endsWith('.tsbuildinfo'),
    });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  afterAll(() => {
    for (const pid of processesIn(folder)) process.kill(Number(pid), 'SIGKILL');
    rmSync(parent, { recursive: true, force: true });
  });

  it('stops all that it started when npm is stopped while it says "Building"', async () => {
    const { REDIS_URL: _redis, DATABASE_URL: _database, ...env } = process.env;
    const npm = spawn('npm', ['start'], { cwd: folder, env: { ...env, PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let isClosed = false;
    for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    npm.on('close', () => (isClosed = true));
    await until(() => said.includes('Building') || isClosed, { timeoutMs: 60_000 });
    expect(said).toContain('Building');
    expect(processesIn(folder)).not.toEqual([]);

    npm.kill('SIGTERM');

    await until(() => isClosed, { timeoutMs: 30_000 });
    expect(processesIn(folder)).toEqual([]);
    expect(said).not.toContain('lumi is ready');
  });
});

/** Processes that work in this folder or below it. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && cwdOf(pid).startsWith(folder));
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // It has ended, or belongs to another process.
    return '';
  }
}
