// `migrate --product …`: each product brings its own schema up to date, on the platform that is there.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { PLATFORM_SCHEMA } from '@lumi/shared/platform-schema';
import { freshDatabase } from './fresh-database';

const root = join(__dirname, '..', '..');
const { ownerUrl, passwords, query } = freshDatabase();

const schemas = async (): Promise<unknown[]> =>
  (
    await query(`SELECT nspname FROM pg_namespace WHERE nspname IN ('platform', 'domains', 'vps', 'proxy', 'queue')
      ORDER BY 1`)
  ).map(({ nspname }) => nspname);

/** With the owner's URL alone, unless told more. */
function migrate(args: readonly string[], env: Record<string, string> = {}): { code: number | null; said: string } {
  if (!existsSync(join(root, 'packages/shared/dist/base/db/migrate.js')))
    throw new Error('Lumi is not built; run: npm test -- migrate-product');
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/migrate.mjs'), ...args], {
    env: { PATH: process.env.PATH, DATABASE_URL: ownerUrl, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: status, said: `${stdout}${stderr}` };
}

describe('migrate --product', () => {
  it('refuses what is no product, and an argument that it does not know, and changes nothing', async () => {
    expect(migrate(['--product', 'mail'])).toEqual({
      code: 1,
      said: expect.stringMatching(
        /^There is no product mail here\. Usage: .*platform\|domains\|vps\|proxy.*\n$/,
      ) as unknown as string,
    });
    expect(migrate(['--products', 'vps'])).toMatchObject({
      code: 1,
      said: expect.stringContaining('Usage:') as string,
    });
    expect(await schemas()).toEqual([]);
  });

  it('refuses a product before the platform is there, and says what comes first', async () => {
    const { code, said } = migrate(['--product', 'vps']);
    expect(code).toBe(1);
    expect(said).toBe(
      `The platform's schema is too old: it has version 0, the vps of this release needs ${PLATFORM_SCHEMA.needs} or ` +
        'newer. Run `migrate --product platform` of this release first, or go back to the release before.\n',
    );
    expect(await schemas()).toEqual([]);
  });

  it("the platform's step needs the passwords of the roles, and makes the platform and the queue alone", async () => {
    expect(migrate(['--product', 'platform'])).toMatchObject({
      code: 1,
      said: expect.stringContaining('LUMI_GATEWAY_PASSWORD: is missing') as string,
    });
    expect(migrate(['--product', 'platform'], passwords)).toEqual({
      code: 0,
      said: 'The database is up to date: platform.\n',
    });
    expect(await schemas()).toEqual(['platform', 'queue']);
  });

  it("a product's step needs the owner's URL alone, and makes that product alone; several may be named", async () => {
    expect(migrate(['--product', 'vps'])).toEqual({ code: 0, said: 'The database is up to date: vps.\n' });
    expect(await schemas()).toEqual(['platform', 'queue', 'vps']);
    expect(migrate(['--product', 'domains', '--product', 'proxy'])).toMatchObject({ code: 0 });
    expect(await schemas()).toEqual(['domains', 'platform', 'proxy', 'queue', 'vps']);
  });

  it('waits for a database that cuts its first connections off, as one that is just starting does', async () => {
    const { hostname, port } = new URL(ownerUrl);
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      if (connections <= 2) return void socket.destroy();
      const database = connect(Number(port), hostname);
      for (const [one, other] of [
        [socket, database],
        [database, socket],
      ] as const)
        one.on('error', () => other.destroy()).pipe(other);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // it listens on a port
    const through = Object.assign(new URL(ownerUrl), { host: `127.0.0.1:${(server.address() as AddressInfo).port}` });
    const child = spawn(process.execPath, [join(root, 'scripts/migrate.mjs'), '--product', 'vps'], {
      env: { PATH: process.env.PATH, DATABASE_URL: through.toString() },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
    const [code] = (await once(child, 'close')) as [number | null];
    server.close();

    expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/trying again/) as unknown });
    expect(said).toContain('The database is up to date: vps.');
  });

  it('refuses a product on a platform that is too new for it, and changes nothing', async () => {
    const { version } = PLATFORM_SCHEMA;
    await query(`CREATE OR REPLACE FUNCTION platform.platform_schema(OUT version integer, OUT serves integer)
      LANGUAGE sql IMMUTABLE AS $$ SELECT ${version + 2}, ${version + 1} $$`);
    await query(`DELETE FROM vps._functions`);
    const { code, said } = migrate(['--product', 'vps']);
    expect(code).toBe(1);
    expect(said).toContain(`it has version ${version + 2} and serves processes of ${version + 1} or newer`);
    expect(await query('SELECT * FROM vps._functions')).toEqual([]);
  });

  it("older code leaves the functions of a platform that has a newer version, and its products' steps go on", async () => {
    const { version } = PLATFORM_SCHEMA;
    await query(`CREATE OR REPLACE FUNCTION platform.platform_schema(OUT version integer, OUT serves integer)
      LANGUAGE sql IMMUTABLE AS $$ SELECT ${version + 1}, ${version} $$`);
    await query(`UPDATE platform._functions SET checksum = 'of the newer release' WHERE name = 'acts_for'`);
    expect(migrate([], passwords)).toEqual({
      code: 0,
      said: 'The database is up to date: platform, domains, vps, proxy.\n',
    });
    expect(await query(`SELECT checksum FROM platform._functions WHERE name = 'acts_for'`)).toEqual([
      { checksum: 'of the newer release' },
    ]);
    expect(await query('SELECT version FROM platform.platform_schema()')).toEqual([{ version: version + 1 }]);
  });
});
