// infra/docker/make-env.mjs: the secrets of an installation in containers, as lines of .env or as files.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = join(__dirname, '..', '..', 'infra', 'docker', 'make-env.mjs');
const SECRETS = [
  'POSTGRES_PASSWORD',
  'GATEWAY_DB_PASSWORD',
  'DOMAINS_DB_PASSWORD',
  'VPS_DB_PASSWORD',
  'PROXY_DB_PASSWORD',
  'ADMIN_DB_PASSWORD',
  'KEY_PEPPERS',
  'SECRET_RING',
  'IDENTITY_PRIVATE_KEY',
  'IDENTITY_PUBLIC_KEYS',
  'CURSOR_SECRET',
  'PROXY_NODE_TOKEN',
];
const URLS = ['OWNER', 'GATEWAY', 'DOMAINS', 'VPS', 'PROXY', 'ADMIN'].map((role) => `${role}_DATABASE_URL`);
const OPEN = ['PUBLIC_URL', 'API_MONEY_ENABLED'];

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'lumi-make-env-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('make-env', () => {
  it('prints settings and secrets, and only what a file lacks when it is named', () => {
    const text = make().stdout;
    expect(Object.keys(linesOf(text))).toEqual([...SECRETS, ...OPEN]);

    const kept = text.replace(/^CURSOR_SECRET=.*\n/m, '').replace(/^IDENTITY_PUBLIC_KEYS=.*\n/m, '');
    writeFileSync(join(folder, '.env'), kept);
    const added = linesOf(make('.env').stdout);

    expect(Object.keys(added)).toEqual(['IDENTITY_PUBLIC_KEYS', 'CURSOR_SECRET']);
    // Made from the private key of the file.
    expect(added['IDENTITY_PUBLIC_KEYS']).toBe(linesOf(text)['IDENTITY_PUBLIC_KEYS']);
  });

  it('writes each secret into a file, prints none, and keeps the files the next time', () => {
    const { stdout } = make('--files', 'secrets');

    expect(Object.keys(linesOf(stdout))).toEqual(OPEN);
    const files = filesIn('secrets');
    expect(Object.keys(files).sort()).toEqual([...SECRETS, ...URLS].sort());
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
    expect(files['VPS_DATABASE_URL']).toBe(
      `postgresql://lumi_vps:${files['VPS_DB_PASSWORD']?.trimEnd() ?? ''}@postgres:5432/lumi\n`,
    );

    rmSync(join(folder, 'secrets', 'ADMIN_DATABASE_URL'));
    make('--files', 'secrets');
    expect(filesIn('secrets')).toEqual(files);
  });

  it('takes the secrets of a file of settings, and names the lines to delete', () => {
    const env = make().stdout;
    writeFileSync(join(folder, '.env'), env);
    mkdirSync(join(folder, 'secrets'));

    const { stdout, stderr } = make('.env', '--files', 'secrets');

    expect(stdout).toBe('');
    const files = filesIn('secrets');
    for (const name of SECRETS) expect(files[name]).toBe(`${linesOf(env)[name] ?? ''}\n`);
    expect(stderr).toContain(`Delete these lines of .env: ${SECRETS.join(', ')}`);
  });

  it('tells in --help how files are used; a wrong argument ends with 2', () => {
    expect(make('--help').stdout).toMatch(/--files secrets[\s\S]+IDENTITY_PRIVATE_KEY_FILE/);
    expect(make('--fiels', 'secrets').status).toBe(2);
    expect(make('a', 'b')).toMatchObject({ status: 2, stdout: '' });
  });
});

function make(...args: string[]) {
  return spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: 'utf8' });
}

function linesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function filesIn(name: string): Record<string, string> {
  const path = join(folder, name);
  return Object.fromEntries(readdirSync(path).map((file) => [file, readFileSync(join(path, file), 'utf8')]));
}
