// `npm run check:monitoring`: the rules of infra/monitoring by promtool (their syntax, and their tests), its
// configuration, and the dashboards, which are made from scripts/monitoring/boards.mjs (`--write` makes them anew).
// promtool is in Debian's package `prometheus`. Where it is missing, its part is skipped, with the reason; `--fetch`
// takes it from the package without installing that.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build.mjs';
import { dashboards } from './monitoring/dashboards.mjs';

const folder = join(root, 'infra', 'monitoring');
const boards = join(folder, 'grafana', 'dashboards');
const PROMTOOL_LIMIT_MS = 120_000;
const FETCH_LIMIT_MS = 120_000;
let failed = 0;

/**
 * @param {string} what
 * @param {readonly string[]} faults
 */
function report(what, faults) {
  console.log(`${faults.length === 0 ? '✓' : '✗'} ${what}`);
  for (const fault of faults) console.log(`    ${fault}`);
  if (faults.length > 0) failed += 1;
}

/** @param {readonly string[]} args */
function promtool(args) {
  const { status, stdout, stderr, error } = spawnSync(program ?? 'promtool', args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: PROMTOOL_LIMIT_MS,
  });
  if (error !== undefined) return [error.message];
  return status === 0 ? [] : `${stdout}${stderr}`.trim().split('\n');
}

/** Its path; null: there is none. */
function findPromtool() {
  if (spawnSync('promtool', ['--version']).error === undefined) return 'promtool';
  const cache = join(root, 'node_modules', '.cache', 'promtool');
  const fetched = join(cache, 'usr', 'bin', 'promtool');
  if (existsSync(fetched)) return fetched;
  if (!process.argv.includes('--fetch')) return null;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const script = 'apt-get download -q prometheus && dpkg -x prometheus_*.deb . && rm prometheus_*.deb';
  const { status } = spawnSync('sh', ['-c', script], { cwd: cache, timeout: FETCH_LIMIT_MS, stdio: 'ignore' });
  return status === 0 && existsSync(fetched) ? fetched : null;
}

if (process.argv.includes('--write')) {
  mkdirSync(boards, { recursive: true });
  for (const { name, text } of dashboards()) writeFileSync(join(boards, name), text);
}
const made = new Map(dashboards().map(({ name, text }) => [name, text]));
const there = readdirSync(boards);
report('the dashboards are those of scripts/monitoring/boards.mjs', [
  ...[...made].flatMap(([name, text]) =>
    there.includes(name) && readFileSync(join(boards, name), 'utf8') === text
      ? []
      : [`${name} differs: node scripts/monitoring.mjs --write`],
  ),
  ...there.filter((name) => !made.has(name)).map((name) => `${name} is made from nothing: delete it, or add it there`),
]);

const program = findPromtool();
if (program === null) {
  console.log('- the rules: skipped, because promtool is not here (apt-get install prometheus, or --fetch)');
} else {
  const rules = readdirSync(join(folder, 'rules')).map((name) => join('rules', name));
  report('prometheus.yml', promtool(['check', 'config', 'prometheus.yml']));
  report(
    'the rules',
    promtool(['check', 'rules', '--lint-fatal', ...rules.filter((name) => name.endsWith('.rules.yml'))]),
  );
  for (const name of rules.filter((one) => one.endsWith('.test.yml')))
    report(`the tests of the rules (${name})`, promtool(['test', 'rules', name]));
}
process.exitCode = failed === 0 ? 0 : 1;
