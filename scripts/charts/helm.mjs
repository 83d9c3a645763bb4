// The charts in a folder of their own, with their dependencies, so that the sources stay as they are.
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chartsFolder } from './documents.mjs';
import { run } from './tools.mjs';

/** In the order of their dependencies. */
const ORDER = ['lumi-gateway', 'lumi-service', 'lumi'];

/** Returns the folder; the caller removes it. */
export function packedCharts() {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-charts-'));
  cpSync(chartsFolder, folder, { recursive: true });
  for (const chart of ORDER) {
    const { ok, stdout, stderr } = run('helm', ['dependency', 'update', '--skip-refresh', join(folder, chart)]);
    if (!ok) throw new Error(`helm dependency update ${chart} failed:\n${stdout}${stderr}`);
  }
  return folder;
}

/**
 * @param {string} folder
 * @param {string} chart
 * @param {{ files?: readonly string[]; set?: readonly string[]; kubernetes?: string; release?: string }} options
 */
export function template(folder, chart, { files = [], set = [], kubernetes = '1.34.0', release = 'some-release' }) {
  return run('helm', ['template', release, join(folder, chart), ...valueArgs(folder, files, set, kubernetes)]);
}

/**
 * @param {string} folder
 * @param {string} chart
 * @param {{ files?: readonly string[]; set?: readonly string[]; kubernetes?: string }} options
 */
export function lint(folder, chart, { files = [], set = [], kubernetes = '1.34.0' }) {
  return run('helm', ['lint', '--strict', join(folder, chart), ...valueArgs(folder, files, set, kubernetes)]);
}

/**
 * `json:path=…` is set as JSON, `kube:1.30.0` is another version of Kubernetes.
 *
 * @param {string} folder
 * @param {readonly string[]} files
 * @param {readonly string[]} set
 * @param {string} kubernetes
 */
function valueArgs(folder, files, set, kubernetes) {
  const version = set.find((one) => one.startsWith('kube:'))?.slice('kube:'.length) ?? kubernetes;
  return [
    '--namespace=lumi',
    `--kube-version=${version}`,
    ...files.map((file) => `--values=${join(folder, 'values', file)}`),
    ...set
      .filter((one) => !one.startsWith('kube:'))
      .flatMap((one) => (one.startsWith('json:') ? ['--set-json', one.slice('json:'.length)] : ['--set', one])),
  ];
}
