// The versions of Node that Lumi names are the same in all files, and every package that runs accepts them.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { minVersion, satisfies } from 'semver';

const root = join(__dirname, '..', '..');
const NAMED = ['20.19.0', '22.12.0', '24.0.0'];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
}

describe('the flags of Node', () => {
  it('are the same by npm start and in the image', () => {
    const [launcher, image] = ['packages/launcher/src/options.mjs', 'infra/docker/Dockerfile'].map((file) =>
      /--enable-source-maps --max-semi-space-size=\d+ --max-old-space-size=\d+/
        .exec(readFileSync(join(root, file), 'utf8'))
        ?.at(0),
    );

    expect(launcher).toBeDefined();
    expect(image).toBe(launcher);
  });
});

describe('the versions of Node', () => {
  it('have the same minimum in npm, in the launcher and in the README', () => {
    const { engines } = manifestIn(root);

    expect(minVersion(engines?.node ?? '')?.version).toBe(NAMED[0]);
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('Node.js 20.19');
    expect(sentence('tooOld', '20.18.3')).toBe('Lumi needs Node 20.19 or newer; this is Node 20.18.3.');
    expect(sentence('tooOld', '20.19.0')).toBe('null');
  });

  it("are tested up to the version that the launcher names, the image's included", () => {
    const ci = readFileSync(join(root, '.ci', 'run'), 'utf8');
    const image = /^ARG NODE_IMAGE=.*\bnode:(\d+)-/m.exec(
      readFileSync(join(root, 'infra', 'docker', 'Dockerfile'), 'utf8'),
    )?.[1];

    for (const major of ['22', '24']) {
      expect(sentence('untested', `${major}.1.0`)).toBe('null');
      expect(ci).toContain(`on_node ${major} `);
    }
    expect(sentence('untested', `${String(image)}.1.0`)).toBe('null');
    expect(sentence('untested', '26.0.0')).toBe(
      'Lumi was never tested on Node 26.0.0; it is tested on Node 20, 22 and 24.',
    );
  });

  it('are accepted by every package that runs with Lumi', () => {
    const packages = [...runningPackages()];

    expect(packages.length).toBeGreaterThan(50);
    expect(
      packages
        .filter(({ engines }) => !NAMED.every((version) => satisfies(version, engines?.node ?? '*')))
        .map(({ name, version, engines }) => `${name}@${version}: ${String(engines?.node)}`),
    ).toEqual([]);
  });
});

/** The launcher's message on another version. It is asked in a separate process, because scripts are ES modules. */
function sentence(name: string, version: string): string {
  return execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { ${name} } from './scripts/node-versions.mjs'; console.log(${name}('${version}'))`,
    ],
    { cwd: root, encoding: 'utf8' },
  ).trim();
}

/** The dependencies of all members, and theirs, as they are installed. */
function* runningPackages(): Generator<Manifest> {
  const seen = new Set<string>();
  const waiting = [
    'gateway',
    ...['services', 'packages'].flatMap((shelf) => readdirSync(join(root, shelf)).map((name) => join(shelf, name))),
  ]
    .map((member) => join(root, member))
    .filter((folder) => existsSync(join(folder, 'package.json')));
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const manifest = manifestIn(folder);
    if (seen.has(folder)) continue;
    seen.add(folder);
    yield manifest;
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      const found = installed(folder, name);
      if (found !== null) waiting.push(found);
    }
  }
}

/** Where Node finds a package from this folder; null when it is not installed. */
function installed(from: string, name: string): string | null {
  for (let at = from; at !== dirname(at); at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return realpathSync(folder);
  }
  return null;
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest; // npm's own format
}
