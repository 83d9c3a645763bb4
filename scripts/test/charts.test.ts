// The Helm charts against the processes that they run, without helm: `npm run check:charts` renders them.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PRODUCTS } from '@lumi/shared/contract';
import { serviceConfig } from '@lumi/shared/service';
import { parseAllDocuments } from 'yaml';
import { gatewaySettings } from '../../gateway/src/config';
import { domainsSettings } from '../../services/domains/src/config';
import { proxySettings } from '../../services/proxy/src/config';
import { nodeSettings } from '../../services/proxy/src/node/config';
import { vpsSettings } from '../../services/vps/src/config';

const root = join(__dirname, '..', '..');
const charts = join(root, 'infra', 'helm');
const OWN = { domains: domainsSettings, vps: vpsSettings, proxy: proxySettings };

interface Secret {
  readonly metadata: { readonly name: string };
  readonly stringData: Readonly<Record<string, string>>;
}

describe('the settings of the charts', () => {
  const known = JSON.parse(
    execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { known } from '${charts}/schemas/settings.mjs'; console.log(JSON.stringify(known))`,
      ],
      { encoding: 'utf8' },
    ),
  ) as Readonly<Record<string, readonly string[]>>; // our own file

  it('are all that the gateway reads', () => {
    expect([...(known['gateway'] ?? [])].sort()).toEqual(Object.keys(gatewaySettings.shape).sort());
  });

  it('are all that a proxy node reads', () => {
    expect([...(known['proxy-node'] ?? [])].sort()).toEqual(Object.keys(nodeSettings.shape).sort());
  });

  it.each(PRODUCTS)('are all that %s and its worker read', (product) => {
    const read = Object.keys({ ...serviceConfig.shape, ...OWN[product].shape });
    expect([...(known[product] ?? [])].sort()).toEqual(read.sort());
  });
});

describe('make-secrets.mjs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-secrets-'));
  const env = join(folder, 'lumi.env');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const DATABASE = ['--database', 'postgresql://lumi-db-rw:5432/lumi'];
  const make = (...args: string[]) =>
    spawnSync(process.execPath, [join(charts, 'make-secrets.mjs'), '--env', env, ...args], { encoding: 'utf8' });

  beforeAll(() => {
    const made = execFileSync(process.execPath, [join(root, 'infra', 'docker', 'make-env.mjs')], { encoding: 'utf8' });
    writeFileSync(env, made);
  });

  it('writes the Secrets and keys that infra/helm/README.md lists', () => {
    const { stdout } = make(...DATABASE, '--redis', 'redis://lumi-redis:6379', '--pooler', 'postgresql://pooler/lumi');
    const secrets = parseAllDocuments(stdout).map((document) => document.toJS() as Secret); // our own output

    const made = secrets.map(({ metadata, stringData }) => [metadata.name, Object.keys(stringData).sort()]);
    expect(Object.fromEntries(made)).toEqual(documentedSecrets());
  });

  it('sends processes to the pooler, and what listens and migrates to the database', () => {
    const { stdout } = make(...DATABASE, '--pooler', 'postgresql://lumi-db-pooler:5432/lumi');
    const hosts = Object.fromEntries(
      parseAllDocuments(stdout).map((document) => {
        const { metadata, stringData } = document.toJS() as Secret; // our own output
        const urls = Object.entries(stringData).filter(([name]) => name.endsWith('_URL'));
        return [metadata.name, Object.fromEntries(urls.map(([name, url]) => [name, new URL(url).hostname]))];
      }),
    );

    expect(hosts['lumi-gateway']).toEqual({ DATABASE_URL: 'lumi-db-pooler', DATABASE_DIRECT_URL: 'lumi-db-rw' });
    expect(hosts['lumi-vps']).toEqual({
      DATABASE_URL: 'lumi-db-pooler',
      DATABASE_DIRECT_URL: 'lumi-db-rw',
      ADMIN_DATABASE_URL: 'lumi-db-pooler',
    });
    expect(hosts['lumi-migrations']).toEqual({ DATABASE_URL: 'lumi-db-rw' });
  });

  it('refuses an incomplete file with the command that completes it, and writes nothing', () => {
    const whole = readFileSync(env, 'utf8');
    writeFileSync(env, whole.replace(/^CURSOR_SECRET=.*\n/m, ''));
    const { status, stdout, stderr } = make(...DATABASE);
    writeFileSync(env, whole);

    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('has no CURSOR_SECRET: complete it with node infra/docker/make-env.mjs');
  });

  it.each([[[]], [['--database', 'lumi-db-rw']], [['--database', 'mysql://lumi-db-rw/lumi']]])(
    'refuses %j as the database',
    (args) => {
      const { status, stdout } = make(...args);
      expect([status, stdout]).toEqual([1, '']);
    },
  );
});

/** As the table of Secrets says, for the installation `lumi`. */
function documentedSecrets(): Record<string, string[]> {
  const text = readFileSync(join(charts, 'README.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `<installation>-(\S+)` +\|(.*)\|$/gm)].flatMap(([, name = '', keys = '']) => {
    const listed = [...keys.matchAll(/`([A-Z_0-9]+)`/g)].map(([, key = '']) => key).sort();
    return (name === '<product>' ? PRODUCTS : [name]).map((one): [string, string[]] => [`lumi-${one}`, listed]);
  });
  return Object.fromEntries(rows);
}
