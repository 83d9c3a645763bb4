// `npm run check:charts`: the Helm charts of infra/helm, linted, rendered, checked against Kubernetes' schemas and
// against what infra/helm/README.md says. Skipped, with the reason, on a machine without Go.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build.mjs';
import {
  chartsFolder,
  documentedManifests,
  documentFaults,
  flowTableFaults,
  ruleFaults,
  secretTableFaults,
} from './charts/documents.mjs';
import { lint, packedCharts, template } from './charts/helm.mjs';
import { parseManifests, podsOf } from './charts/manifests.mjs';
import { connectionFaults } from './charts/connections.mjs';
import { mutationFaults } from './charts/mutations.mjs';
import { playFaults, whyNotPlay } from './charts/play.mjs';
import { podSecurityFaults } from './charts/pod-security.mjs';
import { REFUSALS } from './charts/refusals.mjs';
import { KUBERNETES, schemaLocation } from './charts/schemas.mjs';
import { run, whyNot } from './charts/tools.mjs';
import { workloadFaults } from './charts/workloads.mjs';
import { Cleanups } from './cleanups.mjs';
import { messageOf } from './errors.mjs';

/** @typedef {import('./charts/manifests.mjs').Manifest} Manifest */

const SIZES = ['small', 'large', 'everything-on'];
const URL = 'global.publicUrl=https://api.example.com';
/** Each chart for itself, as a release of one product; and without all that can be left out. */
const ALONE = [
  {
    title: 'lumi, as little as possible',
    chart: 'lumi',
    set: [
      URL,
      ...['global.redis.enabled', 'global.network.policies', 'proxy.enabled'].map((name) => `${name}=false`),
      ...['gateway', 'domains', 'vps'].flatMap((part) => [
        `${part}.migrations.enabled=false`,
        `${part}.http.podDisruptionBudget.enabled=false`,
      ]),
    ],
  },
  { title: 'lumi-gateway', chart: 'lumi-gateway', set: [URL] },
  ...['domains', 'vps', 'proxy'].map((product) => ({
    title: `lumi-service, ${product}`,
    chart: 'lumi-service',
    set: [URL, `product=${product}`],
  })),
];
const NODE = ['proxy.node.enabled=true', 'proxy.settings.PROXY_ENTRY_HOST=proxy.example.com'];
const SHOWN_MAX = 12;

let failed = 0;

/**
 * @param {string} what
 * @param {readonly string[]} faults
 */
function report(what, faults) {
  console.log(`${faults.length === 0 ? '✓' : '✗'} ${what}`);
  for (const fault of faults.slice(0, SHOWN_MAX)) console.log(`    ${fault}`);
  if (faults.length > SHOWN_MAX) console.log(`    … and ${faults.length - SHOWN_MAX} more`);
  if (faults.length > 0) failed += 1;
}

/** @param {string} folder the packed charts */
function check(folder) {
  report('values.schema.json and rules are up to date', schemaFaults());
  report('values, documents and versions agree', documentFaults());
  for (const size of SIZES) {
    const files = [`${size}.yaml`];
    report(`lumi, ${size}: helm lint`, lintFaults(lint(folder, 'lumi', { files })));
    const manifests = checked(`lumi, ${size}`, template(folder, 'lumi', { files }));
    if (size === 'small') {
      const withNode = checked('lumi, small with a node', template(folder, 'lumi', { files, set: NODE }));
      report('lumi, small with a node: who reaches whom', connectionFaults(withNode));
      report('lumi, small: who reaches whom', connectionFaults(manifests));
      const { count, faults } = mutationFaults(withNode);
      report(`${count} faults on purpose are noticed`, faults);
    }
    if (size === 'everything-on') {
      report('a wrong field in any kind is noticed', looseSchemas(manifests));
      report('the alerts are those of infra/monitoring', ruleFaults(manifests));
    }
  }
  for (const { title, chart, set } of ALONE) {
    report(`${title}: helm lint`, lintFaults(lint(folder, chart, { set })));
    checked(title, template(folder, chart, { set }));
  }
  const documented = documentedManifests();
  const text = documented.map((one) => JSON.stringify(one)).join('\n---\n');
  report(
    `docs/deploying.md: ${documented.length} manifests`,
    Object.keys(KUBERNETES).flatMap((version) => conformFaults(text, version)),
  );
  const full = ['global.postgresql.pooler=true', 'gateway.tools.enabled=true', URL, ...NODE];
  const all = template(folder, 'lumi', {
    set: [...full, 'global.telemetry.endpoint=http://collector.monitoring:4318'],
  });
  report('the flows are those of infra/helm/README.md', flowTableFaults(parseManifests(all.stdout)));
  report('the Secrets are those of infra/helm/README.md', secretTableFaults(parseManifests(all.stdout), 'lumi'));
  report(
    `${REFUSALS.length} faulty values are refused`,
    REFUSALS.flatMap((one) => refusalFaults(folder, one)),
  );
}

/**
 * Renders well, fits both versions of Kubernetes, and holds to our own rules.
 *
 * @param {string} what
 * @param {ReturnType<typeof run>} rendered
 * @returns {Manifest[]}
 */
function checked(what, { ok, stdout, stderr }) {
  if (!ok) {
    report(`${what}: helm template`, [stderr]);
    return [];
  }
  const manifests = parseManifests(stdout);
  for (const version of Object.keys(KUBERNETES))
    report(`${what}: Kubernetes ${version}, ${manifests.length} objects`, conformFaults(stdout, version));
  report(`${what}: Pod Security restricted`, podsOf(manifests).flatMap(podSecurityFaults));
  report(`${what}: probes, stops, selectors, migrations, secrets`, workloadFaults(manifests));
  return manifests;
}

/**
 * @param {string} manifests
 * @param {string} version
 */
function conformFaults(manifests, version) {
  const args = [
    '-strict',
    '-output',
    'json',
    '-kubernetes-version',
    version,
    '-schema-location',
    schemaLocation(),
    '-',
  ];
  const { stdout, stderr } = run('kubeconform', args, { input: manifests });
  if (stdout.trim() === '') return [stderr];
  /** @type {{ resources?: { kind: string; name: string; status: string; msg: string }[] }} */
  const { resources = [] } = JSON.parse(stdout);
  return resources.map(({ kind, name, status, msg }) => `${kind} ${name}: ${status} ${msg}`);
}

/**
 * The kinds in which the schemas accept a field that does not exist, or a value of the wrong type.
 *
 * @param {readonly Manifest[]} manifests
 */
function looseSchemas(manifests) {
  const kinds = new Map(manifests.filter(({ spec }) => spec !== undefined).map((one) => [one.kind, one]));
  return [...kinds].flatMap(([kind, one]) =>
    [{ ...one.spec, lumi: 1 }, 'text'].flatMap((spec) => {
      const [version = ''] = Object.keys(KUBERNETES);
      const faults = conformFaults(JSON.stringify({ ...one, spec }), version);
      return faults.some((fault) => fault.includes('statusInvalid'))
        ? []
        : [`${kind} with spec ${JSON.stringify(spec)}`];
    }),
  );
}

/** @param {ReturnType<typeof run>} linted */
const lintFaults = ({ ok, stdout, stderr }) => (ok ? [] : [stdout, stderr]);

function schemaFaults() {
  const { status, stderr } = spawnSync(process.execPath, [join(chartsFolder, 'make-charts.mjs'), '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  return status === 0 ? [] : stderr.trim().split('\n');
}

/**
 * @param {string} folder
 * @param {import('./charts/refusals.mjs').Refusal} refusal
 */
function refusalFaults(folder, { title, chart, set, says }) {
  const { ok, stderr } = template(folder, chart, { set });
  if (ok) return [`${title}: accepted`];
  return says.test(stderr.replaceAll('\n', ' ')) ? [] : [`${title}: refused, but with\n      ${stderr.trim()}`];
}

const reason = whyNot();
if (reason !== null) {
  console.log(`check:charts skipped: ${reason}`);
  process.exit(0);
}
const cleanups = new Cleanups();
try {
  const folder = packedCharts();
  cleanups.later(() => rmSync(folder, { recursive: true, force: true }));
  check(folder);
  const why = whyNotPlay();
  if (why !== null) console.log(`- the pods were not run by podman: ${why}`);
  else
    report(
      'the smallest pods, run by podman: probes, a sale of each product, stops',
      await playFaults(folder, cleanups),
    );
} catch (err) {
  report('the check itself', [messageOf(err)]);
}
await cleanups.run();
console.log(failed === 0 ? 'check:charts: all good' : `check:charts: ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
