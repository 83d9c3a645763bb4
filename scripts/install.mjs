// Installs the dependencies of the lockfile into node_modules, with only Node and npm on the machine. Does nothing, and
// needs no network, when they are already there.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { codeOf } from './errors.mjs';
import { withLock } from './lock.mjs';
import { tooOld } from './node-versions.mjs';

const PNPM = 'pnpm@12.21.0';
/**
 * Some tools of tests and checks require newer versions of Node. A test ensures that no package that runs with Lumi
 * does (scripts/test/node-versions.test.ts).
 */
const ENGINE_WARNING = /^\[WARN\] Unsupported engine for /;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, 'node_modules', '.lumi-install-stamp');
const ALL = 'with the tools of tests and checks';

/**
 * Of the root's manifest, `dependencies` are what building and running Lumi needs, and `devDependencies` what tests and
 * checks need besides.
 *
 * @param {{ quiet?: boolean; tools?: boolean }} [options] without `tools`, for running only
 */
export async function install({ quiet = false, tools = true } = {}) {
  refuseOldNode();
  if (isInstalled({ tools })) return;
  await withLock(join(root, 'node_modules', '.lumi-install.lock'), async () => {
    if (isInstalled({ tools })) return;
    if (!quiet) console.log(tools ? 'Installing dependencies …' : 'Installing what running Lumi needs …');
    await runPnpm([
      'install',
      '--frozen-lockfile',
      ...(tools ? [] : ['--prod']),
      ...(quiet ? ['--silent'] : ['--reporter=append-only']),
    ]);
    writeFileSync(stampFile, `${stamp()}\n${tools ? ALL : 'what running needs'}\n`);
  });
}

function refuseOldNode() {
  const refusal = tooOld();
  if (refusal === null) return;
  console.error(refusal);
  process.exit(1);
}

/** Whether node_modules has the packages of the lockfile; without `tools`, those that running needs. */
export function isInstalled({ tools = true } = {}) {
  if (!existsSync(join(root, 'node_modules', '.modules.yaml')) || !existsSync(stampFile)) return false;
  const [installed, what] = readFileSync(stampFile, 'utf8').split('\n');
  return installed === stamp() && (what === ALL || !tools);
}

// The lockfile and every manifest together decide what pnpm installs into node_modules.
// The platform too, because native packages differ when one folder is shared by two machines.
function stamp() {
  const hash = createHash('sha256').update(`${PNPM} ${process.platform} ${process.arch}\n`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...memberManifests()]) {
    const path = join(root, file);
    hash.update(`${file}\n`).update(existsSync(path) ? readFileSync(path) : '');
  }
  return hash.digest('hex');
}

function memberManifests() {
  const shelves = ['services', 'packages'].filter((shelf) => existsSync(join(root, shelf)));
  const members = shelves.flatMap((shelf) =>
    readdirSync(join(root, shelf))
      .sort()
      .map((name) => `${shelf}/${name}/package.json`),
  );
  return ['gateway/package.json', ...members];
}

/** @param {readonly string[]} args */
async function runPnpm(args) {
  // CI=true: pnpm must never stop to ask a question, in any terminal.
  const env = { ...process.env, CI: 'true', npm_config_yes: 'true', npm_config_update_notifier: 'false' };
  const code = await new Promise((resolve, reject) => {
    const child = spawn('npx', ['-y', PNPM, ...args], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!ENGINE_WARNING.test(line)) console.log(line);
    });
    child.on('error', (err) =>
      reject(codeOf(err) === 'ENOENT' ? new Error('npx was not found: Lumi needs npm, which comes with Node.') : err),
    );
    child.on('close', resolve);
  });
  if (code !== 0)
    throw new Error(
      'Installing the dependencies failed (see above). The first start needs the npm registry to be reachable.',
    );
}
