// The charts' documents and values against each other: tables of values, of Secrets and of flows, versions.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../build.mjs';
import { ofKind, parseManifests, podsOf } from './manifests.mjs';
import { flowRows } from './network.mjs';
import { secretFiles } from './workloads.mjs';

/** @typedef {import('./manifests.mjs').Json} Json */
/** @typedef {import('./manifests.mjs').Manifest} Manifest */

export const chartsFolder = join(root, 'infra', 'helm');
export const CHARTS = ['lumi-gateway', 'lumi-service', 'lumi'];
const LIBRARY = 'lumi-library';
const DEFAULT_MAX = 40;

/** @param {readonly string[]} path */
const read = (...path) => readFileSync(join(chartsFolder, ...path), 'utf8');

/** @returns {string[]} */
export function documentFaults() {
  return [...CHARTS.flatMap(valueFaults), ...globalFaults(), ...versionFaults()];
}

/**
 * Every value is in a table, with its default; the tables name no other.
 *
 * @param {string} chart
 */
function valueFaults(chart) {
  const own = tableRows(read(chart, 'README.md'));
  const shared = tableRows(read('README.md')).filter(([name]) => name?.startsWith('`global.'));
  const documented = new Map([...own, ...shared].map(([name = '', value = '']) => [name, value]));
  const wanted = new Map(leavesOf(parse(read(chart, 'values.yaml'))));
  return [
    ...[...wanted].flatMap(([name, value]) => {
      const found = documented.get(name);
      if (found === undefined) return [`${chart}: ${name} is in no table of values`];
      return found === value ? [] : [`${chart}: the default of ${name} is ${value}, the table says ${found}`];
    }),
    ...[...documented.keys()].filter((name) => !wanted.has(name)).map((name) => `${chart} has no value ${name}`),
  ];
}

/**
 * The cells of a document's tables, without their heads.
 *
 * @param {string} text
 */
function tableRows(text) {
  return text
    .split('\n')
    .filter((line) => /^\| `[\w.]+` /.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    )
    .filter(([, second, third]) => second !== undefined && third !== undefined);
}

/**
 * @param {unknown} value
 * @param {string} [path]
 * @returns {[name: string, value: string][]}
 */
function leavesOf(value, path = '') {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0)
    return Object.entries(value).flatMap(([key, one]) => leavesOf(one, path === '' ? key : `${path}.${key}`));
  const text = JSON.stringify(value);
  return [[`\`${path}\``, text.length > DEFAULT_MAX ? 'see `values.yaml`' : `\`${text}\``]];
}

/** The same `global` block can be given to each release, so each chart has the same defaults. */
function globalFaults() {
  const [first, ...others] = CHARTS.map((chart) => JSON.stringify(parse(read(chart, 'values.yaml')).global));
  return others.every((one) => one === first) ? [] : ['the charts have different defaults under global'];
}

function versionFaults() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return [...CHARTS, LIBRARY].flatMap((chart) => {
    /** @type {Json} */
    const { version: own, appVersion = own, dependencies = [] } = parse(read(chart, 'Chart.yaml'));
    const all = [own, appVersion, ...dependencies.map((/** @type {Json} */ one) => one.version)];
    return all.every((one) => one === version) ? [] : [`${chart}/Chart.yaml names another version than ${version}`];
  });
}

/**
 * The alerts in the cluster are those of infra/monitoring.
 *
 * @param {readonly Manifest[]} manifests
 */
export function ruleFaults(manifests) {
  const folder = join(root, 'infra', 'monitoring', 'rules');
  const names = (/** @type {Json} */ { groups }) =>
    groups.flatMap((/** @type {Json} */ { name, rules }) =>
      rules.map((/** @type {Json} */ one) => `${name} ${one.alert ?? one.record}: ${one.expr}`),
    );
  const wanted = readdirSync(folder)
    .filter((file) => file.endsWith('.rules.yml'))
    .flatMap((file) => names(parse(readFileSync(join(folder, file), 'utf8'))));
  const rendered = ofKind(manifests, 'PrometheusRule').flatMap(({ spec }) => names(spec));
  return wanted.length > 0 && JSON.stringify(wanted.sort()) === JSON.stringify(rendered.sort())
    ? []
    : [`the PrometheusRule has ${rendered.length} rules, infra/monitoring has ${wanted.length}, or they differ`];
}

/** The manifests of docs/deploying.md that Kubernetes itself knows; CloudNativePG's are of another project. */
export function documentedManifests() {
  const text = readFileSync(join(root, 'docs', 'deploying.md'), 'utf8');
  return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)]
    .flatMap(([, yaml = '']) => parseManifests(yaml))
    .filter(({ apiVersion }) => typeof apiVersion === 'string' && !apiVersion.startsWith('postgresql.cnpg.io/'));
}

/**
 * The table of flows is what these manifests allow.
 *
 * @param {readonly Manifest[]} manifests
 */
export function flowTableFaults(manifests) {
  const squeezed = read('README.md')
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' '));
  const documented = squeezed.filter((line) => line.startsWith('| `lumi-') && line.split('|').length === 6);
  const rendered = flowRows(manifests);
  return [
    ...rendered.filter((row) => !documented.includes(row)).map((row) => `infra/helm/README.md lacks the flow ${row}`),
    ...documented.filter((row) => !rendered.includes(row)).map((row) => `no policy allows the flow ${row}`),
  ];
}

/**
 * The table of Secrets is what these manifests read.
 *
 * @param {readonly Manifest[]} manifests
 * @param {string} installation
 */
export function secretTableFaults(manifests, installation) {
  const documented = new Set(
    [...read('README.md').matchAll(/^\| `(<installation>-\S+)` +\|(.*)\|$/gm)].flatMap(([, secret = '', keys = '']) =>
      [...keys.matchAll(/`([A-Z_0-9]+)`/g)].map(([, key]) => `${secret} ${key}`),
    ),
  );
  const used = new Set(
    podsOf(manifests).flatMap((pod) =>
      secretFiles(pod)
        .filter(({ secret }) => secret.startsWith(`${installation}-`))
        .map(({ secret, key }) => {
          const name = secret.slice(installation.length + 1).replace(/^(domains|vps|proxy)$/, '<product>');
          return `<installation>-${name} ${key}`;
        }),
    ),
  );
  return [
    ...[...used].filter((one) => !documented.has(one)).map((one) => `infra/helm/README.md lacks the key ${one}`),
    ...[...documented].filter((one) => !used.has(one)).map((one) => `no pod reads the key ${one}`),
  ];
}
