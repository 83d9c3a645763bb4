// The programs and the modules that the check of the charts needs, from Go's module proxy. The programs are kept in
// node_modules/.cache, the modules in Go's own cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../build.mjs';

export const cacheFolder = join(root, 'node_modules', '.cache', 'lumi-charts');
/** The first that fetches a newer Go by itself. */
const OLDEST_MINOR = 21;
const VERSION_LIMIT_MS = 60_000;
const INSTALL_LIMIT_MS = 12 * 60_000;
const DOWNLOAD_LIMIT_MS = 5 * 60_000;
const OUTPUT_MAX = 64 * 1024 * 1024;

const PROGRAMS = {
  helm: { module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0' },
  kubeconform: { module: 'github.com/yannh/kubeconform/cmd/kubeconform', version: 'v0.8.0' },
};

/** @typedef {keyof typeof PROGRAMS} Program */

/** Why the check cannot run here, or null. */
export function whyNot() {
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', timeout: VERSION_LIMIT_MS });
  if (status !== 0) return 'Go is not installed (helm and kubeconform are built by go install)';
  const [, minor = OLDEST_MINOR] = /^go1\.(\d+)/.exec(stdout.trim()) ?? [];
  return Number(minor) >= OLDEST_MINOR
    ? null
    : `this is ${stdout.trim()}; from Go 1.${OLDEST_MINOR} on, go install fetches the version that helm needs`;
}

/**
 * Builds it if it is not there yet; returns its path.
 *
 * @param {Program} name
 */
export function program(name) {
  const { module, version } = PROGRAMS[name];
  const folder = join(cacheFolder, `${name}-${version}`);
  const path = join(folder, name);
  if (existsSync(path)) return path;
  console.log(`  go install ${module}@${version} (minutes, the first time)`);
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GOBIN: folder };
  const args = ['install', `${module}@${version}`];
  const { status, stderr } = spawnSync('go', args, { cwd: tmpdir(), env, encoding: 'utf8', timeout: INSTALL_LIMIT_MS });
  if (status !== 0) throw new Error(`go install ${module}@${version} failed: ${(stderr ?? '').slice(-2_000)}`);
  return path;
}

/**
 * The folder of a module's sources.
 *
 * @param {string} moduleVersion `k8s.io/kubernetes@v1.34.2`
 * @returns {string}
 */
export function moduleFolder(moduleVersion) {
  const cwd = mkdtempSync(join(tmpdir(), 'lumi-charts-')); // without a go.mod
  const { status, stdout, stderr } = spawnSync('go', ['mod', 'download', '-json', moduleVersion], {
    cwd,
    encoding: 'utf8',
    timeout: DOWNLOAD_LIMIT_MS,
  });
  rmSync(cwd, { recursive: true });
  if (status !== 0) throw new Error(`go mod download ${moduleVersion} failed: ${stdout}${stderr}`);
  return JSON.parse(stdout).Dir;
}

/**
 * @param {Program} name
 * @param {readonly string[]} args
 * @param {{ cwd?: string; input?: string }} [more]
 */
export function run(name, args, more = {}) {
  const { status, stdout, stderr } = spawnSync(program(name), args, {
    ...more,
    encoding: 'utf8',
    timeout: 2 * 60_000,
    maxBuffer: OUTPUT_MAX,
  });
  return { ok: status === 0, stdout, stderr };
}
