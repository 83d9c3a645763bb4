// `npm start` installs no tools of tests and checks. So everything that starting, building and running import must be
// among the `dependencies`: of the root, or of the member that imports it.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const root = join(__dirname, '..', '..');
const IMPORT = /\b(?:from\s*|import\s*\(?\s*)'([\w@./-]+)'/g;
/** The scripts that run before and while Lumi runs. */
const STARTED = [
  'packages/launcher/src/start.mjs',
  'packages/launcher/src/prepare.mjs',
  'packages/launcher/src/lumi.mjs',
];
/** No process of Lumi. What they use is built into what they are shipped as. */
const OF_CALLERS = ['packages/client', 'packages/cli'];
const COMPILED = ['gateway', ...['services', 'packages'].flatMap((shelf) => membersIn(shelf))].filter(
  (member) => !OF_CALLERS.includes(member),
);

describe('what npm start installs', () => {
  const needed = manifestIn('.');

  it('has every package that the launcher and the build import', () => {
    const own = manifestIn('packages/launcher').dependencies ?? {};
    const packages = packagesOf(filesFrom(STARTED));

    expect(packages).toContain('esbuild');
    expect(packages.filter((name) => !(name in own) && !(name in (needed.dependencies ?? {})))).toEqual([]);
  });

  it.each(COMPILED)('has every package, and its types, that the sources of %s import', (member) => {
    const own = manifestIn(member).dependencies ?? {};
    const packages = packagesOf(sourcesIn(join(member, 'src'))).filter((name) => !name.startsWith('@lumi/'));

    expect(packages.filter((name) => !(name in own) && !(name in (needed.dependencies ?? {})))).toEqual([]);
    const types = packages.map((name) => `@types/${name.replace(/^@(.+)\/(.+)$/, '$1__$2')}`);
    expect(types.filter((name) => name in (needed.devDependencies ?? {}))).toEqual([]);
  });

  it('has no tool of tests and checks', () => {
    const tools = ['jest', 'supertest', 'eslint', 'oxlint', 'prettier', 'knip', 'fastify', '@swc/core'];

    expect(tools.filter((name) => name in (needed.dependencies ?? {}))).toEqual([]);
    expect(tools.filter((name) => !(name in (needed.devDependencies ?? {})))).toEqual([]);
  });
});

/** These scripts and all that they import by path. */
function filesFrom(scripts: readonly string[]): string[] {
  const found = new Set<string>();
  const waiting = [...scripts];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    for (const name of importsOf(file)) {
      const path = relative(root, resolve(root, dirname(file), name));
      if (name.startsWith('.') && existsSync(join(root, path))) waiting.push(path);
    }
  }
  return [...found];
}

function packagesOf(files: readonly string[]): string[] {
  const names = files
    .flatMap(importsOf)
    .filter((name) => !name.startsWith('.') && !isBuiltin(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(names)].sort();
}

/** Comments may hold examples; they are not code. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '');
  return [...text.matchAll(IMPORT)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** What the compiler is given: not the tests. */
function sourcesIn(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !/(^|\/)(test|generated)\//.test(name))
    .map((name) => join(folder, name));
}

function membersIn(shelf: string): string[] {
  return readdirSync(join(root, shelf))
    .map((name) => `${shelf}/${name}`)
    .filter((member) => existsSync(join(root, member, 'tsconfig.json')));
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest; // npm's own format
}
