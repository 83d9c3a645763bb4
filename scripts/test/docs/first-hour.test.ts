// docs/first-hour.md does what it says, from `npm start` to the books, word for word. Only the port of the gateway and
// of the receiver are others, because a machine has each of them once.
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Installation } from '../installation';
import { codeBlocks } from './code-blocks';
import { has } from './run-code';

jest.setTimeout(240_000);
const root = join(__dirname, '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'first-hour.md'), 'utf8');
const LIMIT_MS = 150_000;

const installation = new Installation();
const folder = mkdtempSync(join(tmpdir(), 'lumi-first-hour-'));
afterAll(async () => {
  await installation.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const inShell = has('curl') ? it : it.skip;
if (!has('curl')) console.warn('curl is not on this machine: docs/first-hour.md is not carried out.');

inShell('docs/first-hour.md is carried out as it is written', async () => {
  const [start, ...rest] = codeBlocks(page);
  expect(start?.code).toBe('npm start\n');
  await installation.start().ready();
  const { gateway } = installation.demo();
  // The folder of the repository as the reader sees it, with the data of this installation.
  for (const name of ['packages', 'scripts', 'node_modules', 'package.json'])
    symlinkSync(join(root, name), join(folder, name));
  symlinkSync(installation.folder, join(folder, '.lumi'));
  const hookPort = String(await freePort());
  const here = (code: string): string =>
    code
      .replaceAll('http://127.0.0.1:8080', gateway)
      .replaceAll('127.0.0.1:4000', `127.0.0.1:${hookPort}`)
      .replaceAll('listen(4000', `listen(${hookPort}`);
  const names = [...page.matchAll(/^Save this as `([^`]+)`:$/gm)].map(([, name]) => name ?? '');
  const files = rest.filter(({ language }) => language === 'js');
  expect(names).toEqual(['first-hour.mjs', 'hook.mjs']);
  for (const [i, { code }] of files.entries()) writeFileSync(join(folder, names[i] ?? ''), here(code));
  const shell = rest.filter(({ language }) => language === 'sh').map(({ code }) => here(code));
  // The scripts are programs by their real path only, and `scripts` is a link here.
  mkdirSync(join(folder, 'bin'));
  const really = `case "$1" in scripts/*) set -- '${root}'/"$@" ;; esac\nexec '${process.execPath}' "$@"`;
  writeFileSync(join(folder, 'bin', 'node'), `#!/bin/sh\n${really}\n`, { mode: 0o755 });
  const { printed, err } = await bash(`set -eu\n${shell.join('\n')}`);

  if (err !== null) throw new Error(`It ended with ${String(err.code)}:\n${printed.slice(-4_000)}`);
  expect(printed).toMatch(/<title>Lumi API · Lumi API<\/title>/);
  expect(printed).toContain('first-hour.test active');
  expect(printed).toContain('server completed');
  expect(printed).toContain('proxy active');
  expect(printed).toContain('30 of 30');
  expect(printed).toContain('batch completed 30');
  expect(printed).toContain('verified deposit.credited');
  expect(printed).toMatch(/deposit[\s\S]*50\.00|50\.00[\s\S]*deposit/);
});

function bash(code: string): Promise<{ printed: string; err: ExecFileException | null }> {
  return new Promise((resolve) => {
    const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: folder, NO_PROXY: '*' };
    execFile('bash', ['-c', code], { cwd: folder, env, timeout: LIMIT_MS, maxBuffer: 16 << 20 }, (err, out, said) =>
      resolve({ printed: `${out}\n${said}`, err }),
    );
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
