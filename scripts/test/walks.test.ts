// Carries out the two walks of CONTRIBUTING.md word for word on a clean copy of this folder: their steps suffice to add
// an endpoint, and to sell a new thing, which is then bought.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

jest.setTimeout(300_000);

const root = join(__dirname, '..', '..');
const parent = mkdtempSync(join(tmpdir(), 'lumi walks '));
const copy = join(parent, 'lumi');

interface Step {
  readonly file: string;
  apply(text: string | null): string;
}

const GUIDE = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
const STEP = new RegExp(
  [
    /^New file `(?<made>[^`]+)`:\n\n```\w+\n(?<whole>[\s\S]*?)^```$/,
    /^In `(?<file>[^`]+)`, above the line\s`(?<anchor>[^\n]+)`:\n\n```\w+\n(?<lines>[\s\S]*?)^```$/,
    /^In `(?<changed>[^`]+)`,\s`(?<old>[^\n]+)`\sbecomes\s`(?<next>[^\n]+)`\.$/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gm',
);

function stepsOf(walk: string): Step[] {
  const text = GUIDE.split(/^## /m).find((section) => section.startsWith(walk)) ?? '';
  const steps = [...text.matchAll(STEP)].map(({ groups = {} }): Step => {
    const { made, whole = '', file, anchor = '', lines = '', changed = '', old = '', next = '' } = groups;
    if (made !== undefined)
      return { file: made, apply: (before) => (before === null ? whole : fail(`${made} is there already`)) };
    if (file !== undefined)
      return { file, apply: (before) => above(file, before ?? fail(`${file} is not there`), anchor, lines) };
    return {
      file: changed,
      apply: (before) =>
        before?.split(old).length === 2
          ? before.replace(old, () => next)
          : fail(`${changed} does not hold ${old} once`),
    };
  });
  // A step with another wording would be skipped silently.
  expect(steps.length).toBe(text.match(/^(New file|In) `/gm)?.length);
  return steps;
}

function above(file: string, text: string, anchor: string, lines: string): string {
  const all = text.split('\n');
  const found = all.flatMap((line, i) => (line.startsWith(anchor) ? [i] : []));
  const [at] = found.length === 1 ? found : [];
  if (at === undefined) return fail(`${file} has ${String(found.length)} lines that begin with ${anchor}`);
  return [...all.slice(0, at), lines.replace(/\n$/, ''), ...all.slice(at)].join('\n');
}

function fail(text: string): never {
  throw new Error(text);
}

function take(steps: readonly Step[]): string[] {
  for (const { file, apply } of steps) {
    const path = join(copy, file);
    const text = apply(existsSync(path) ? readFileSync(path, 'utf8') : null);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return [...new Set(steps.map(({ file }) => file))];
}

/** Returns the output; throws with all of it when the command fails. */
function run(args: readonly string[]): Promise<string> {
  const { LUMI_TEST_CLUSTER: cluster = '{}', JEST_WORKER_ID: _worker, NODE_ENV: _mode, ...env } = process.env;
  const { ownerUrl } = JSON.parse(cluster) as { ownerUrl?: string }; // written by scripts/jest/global-setup.mjs
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...args],
      {
        cwd: copy,
        env: { ...env, ...(ownerUrl === undefined ? {} : { TEST_DATABASE_URL: ownerUrl }) },
        maxBuffer: 1 << 26,
      },
      (err, out, said) => {
        if (err === null) resolve(`${out}${said}`);
        else reject(new Error(`${args.join(' ')}\n${out}${said}`));
      },
    );
  });
}

beforeAll(() => {
  const skipped = new Set(['.git', '.lumi', 'coverage']);
  cpSync(root, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => path !== join(root, 'node_modules') && !skipped.has(basename(path)),
  });
  // Packages are shared; the copy has its own stamps and caches.
  const [from, to] = [join(root, 'node_modules'), join(copy, 'node_modules')];
  mkdirSync(to);
  for (const name of readdirSync(from).filter((entry) => !entry.startsWith('.lumi') && entry !== '.cache'))
    symlinkSync(join(from, name), join(to, name));
  for (const name of ['.lumi-install-stamp', '.lumi-generate-stamp', '.cache/lumi-check'])
    if (existsSync(join(from, name))) cpSync(join(from, name), join(to, name), { recursive: true });
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

it('lead to an endpoint that is served and to a thing that is bought, without any further step', async () => {
  const files = [...take(stepsOf('Walk 1')), ...take(stepsOf('Walk 2'))];
  expect(files.length).toBeGreaterThan(15);

  await run(['scripts/check.mjs', 'types', 'imports', 'dead', 'OpenAPI']);
  await run(['node_modules/eslint/bin/eslint.js', ...new Set(files.filter((file) => file.endsWith('.ts')))]);
  for (const file of files.filter((name) => /\.[cm]js$/.test(name))) await run(['--check', file]);

  const said = await run([
    'node_modules/jest/bin/jest.js',
    'services/vps/test/export-disk.test.ts',
    'scripts/test/contract/vps.test.ts',
    '-t',
    'get-paid-time|export-disk|recipe for every operation|books right',
    '--verbose',
  ]);
  expect(said).toMatch(/get-paid-time\s+✓ answers as documented/);
  expect(said).toMatch(/export-disk\s+✓ answers as documented/);
  expect(said).toContain('✓ leaves the books right');
  expect(said).toContain('✓ is charged per GB of the plan, and its answer is repeated');
});
