// The settings of the double.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from './config';

const folder = mkdtempSync(join(tmpdir(), 'lumi-double-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the settings of the double', () => {
  it('are read from files, each without its last newline', () => {
    writeFileSync(join(folder, 'token'), '1:secret-token\n');

    expect(readConfig({ DATA_DIR: '/data', CRYPTO_PAY_TOKEN_FILE: join(folder, 'token') })).toMatchObject({
      token: '1:secret-token',
      dataDir: '/data',
    });
  });

  it('that cannot be used are reported all at once, without their values', () => {
    const env = {
      PORT: '70000',
      DATA_DIR_FILE: join(folder, 'none'),
      CRYPTO_PAY_TOKEN: '1:secret-token',
      CRYPTO_PAY_TOKEN_FILE: join(folder, 'token'),
      PUBLIC_URL: 'ftp://x',
    };

    const read = readConfig(env);

    expect(read).toEqual({
      faults: [
        'DATA_DIR_FILE names a file that cannot be read.',
        'CRYPTO_PAY_TOKEN is given twice: as CRYPTO_PAY_TOKEN and as CRYPTO_PAY_TOKEN_FILE; leave one of them out.',
        'PORT must be a number from 0 to 65535 (0 picks a free port).',
        'PUBLIC_URL must start with http:// or https://.',
      ],
    });
  });
});
