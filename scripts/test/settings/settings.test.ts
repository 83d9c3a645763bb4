// The settings of every process: in the environment or in files, and all faults in one report before anything starts.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readDomainsConfig } from '../../../services/domains/src/config';
import { DOMAINS, PROCESSES, database, faultsOf, file, folder, valuesOf, without } from './given';

describe.each(PROCESSES)('the settings of %s', (_name, read, env) => {
  it('are read from the environment', () => {
    expect(faultsOf(read, env)).toEqual([]);
  });

  it('are read from files, each without its last newline, as from the environment', () => {
    const files = Object.fromEntries(Object.entries(env).map(([name, value]) => [`${name}_FILE`, file(`${value}\n`)]));

    expect(valuesOf(read, files)).toEqual(valuesOf(read, env));
  });

  it('that are missing are named all at once, with what they are for', () => {
    const faults = faultsOf(read, {});

    expect(faults.map((fault) => fault.split(':')[0])).toEqual(expect.arrayContaining(Object.keys(env)));
    expect(faults).toHaveLength(Object.keys(env).length);
    for (const fault of faults) expect(fault).toMatch(/: is missing\. [A-Z]/);
  });

  it('that an empty variable names count as missing, as compose passes what is not set', () => {
    const empty = Object.fromEntries(
      Object.keys(env).flatMap((name) => [
        [name, ''],
        [`${name}_FILE`, ''],
      ]),
    );

    expect(faultsOf(read, empty)).toEqual(faultsOf(read, {}));
  });

  it('may stand beside variables that are no settings of Lumi', () => {
    const others = {
      PATH: '/bin',
      HOSTNAME: 'x',
      VPS_SERVICE_HOST: '10.0.0.1',
      PROXY_PORT: 'tcp://10.0.0.1:80',
      LUMI: '',
    };

    expect(faultsOf(read, { ...env, ...others, SSL_CERT_FILE: '/not/there' })).toEqual([]);
  });

  it('are refused when given twice, unreadable, or another process’s, and no secret is shown', () => {
    const secret = 'very-secret-word';
    mkdirSync(join(folder, 'a-folder'), { recursive: true });
    const faulty = {
      DATABASE_URL: `mysql://u:${secret}@h/d`,
      KEY_PEPPERS: secret,
      KEY_PEPPERS_FILE: file(secret),
      SECRET_RING_FILE: join(folder, 'a-folder'),
      LOG_LEVEL: 'loud',
      LUMI_VPS_PASSWORD: secret,
      LUMI_ADMIN_PASSWORD_FILE: secret,
    };
    const { SECRET_RING: _, ...rest } = env;

    const faults = faultsOf(read, { ...rest, ...faulty });

    expect(faults).toEqual(
      expect.arrayContaining([
        'DATABASE_URL: must be a URL that starts with postgres://',
        'KEY_PEPPERS: is given twice: as KEY_PEPPERS and as KEY_PEPPERS_FILE; leave one of them out',
        'SECRET_RING: cannot be taken from the file of SECRET_RING_FILE: it is not a regular file',
        'LUMI_VPS_PASSWORD: is a setting of the migration, not of this process; take it out here',
        'LUMI_ADMIN_PASSWORD_FILE: is a setting of the migration, not of this process; take it out here',
      ]),
    );
    expect(faults.join('\n')).not.toContain(secret);
  });

  it('name a database role: that of another process is refused, a hoster’s own name is not', () => {
    const own = new URL(env['DATABASE_URL'] ?? '').username;
    const other = own === 'lumi_proxy' ? 'lumi_vps' : 'lumi_proxy';

    expect(faultsOf(read, { ...env, DATABASE_URL: database(other) })).toEqual([
      `DATABASE_URL: is the database as ${other}, which is the role of another process; this one works as ${own}`,
    ]);
    expect(faultsOf(read, { ...env, DATABASE_URL: database('u7_main') })).toEqual([]);
  });
});

/** Hundreds of kilobytes, of which the file system says that they are none. */
const MAPS = '/proc/self/smaps';

function pipe(): string {
  const path = join(folder, 'a-pipe');
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  return path;
}

describe('a file of a setting', () => {
  const faultOf = (path: string) =>
    faultsOf(readDomainsConfig, { ...without(DOMAINS, 'CURSOR_SECRET'), CURSOR_SECRET_FILE: path })[0]?.split(
      'CURSOR_SECRET_FILE: ',
    )[1];

  it.each<readonly [string, () => string, string]>([
    ['that is not there', () => join(folder, 'none'), 'there is no such file'],
    ['below a file', () => join(file('x'), 'y'), 'there is no such file'],
    ['that is empty', () => file(''), 'it is empty'],
    ['that holds a newline only', () => file('\n'), 'it is empty'],
    ['that is too large', () => file('x'.repeat(65_537)), 'it is larger than 64 KiB'],
    ['that is not text', () => file(Buffer.from([0xff, 0xfe, 0x00])), 'it is not UTF-8 text'],
    ['with a NUL', () => file(`${'x'.repeat(40)}\0`), 'it is not text'],
    ['that is a device', () => '/dev/zero', 'it is not a regular file'],
    ['that is a pipe without a writer', pipe, 'it is not a regular file'],
    ...(existsSync(MAPS) ? [['that does not tell its size', () => MAPS, 'it is larger than 64 KiB'] as const] : []),
  ])('%s is refused with the reason, without its path', (_case, path, reason) => {
    expect(faultOf(path())).toBe(reason);
  });

  it('loses one newline, also one of Windows, and nothing else', () => {
    const secret = ` ${'s'.repeat(40)} `;
    for (const end of ['', '\n', '\r\n'])
      expect(
        valuesOf(readDomainsConfig, { ...without(DOMAINS, 'CURSOR_SECRET'), CURSOR_SECRET_FILE: file(secret + end) }),
      ).toMatchObject({ CURSOR_SECRET: secret });
    expect(
      valuesOf(readDomainsConfig, { ...without(DOMAINS, 'CURSOR_SECRET'), CURSOR_SECRET_FILE: file(`${secret}\n\n`) }),
    ).toMatchObject({ CURSOR_SECRET: `${secret}\n` });
  });

  it('that this user may not read is refused', () => {
    const path = file('x');
    chmodSync(path, 0o000);
    const { getuid } = process;
    // The superuser may read everything.
    if (getuid?.() === 0) expect(faultOf(path)).toBeUndefined();
    else expect(faultOf(path)).toBe('this user may not read it');
  });
});
