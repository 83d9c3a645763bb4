// A machine that dies while a restored database takes the place of the present one: killed before each step of it, the
// next start has either all of the old or all of the new.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const KILLED = 9;

let folder: string;
const cluster = (): string => join(folder, 'postgres');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lumi-restored-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The launcher is ES modules, so it works in a process of its own, which dies before its file step `dieBefore`. */
function run(work: string, dieBefore = Infinity): number | null {
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    let steps = 0;
    for (const name of ['renameSync', 'copyFileSync']) {
      const real = fs[name];
      fs[name] = (...args) => {
        if (steps === ${dieBefore}) process.exit(${KILLED});
        steps += 1;
        return real(...args);
      };
    }
    syncBuiltinESMExports();
    const { replaceCluster, takeRestored } = await import('./packages/launcher/src/restored-cluster.mjs');
    const cluster = process.argv[1];
    ${work}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script, cluster()], { cwd: root }).status;
}

const replace = (secrets: string, dieBefore?: number) =>
  run(`replaceCluster({ cluster, draft: cluster + '.restoring', secrets: ${secrets} })`, dieBefore);
const startAgain = () => run('takeRestored(cluster)');

function make(name: string, content: string): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'rows'), content);
}

const has = () => {
  const named = readdirSync(folder);
  const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8').trim();
  const aside = (of: string) => named.filter((name) => name.startsWith(`${of}.before-restore-`));
  return {
    rows: read('postgres', 'rows'),
    secrets: read('secrets.json'),
    asideRows: aside('postgres').map((name) => read(name, 'rows')),
    asideSecrets: [...new Set(aside('secrets.json').map((name) => read(name)))],
    demo: named.includes('demo.json'),
    asideDemo: aside('demo.json').map((name) => read(name)),
    waiting: named.includes('postgres.restored'),
  };
};

const OLD = {
  rows: 'old',
  secrets: '"old"',
  asideRows: [],
  asideSecrets: [],
  demo: true,
  asideDemo: [],
  waiting: false,
};
const NEW = {
  rows: 'new',
  secrets: '"new"',
  asideRows: ['old'],
  asideSecrets: ['"old"'],
  demo: false,
  asideDemo: ['"keys"'],
  waiting: false,
};

describe('a restored database with secrets of its own', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('is taken whole or not at all when the machine dies before step %i', (step) => {
    make('postgres', 'old');
    make('postgres.restoring', 'new');
    writeFileSync(join(folder, 'secrets.json'), '"old"\n');
    writeFileSync(join(folder, 'demo.json'), '"keys"\n');
    expect(replace('"new"', step)).toBe(step < 7 ? KILLED : 0);
    expect(startAgain()).toBe(0);
    // Steps 0 and 1 write the secrets into the draft and give it its name.
    expect(has()).toEqual(step < 2 ? OLD : NEW);
  });
});

describe('a restored database of this installation', () => {
  it.each([0, 1, 2, 3])('keeps the secrets that are here, also when the machine dies before step %i', (step) => {
    make('postgres', 'old');
    make('postgres.restoring', 'new');
    writeFileSync(join(folder, 'secrets.json'), '"old"\n');
    writeFileSync(join(folder, 'demo.json'), '"keys"\n');
    expect(replace('null', step)).toBe(step < 3 ? KILLED : 0);
    expect(startAgain()).toBe(0);
    expect(has()).toEqual(step < 1 ? OLD : { ...OLD, rows: 'new', asideRows: ['old'] });
  });
});
