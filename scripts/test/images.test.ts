// What the images hold (infra/docker/assemble.mjs), tried in plain folders away from this one. `npm run
// test:containers` tries the images themselves.
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDatabase } from './fresh-database';

jest.setTimeout(300_000);

const root = join(__dirname, '..', '..');
const PRODUCTS = ['domains', 'vps', 'proxy'];
const IMAGES = ['gateway', ...PRODUCTS, 'platform'];
const MAX_BYTES = 60_000_000;

interface SoftwareList {
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly {
    readonly purl: string;
    readonly licenses?: readonly unknown[];
    readonly hashes: readonly { readonly content: string }[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const { name, cluster, ownerUrl, passwords, query } = freshDatabase();
const folder = mkdtempSync(join(tmpdir(), 'lumi-images-'));
const image = (one: string) => join(folder, 'first', one);

function run(one: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: image(one),
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: status, said: `${stdout}${stderr}` };
}

/** The files below a folder, with the digest of each. */
function digests(of: string): Record<string, string> {
  const files = readdirSync(of, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(of, file)).isFile(),
  );
  return Object.fromEntries(
    files.sort().map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(of, file)))
        .digest('hex'),
    ]),
  );
}

const programsOf = (one: string) => readdirSync(image(one)).filter((file) => file.endsWith('.js'));

describe('the files of the images', () => {
  beforeAll(() => {
    for (const turn of ['first', 'second']) {
      const { status, stderr } = spawnSync(process.execPath, ['infra/docker/assemble.mjs', join(folder, turn)], {
        cwd: root,
        encoding: 'utf8',
        timeout: 280_000,
      });
      if (status !== 0) throw new Error(stderr);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are the same when they are made again', () => {
    const first = digests(join(folder, 'first'));
    expect(Object.keys(first).length).toBeGreaterThan(50);
    expect(digests(join(folder, 'second'))).toEqual(first);
  });

  it.each(IMAGES)('of %s take less than 60 MB', (one) => {
    const files = readdirSync(image(one), { recursive: true, encoding: 'utf8' });
    expect(files.reduce((sum, file) => sum + statSync(join(image(one), file)).size, 0)).toBeLessThan(MAX_BYTES);
  });

  it.each(IMAGES)('of %s list each package inside, once, with its checksum and licence', (one) => {
    const list = JSON.parse(readFileSync(join(image(one), 'sbom.cdx.json'), 'utf8')) as SoftwareList;
    expect(list.metadata.component).toMatchObject({ name: `lumi-${one}`, version: '0.1.0' });
    // The bundler writes before each CommonJS module where it comes from; a backslash folds long lines.
    const inside = programsOf(one)
      .map((file) => readFileSync(join(image(one), file), 'utf8').replaceAll('\\\n', ''))
      .flatMap((text) => [
        ...text.matchAll(/"node_modules\/\.pnpm\/[^/"]+\/node_modules\/((?:@[^/"]+\/)?[^/"]+)\/[^"]+"\(/g),
      ])
      .map(([, found = '']) => found);
    const named = list.components.map(({ purl }) => purl.replace('%40', '@').replace(/^pkg:npm\/(.+)@.+$/, '$1'));

    expect([...new Set(inside)].filter((found) => !named.includes(found))).toEqual([]);
    expect(inside.length).toBeGreaterThan(50);
    const urls = list.components.map(({ purl }) => purl);
    expect(new Set(urls).size).toBe(urls.length);
    for (const { purl, licenses, hashes } of list.components) {
      expect({ purl, licenses }).toEqual({ purl, licenses: [expect.anything()] });
      expect(hashes[0]?.content).toMatch(/^[0-9a-f]{128}$/);
    }
    const refs = list.dependencies.map(({ ref }) => ref);
    expect(list.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.includes(ref))).toEqual([]);
    const texts = readFileSync(join(image(one), 'THIRD-PARTY-LICENSES'), 'utf8');
    for (const found of named) expect(texts).toContain(`${found} `);
  });

  it.each(['gateway server.js', ...PRODUCTS.flatMap((one) => [`${one} server.js`, `${one} worker.js`])])(
    'hold all that %s needs to read its settings, and it names those that are missing',
    (words) => {
      const [one = '', program = ''] = words.split(' ');
      const { code, said } = run(one, [program]);
      expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('DATABASE_URL: is missing') as unknown });
    },
  );

  it('migrate: the platform by its image, then each product by its own, and the operator makes an account', async () => {
    const owner = { DATABASE_URL: ownerUrl };

    expect(run('vps', ['migrate.js'], owner)).toMatchObject({
      code: 1,
      said: expect.stringContaining('`migrate --product platform`') as unknown,
    });
    expect(run('platform', ['migrate.js'], { ...owner, ...passwords })).toEqual({
      code: 0,
      said: 'The database is up to date: platform.\n',
    });
    for (const program of ['server.js', 'worker.js'])
      expect(run('vps', [program], settingsOf('vps'))).toMatchObject({
        code: 1,
        said: expect.stringMatching(/The schema vps is too old: it lacks .*Run `migrate --product vps`/) as unknown,
      });
    for (const product of PRODUCTS)
      expect(run(product, ['migrate.js'], owner)).toEqual({
        code: 0,
        said: `The database is up to date: ${product}.\n`,
      });
    expect(run('vps', ['migrate.js', '--product', 'platform'], owner)).toMatchObject({
      code: 1,
      said: expect.stringContaining('There is no product platform here.') as unknown,
    });
    // As the migrations of the sources make it.
    const functions = ['platform', 'domains', 'vps', 'proxy']
      .map((schema) => `SELECT name, checksum FROM ${schema}._functions`)
      .join(' UNION ALL ');
    expect(await query(`${functions} ORDER BY 1, 2`)).toEqual(
      await query(`${functions} ORDER BY 1, 2`, cluster.ownerUrl.replace(/[^/]+$/, ownName())),
    );

    const ring = `1:${randomBytes(32).toString('base64')}`;
    const made = run('platform', ['lumi.js', 'users', 'create', 'First customer', '--json'], {
      DATABASE_URL: urlFor('lumi_admin'),
      KEY_PEPPERS: ring,
      SECRET_RING: ring,
    });
    expect(made.code).toBe(0);
    expect(await query(`SELECT name FROM platform.account`)).toEqual([{ name: 'First customer' }]);
  });
});

/** The database of the images, as this role. */
function urlFor(role: 'lumi_vps' | 'lumi_admin'): string {
  return Object.assign(new URL(cluster.urlFor(role)), { pathname: `/${name}` }).toString();
}

/** All that the processes of a product must be given. */
function settingsOf(product: 'vps'): Record<string, string> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ring = `1:${randomBytes(32).toString('base64')}`;
  return {
    DATABASE_URL: urlFor(`lumi_${product}`),
    ADMIN_DATABASE_URL: urlFor('lumi_admin'),
    IDENTITY_PUBLIC_KEYS: Buffer.from(JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] })).toString(
      'base64',
    ),
    KEY_PEPPERS: ring,
    SECRET_RING: ring,
    CURSOR_SECRET: randomBytes(32).toString('base64'),
    PUBLIC_URL: 'http://127.0.0.1:8080',
  };
}

/** The database that the tests made from the sources. */
function ownName(): string {
  return new URL(cluster.urlFor('lumi_admin')).pathname.slice(1);
}
