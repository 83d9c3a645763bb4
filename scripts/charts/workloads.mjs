// What must hold for the objects of an installation together: probes, a graceful stop, selectors that find something,
// migrations before processes, no secret in plain sight.
import { known } from '../../infra/helm/schemas/settings.mjs';
import { nameOf, ofKind, podsOf, selects } from './manifests.mjs';

/** @typedef {import('./manifests.mjs').Json} Json */
/** @typedef {import('./manifests.mjs').Manifest} Manifest */

/** A process has stopped that long after SIGTERM (packages/shared/src/ground/runtime/shutdown.ts). */
const STOP_SECONDS = 25;
/** What a node needs beyond the time for its connections (services/proxy/src/node/stopping.ts). */
const FLUSH_SECONDS = 8;
const COMPONENT = 'app.kubernetes.io/component';
const HOOK = 'helm.sh/hook';
const WEIGHT = 'helm.sh/hook-weight';

/**
 * @param {readonly Manifest[]} manifests
 * @returns {string[]}
 */
export function workloadFaults(manifests) {
  return [
    ...running(manifests).flatMap((one) => runningFaults(one, manifests)),
    ...ofKind(manifests, 'StatefulSet').flatMap((one) => diskFaults(one, manifests)),
    ...podsOf(manifests).flatMap((pod) => accountFaults(pod, manifests)),
    ...selectorFaults(manifests),
    ...ofKind(manifests, 'Job').flatMap((job) => migrationFaults(job, manifests)),
    ...secretFaults(manifests),
    ...running(manifests).flatMap(settingFaults),
    ...twice(manifests.map(nameOf)).map((name) => `${name} is rendered twice`),
  ];
}

/** @param {readonly Manifest[]} manifests */
const running = (manifests) => [...ofKind(manifests, 'Deployment'), ...ofKind(manifests, 'StatefulSet')];

/**
 * @param {Manifest} set
 * @param {readonly Manifest[]} manifests
 */
function diskFaults({ kind, metadata, spec }, manifests) {
  const governs = ofKind(manifests, 'Service').find((one) => one.metadata.name === spec.serviceName);
  const [container] = spec.template.spec.containers;
  const mounts = new Map(container.volumeMounts.map((/** @type {Json} */ one) => [one.name, one.mountPath]));
  const env = environmentOf(container);
  /** @type {(string | false)[]} */
  const faults = [
    (governs?.spec.clusterIP !== 'None' || !selects(governs.spec.selector, spec.template.metadata.labels)) &&
      'has no headless Service of its own',
    ...spec.volumeClaimTemplates.map(
      (/** @type {Json} */ { metadata: { name } }) => !mounts.has(name) && `does not mount its disk ${name}`,
    ),
    // The root of a disk belongs to root; only a folder in it can belong to the user alone.
    !env.PROXY_NODE_DATA?.startsWith(`${mounts.get('data')}/`) && 'has its data in no folder of its disk',
  ];
  return faults.filter((fault) => fault !== false).map((fault) => `${kind} ${metadata.name} ${fault}`);
}

/**
 * @param {Json} container
 * @returns {Record<string, string | undefined>}
 */
function environmentOf(container) {
  return Object.fromEntries((container.env ?? []).map((/** @type {Json} */ { name, value }) => [name, value]));
}

/**
 * @param {Manifest} deployment
 * @param {readonly Manifest[]} manifests
 */
function runningFaults(deployment, manifests) {
  const { template, replicas } = deployment.spec;
  const scalers = manifests.filter(
    ({ kind, spec }) =>
      ['HorizontalPodAutoscaler', 'ScaledObject'].includes(kind) &&
      spec.scaleTargetRef.name === deployment.metadata.name,
  );
  // Nobody calls the pod for the operator's command, and nothing in it is in progress.
  const serves = template.metadata.labels[COMPONENT] !== 'tools';
  const spread = (template.spec.topologySpreadConstraints ?? []).map((/** @type {Json} */ one) => one.topologyKey);
  /** @type {(string | false)[]} */
  const faults = [
    scalers.length > 1 && 'has two scalers',
    scalers.length === 1 && replicas !== undefined && 'has replicas, which each upgrade would set against its scaler',
    scalers.length === 0 && replicas === undefined && 'has no replicas',
    serves && !spread.includes('kubernetes.io/hostname') && 'is not spread over nodes',
    serves && !spread.includes('topology.kubernetes.io/zone') && 'is not spread over zones',
    ...(serves ? template.spec.containers.flatMap((/** @type {Json} */ one) => servingFaults(one, template.spec)) : []),
  ];
  return faults.filter((fault) => fault !== false).map((fault) => `${nameOf(deployment)} ${fault}`);
}

/**
 * @param {Json} container
 * @param {Json} pod
 * @returns {(string | false)[]}
 */
function servingFaults(container, pod) {
  const asks = (/** @type {Json | undefined} */ probe, /** @type {string} */ path) =>
    probe?.httpGet?.path === path && portOf(container, probe.httpGet.port) === portOf(container, 'metrics');
  const env = environmentOf(container);
  const http = portOf(container, 'http');
  const { STOP_DELAY_MS: delayMs, PROXY_NODE_DRAIN_S: drain } = env;
  const stop = drain === undefined ? STOP_SECONDS : Number(delayMs) / 1_000 + Number(drain) + FLUSH_SECONDS - 1;
  return [
    portOf(container, 'metrics') === undefined && 'has no port for metrics and probes',
    !asks(container.startupProbe, '/healthz') && 'has no startup probe of /healthz on its metrics port',
    !asks(container.livenessProbe, '/healthz') && 'has no liveness probe of /healthz on its metrics port',
    !asks(container.readinessProbe, '/readyz') && 'has no readiness probe of /readyz on its metrics port',
    (http !== undefined || drain !== undefined) &&
      !(Number(delayMs) > 0) &&
      'closes its port while its Service still sends requests',
    !(pod.terminationGracePeriodSeconds > stop) && 'is killed before its work in progress is done',
    env.METRICS_PORT !== String(portOf(container, 'metrics')) && 'listens for probes elsewhere',
    http !== undefined && env.PORT !== String(http) && 'listens elsewhere than its port says',
  ];
}

/**
 * @param {Json} container
 * @param {string | number} port
 * @returns {number | undefined}
 */
function portOf({ ports = [] }, port) {
  return typeof port === 'number' ? port : ports.find((/** @type {Json} */ one) => one.name === port)?.containerPort;
}

/**
 * @param {import('./manifests.mjs').Pod} pod
 * @param {readonly Manifest[]} manifests
 */
function accountFaults({ owner, spec }, manifests) {
  const account = ofKind(manifests, 'ServiceAccount').find(({ metadata }) => metadata.name === spec.serviceAccountName);
  if (account === undefined) return [`${nameOf(owner)} names a ServiceAccount that is not there`];
  return account.automountServiceAccountToken === false ? [] : [`${nameOf(account)} gives out tokens`];
}

/**
 * Every selector finds the pods of one workload, every target is there.
 *
 * @param {readonly Manifest[]} manifests
 */
function selectorFaults(manifests) {
  const pods = podsOf(manifests);
  /** @type {string[]} */
  const faults = [];
  for (const one of manifests) {
    const { kind, spec } = one;
    if (kind === 'Service' || kind === 'PodDisruptionBudget') {
      const found = pods.filter(({ labels }) => selects(spec.selector, labels));
      if (found.length !== 1) faults.push(`${nameOf(one)} finds ${found.length} workloads`);
      for (const { name, targetPort } of spec.ports ?? [])
        if (found.some((pod) => portOf(pod.spec.containers[0], targetPort) === undefined))
          faults.push(`${nameOf(one)}: the pods have no port for ${name}`);
    }
    if (['Deployment', 'StatefulSet'].includes(kind) && !selects(spec.selector, spec.template.metadata.labels))
      faults.push(`${nameOf(one)} does not find its own pods`);
    if (kind === 'NetworkPolicy' && !pods.some(({ labels }) => selects(spec.podSelector, labels)))
      faults.push(`${nameOf(one)} is for no pods`);
    if (kind === 'ServiceMonitor') {
      const found = ofKind(manifests, 'Service').filter(({ metadata }) =>
        selects(spec.selector, metadata.labels ?? {}),
      );
      if (found.length !== 1) faults.push(`${nameOf(one)} finds ${found.length} Services`);
    }
    const target = spec?.scaleTargetRef?.name;
    if (target !== undefined && !ofKind(manifests, 'Deployment').some(({ metadata }) => metadata.name === target))
      faults.push(`${nameOf(one)} scales ${target}, which is not there`);
  }
  return faults;
}

/**
 * @param {Manifest} job
 * @param {readonly Manifest[]} manifests
 */
function migrationFaults(job, manifests) {
  const weight = weightOf(job);
  const labels = job.spec.template.metadata.labels;
  const part = labels['app.kubernetes.io/name'];
  const needed = manifests.filter(
    ({ kind, metadata, spec }) =>
      (kind === 'ServiceAccount' && metadata.name === job.spec.template.spec.serviceAccountName) ||
      (kind === 'NetworkPolicy' && selects(spec.podSelector, labels)),
  );
  const platform = ofKind(manifests, 'Job').find(
    ({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === 'gateway',
  );
  /** @type {(string | false)[]} */
  const faults = [
    job.metadata.annotations?.[HOOK] !== 'pre-install,pre-upgrade' && 'does not run before the processes',
    job.spec.template.spec.restartPolicy !== 'Never' && 'restarts in its pod, so that the log of a failure is lost',
    part !== 'gateway' && platform !== undefined && weightOf(platform) >= weight && 'runs before the platform’s',
    ...needed.map((one) => weightOf(one) >= weight && `starts before ${nameOf(one)} is there`),
  ];
  return faults.filter((fault) => fault !== false).map((fault) => `${nameOf(job)} ${fault}`);
}

/** @param {Manifest} manifest what is no hook comes after all of them */
function weightOf({ metadata: { annotations = {} } }) {
  return annotations[HOOK] === undefined ? Number.POSITIVE_INFINITY : Number(annotations[WEIGHT] ?? 0);
}

/**
 * A process gets no setting that it does not read: it would be a mistake, or an old name.
 *
 * @param {Manifest} deployment
 */
function settingFaults(deployment) {
  const { metadata, spec } = deployment.spec.template;
  if (metadata.labels[COMPONENT] === 'tools') return [];
  /** @type {Record<string, string[]>} */
  const ofProcess = known;
  const isNode = metadata.labels[COMPONENT] === 'node';
  const read = ofProcess[isNode ? 'proxy-node' : metadata.labels['app.kubernetes.io/name']] ?? [];
  return (spec.containers[0].env ?? [])
    .filter((/** @type {Json} */ { valueFrom }) => valueFrom === undefined)
    .map((/** @type {Json} */ { name }) => name.replace(/_FILE$/, ''))
    .filter((/** @type {string} */ name) => !read.includes(name) && !name.startsWith('OTEL_'))
    .map((/** @type {string} */ name) => `${nameOf(deployment)} gets ${name}, which it does not read`);
}

/**
 * Secrets are made by others, and reach a process as files.
 *
 * @param {readonly Manifest[]} manifests
 */
function secretFaults(manifests) {
  return [
    ...ofKind(manifests, 'Secret').map((one) => `${nameOf(one)} is in the chart`),
    ...podsOf(manifests).flatMap(({ owner, spec }) => {
      const [container] = spec.containers;
      const env = container.env ?? [];
      const fromSecrets = env.filter((/** @type {Json} */ { valueFrom }) => valueFrom?.secretKeyRef !== undefined);
      const named = env.filter((/** @type {Json} */ { name }) => name.endsWith('_FILE'));
      const mount = container.volumeMounts.find((/** @type {Json} */ { name }) => name === 'secrets');
      // Of the first pod, when each has a folder of its own.
      const own = mount?.subPathExpr === '$(POD_NAME)' ? `${owner.metadata.name}-0/` : '';
      const files = secretFiles({ spec })
        .filter(({ path }) => path.startsWith(own))
        .map(({ path }) => ({ path: path.slice(own.length) }));
      return [
        ...fromSecrets.map((/** @type {Json} */ { name }) => `${nameOf(owner)} has ${name} in its environment`),
        ...named
          .filter((/** @type {Json} */ { value }) => !files.some(({ path }) => value === `${mount?.mountPath}/${path}`))
          .map((/** @type {Json} */ { name }) => `${nameOf(owner)}: ${name} names no file of a Secret`),
        ...(owner.kind === 'StatefulSet' && own === '' ? [`${nameOf(owner)} gives each pod the secrets of all`] : []),
        ...(named.length === files.length ? [] : [`${nameOf(owner)} has a file of a Secret that no setting names`]),
      ];
    }),
  ];
}

/**
 * The keys of Secrets that a pod reads, and the names of their files.
 *
 * @param {Pick<import('./manifests.mjs').Pod, 'spec'>} pod
 * @returns {{ secret: string; key: string; path: string }[]}
 */
export function secretFiles({ spec }) {
  return (spec.volumes ?? []).flatMap((/** @type {Json} */ { projected }) =>
    (projected?.sources ?? []).flatMap((/** @type {Json} */ { secret }) =>
      secret.items.map((/** @type {Json} */ { key, path }) => ({ secret: secret.name, key, path })),
    ),
  );
}

/** @param {readonly string[]} all */
const twice = (all) => all.filter((one, index) => all.indexOf(one) !== index);
