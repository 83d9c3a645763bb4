// The settings of the programs that are started by hand: `npm start` and the migration.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { database, folder, type Env } from './given';

const root = join(__dirname, '..', '..', '..');

describe.each([
  [
    'npm start',
    'packages/launcher/src/start.mjs',
    ['KEY_PEPPERS', 'IDENTITY_PRIVATE_KEY', 'VPS_URL'],
    'PORT',
    ['These settings cannot be used:'],
    ['DATABASE_URL cannot be taken from the file of DATABASE_URL_FILE: there is no such file.'],
  ],
  [
    'migrate',
    'scripts/migrate.mjs',
    ['IDENTITY_PRIVATE_KEY', 'VPS_URL', 'CURSOR_SECRET'],
    'LUMI_VPS_PASSWORD',
    ['Configuration is not valid:'],
    [
      'Configuration is not valid:',
      '  DATABASE_URL: cannot be taken from the file of DATABASE_URL_FILE: there is no such file',
    ],
  ],
])('the settings of %s', (_name, script, others, own, titles, oneFault) => {
  const start = (env: Env) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [join(root, script)], {
      env: { PATH: process.env['PATH'], LUMI_DATA_DIR: join(folder, 'data'), ...env },
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stdout).toBe('');
    expect(status).toBe(1);
    expect(existsSync(join(folder, 'data'))).toBe(false);
    return stderr.trimEnd().split('\n');
  };

  it('that cannot be used are named all at once, before anything is started, and no secret is shown', () => {
    const secret = 'very-secret-word';
    const faulty = Object.fromEntries([...others, 'DATABASE_URL', own, `${own}_FILE`].map((name) => [name, secret]));

    const [title, ...faults] = start({ ...faulty, REDIS_URL_FILE: secret });

    expect([title]).toEqual(titles);
    const named = faults.map((fault) => fault.trim().split(/[: ]/)[0]);
    expect(named).toEqual(expect.arrayContaining([...others, own]));
    expect(faults.join('\n')).not.toContain(secret);
  });

  it('that have one fault are refused in one sentence', () => {
    const complete = Object.fromEntries(
      ['GATEWAY', 'DOMAINS', 'VPS', 'PROXY', 'ADMIN'].map((role) => [`LUMI_${role}_PASSWORD`, 'x'.repeat(8)]),
    );
    const env = script.includes('migrate') ? complete : {};

    expect(start({ ...env, DATABASE_URL_FILE: join(folder, 'none') })).toEqual(oneFault);
  });
});

it('a migration is not done as the role of a process', () => {
  const { stderr } = spawnSync(process.execPath, [join(root, 'scripts/migrate.mjs'), '--product', 'vps'], {
    env: { DATABASE_URL: database('lumi_vps') },
    encoding: 'utf8',
  });

  expect(stderr).toContain(
    'DATABASE_URL: is the database as lumi_vps, which is the role of another process; this one works as its owner',
  );
});
