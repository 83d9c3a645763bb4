// The package as others get it: packed, installed into an empty folder, used from there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { guideProgram } from './guide';

jest.setTimeout(120_000);
const root = join(__dirname, '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'lumi-client-'));
const installed = join(folder, 'node_modules', '@lumi', 'client');
const SIZE_MAX = 40 * 1024;

const run = (file: string, args: readonly string[], cwd = folder): string =>
  execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const node = (args: readonly string[], cwd = folder): string => run(process.execPath, args, cwd);
let tarball = '';

beforeAll(() => {
  node([join(root, 'scripts', 'client.mjs'), '--build'], root);
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', folder, join(root, 'packages', 'client')]),
  ) as { filename: string }[];
  tarball = join(folder, packed?.filename ?? '');
  writeFileSync(join(folder, 'package.json'), '{"name":"reseller","private":true}');
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('installs nothing besides itself, and no source or test', () => {
  expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@lumi']);
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  expect(files).toContain(join('dist', 'esm', 'generated', 'domains-types.d.ts'));
  expect(files.filter((name) => /(^|\/)(src|test|\.stamp)|(?<!\.d)\.ts$/.test(name))).toEqual([]);
});

const USE = `
  const lumi = new LumiDomains({ apiKey: 'lumi_domains_1', baseUrl: 'https://api.example.com',
    fetch: async (url) => Response.json({ asked: String(url) }) });
  lumi.domains.get('x.test').then((domain) => console.log(domain.asked, usd.add('0.1', '0.2'), typeof LumiProxy));
`;
it.each([
  ['an ES module', 'use.mjs', `import { LumiDomains, LumiProxy, usd } from '@lumi/client';${USE}`],
  ['CommonJS', 'use.cjs', `const { LumiDomains, LumiProxy, usd } = require('@lumi/client');${USE}`],
])('works as %s', (_name, file, text) => {
  writeFileSync(join(folder, file), text);
  expect(node([file])).toBe('https://api.example.com/api/v1/domains/x.test 0.30 function\n');
});

const TYPED = `
import { LumiDomains, LumiHosting, LumiProxy, LumiError, usd, verifyWebhook } from '@lumi/client';
import type { BodyOf, DomainsOperations } from '@lumi/client';
const options = { apiKey: 'k', baseUrl: 'https://api.example.com' };
const lumi = new LumiDomains({ ...options, signing: 'v2', signingSecret: 's' });
export async function use(): Promise<string> {
  const bought = await lumi.domains.buy({ domain: 'x.test', years: 1, max_price_usd: '2.00' }, { maxRetries: 3 });
  const state: string = 'domain' in bought ? bought.domain.state : bought.operation_id;
  const dry = await lumi.domains.buy({ domain: 'x.test' }, { dryRun: true });
  const price: string = usd.add(dry.price_usd, '1');
  for await (const domain of lumi.paginate('list-domains', { query: { limit: 50, state: 'active' } }))
    domain.expires_at satisfies string | null;
  for await (const page of lumi.paginate('list-orders').pages())
    page.items[0]?.price_usd satisfies string | undefined;
  const { data, requestId, rateLimit } = await lumi.balance.get().withResponse();
  data.available_usd satisfies string;
  requestId satisfies string | null;
  rateLimit?.remaining satisfies number | undefined;
  const operation = await lumi.operations.wait('op_1', {
    onProgress: ({ progress }) => progress.done satisfies number,
  });
  for await (const event of lumi.events.follow({ types: ['domain.*'], consumer: 'erp' }))
    event.type satisfies string;
  const body: BodyOf<DomainsOperations['buy-domain']> = { domain: 'y.test' };
  await lumi.call('buy-domain', { body }, { userId: 'usr_1' });
  await new LumiHosting(options).servers.get('srv_1');
  await new LumiProxy(options).proxies.list({ country: 'DE' });
  await verifyWebhook('', new Headers(), ['whsec_AA==']);
  try {
    await lumi.me.get();
  } catch (err) {
    if (err instanceof LumiError) err.code satisfies string;
  }
  // @ts-expect-error no such operation
  await lumi.call('no-such-operation');
  // @ts-expect-error an amount is a string
  await lumi.domains.buy({ domain: 'x.test', max_price_usd: 2 });
  // @ts-expect-error a domain is needed
  await lumi.domains.buy({});
  // @ts-expect-error not a list
  lumi.paginate('get-domain', { path: { domain: 'x.test' } });
  return state + price + operation.state;
}
`;
it.each([
  ['5', 'typescript-5/lib/tsc.js'],
  ['6', 'typescript/lib/tsc.js'],
])('passes tsc --strict of TypeScript %s, as both kinds of module, libraries checked', (version, tsc) => {
  const own = join(folder, `ts-${version}`);
  mkdirSync(own);
  for (const kind of ['mts', 'cts']) writeFileSync(join(own, `use.${kind}`), TYPED);
  writeFileSync(
    join(own, 'use-guide.mts'),
    `declare const process: { env: Partial<Record<string, string>> };\n${guideProgram()}`,
  );
  const compiler = join(root, 'node_modules', tsc);
  expect(node([compiler, '--version'])).toMatch(new RegExp(`^Version ${version}\\.`));
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2022',
    module: 'node16',
    lib: ['es2022', 'dom'],
    types: [],
  };
  writeFileSync(join(own, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['use*'] }));
  let said = '';
  try {
    said = node([compiler, '-p', own]);
  } catch (err) {
    said = (err as { stdout: string }).stdout;
  }
  expect(said).toBe('');
});

it('has no fault for publint, nor for "Are the types wrong?"', () => {
  const found = JSON.parse(
    node([join(root, 'scripts', 'client', 'judge-package.mjs'), tarball, installed], root),
  ) as object;
  expect(found).toEqual({ publint: [], hasTypes: true, typesWrong: [] });
});

it('has less than 40 KB when it is minified', () => {
  const { code } = transformSync(readFileSync(join(installed, 'dist', 'esm', 'index.js'), 'utf8'), {
    minify: true,
    format: 'esm',
  });
  expect(Buffer.byteLength(code)).toBeLessThan(SIZE_MAX);
});
