// Faults on purpose: each change of a good installation must be noticed by the check that it is meant for. A check that
// notices nothing would pass for ever.
import { connectionFaults } from './connections.mjs';
import { ofKind, podsOf } from './manifests.mjs';
import { podSecurityFaults } from './pod-security.mjs';
import { workloadFaults } from './workloads.mjs';

/** @typedef {import('./manifests.mjs').Json} Json */
/** @typedef {import('./manifests.mjs').Manifest} Manifest */
/** @typedef {(manifests: Manifest[]) => string[]} Check */
/** @typedef {{ title: string; change: (manifests: Manifest[]) => void; check: Check; says: RegExp }} Mutation */

const security = (/** @type {Manifest[]} */ all) => podsOf(all).flatMap(podSecurityFaults);

/**
 * @param {Manifest[]} all
 * @param {string} kind
 * @param {string} name
 */
function find(all, kind, name) {
  const found = ofKind(all, kind).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}
/** @param {Manifest[]} all */
const pod = (all, name = 'lumi-domains') => find(all, 'Deployment', name).spec.template.spec;
const container = (/** @type {Manifest[]} */ all, name = 'lumi-domains') => pod(all, name).containers[0];

/**
 * @param {string} title
 * @param {(container: Json, pod: Json) => void} change
 * @param {RegExp} says
 * @returns {Mutation}
 */
const insecure = (title, change, says) => ({
  title,
  change: (all) => change(container(all), pod(all)),
  check: security,
  says,
});
/**
 * @param {string} title
 * @param {(all: Manifest[]) => void} change
 * @param {RegExp} says
 * @returns {Mutation}
 */
const wrong = (title, change, says) => ({ title, change, check: workloadFaults, says });
/**
 * @param {string} title
 * @param {(all: Manifest[]) => void} change
 * @param {RegExp} says
 * @returns {Mutation}
 */
const open = (title, change, says) => ({ title, change, check: connectionFaults, says });

/** @type {readonly Mutation[]} */
const MUTATIONS = [
  insecure('a privileged container', ({ securityContext }) => (securityContext.privileged = true), /is privileged/),
  insecure(
    'rights can be gained',
    ({ securityContext }) => delete securityContext.allowPrivilegeEscalation,
    /may gain/,
  ),
  insecure('capabilities stay', ({ securityContext }) => (securityContext.capabilities = {}), /keeps capabilities/),
  insecure('one is added', ({ securityContext }) => (securityContext.capabilities.add = ['SYS_ADMIN']), /SYS_ADMIN/),
  insecure(
    'no seccomp profile',
    (own, ofPod) => [own, ofPod].forEach(({ securityContext }) => delete securityContext.seccompProfile),
    /no seccomp/,
  ),
  insecure('a root user', ({ securityContext }) => (securityContext.runAsUser = 0), /runs as root/),
  insecure('perhaps a root user', ({ securityContext }) => (securityContext.runAsNonRoot = false), /may run as root/),
  insecure(
    'a folder of the node',
    (_, { volumes }) => volumes.push({ name: 'x', hostPath: { path: '/' } }),
    /hostPath/,
  ),
  insecure('the network of the node', (_, ofPod) => (ofPod.hostNetwork = true), /network of its node/),
  insecure('a port of the node', ({ ports }) => (ports[0].hostPort = 80), /port of its node/),
  insecure('a writable root', ({ securityContext }) => delete securityContext.readOnlyRootFilesystem, /may write/),
  insecure('a token', (_, ofPod) => delete ofPod.automountServiceAccountToken, /token/),
  insecure('the tag latest', (own) => (own.image = 'lumi-domains:latest'), /no version/),
  insecure('no tag, but a port', (own) => (own.image = 'registry.example:5000/lumi-domains'), /no version/),
  insecure(
    'an init container',
    (own, ofPod) => (ofPod.initContainers = [{ ...own, securityContext: {} }]),
    /keeps capabilities/,
  ),
  wrong('no readiness probe', (all) => delete container(all).readinessProbe, /readiness/),
  wrong('a probe elsewhere', (all) => (container(all).livenessProbe.httpGet.port = 'http'), /liveness/),
  wrong('a short stop', (all) => (pod(all, 'lumi-vps-worker').terminationGracePeriodSeconds = 25), /is killed before/),
  wrong(
    'a stop at once',
    (all) =>
      (container(all).env = container(all).env.filter((/** @type {Json} */ one) => one.name !== 'STOP_DELAY_MS')),
    /still sends requests/,
  ),
  wrong('no spread', (all) => delete pod(all).topologySpreadConstraints, /not spread over zones/),
  wrong(
    'a Service that finds nothing',
    (all) => (find(all, 'Service', 'lumi-vps').spec.selector['app.kubernetes.io/name'] = 'hosting'),
    /Service lumi-vps finds 0/,
  ),
  wrong(
    'a Service that finds workers too',
    (all) => delete find(all, 'Service', 'lumi-vps').spec.selector['app.kubernetes.io/component'],
    /Service lumi-vps finds [23]/,
  ),
  wrong(
    'a product before the platform',
    (all) => ((find(all, 'Job', 'lumi-vps-migrate').metadata.annotations ??= {})['helm.sh/hook-weight'] = '-25'),
    /before the platform/,
  ),
  wrong(
    'a migration before its account',
    (all) => delete find(all, 'ServiceAccount', 'lumi-vps-migrate').metadata.annotations,
    /before ServiceAccount/,
  ),
  wrong(
    'a secret in the environment',
    (all) => container(all).env.push({ name: 'X', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }),
    /has X in its environment/,
  ),
  wrong(
    'a file that is not there',
    (all) => container(all).env.push({ name: 'X_FILE', value: '/x' }),
    /X_FILE names no/,
  ),
  wrong(
    'an old setting',
    (all) => container(all).env.push({ name: 'API_ENABLED', value: '1' }),
    /which it does not read/,
  ),
  wrong('two of a name', (all) => all.push(find(all, 'Service', 'lumi-vps')), /rendered twice/),
  wrong(
    'a node that is killed before its connections have ended',
    (all) => (find(all, 'StatefulSet', 'lumi-proxy-node').spec.template.spec.terminationGracePeriodSeconds = 42),
    /lumi-proxy-node is killed before/,
  ),
  wrong(
    'data at the root of the disk, which belongs to root',
    (all) => {
      const [node] = find(all, 'StatefulSet', 'lumi-proxy-node').spec.template.spec.containers;
      node.volumeMounts.find((/** @type {Json} */ one) => one.name === 'data').mountPath = '/var/lib/lumi/node';
    },
    /no folder of its disk/,
  ),
  wrong(
    'nodes that see each other’s tokens',
    (all) => {
      const [node] = find(all, 'StatefulSet', 'lumi-proxy-node').spec.template.spec.containers;
      delete node.volumeMounts.find((/** @type {Json} */ one) => one.name === 'secrets').subPathExpr;
    },
    /the secrets of all/,
  ),
  wrong(
    'a set without its Service',
    (all) => (find(all, 'StatefulSet', 'lumi-proxy-node').spec.serviceName = 'lumi-proxy'),
    /no headless Service/,
  ),
  open(
    'nodes reach the database',
    (all) => {
      const [{ values }] = find(all, 'NetworkPolicy', 'lumi-proxy-to-postgresql').spec.podSelector.matchExpressions;
      values.push('node');
    },
    /proxy node → PostgreSQL/,
  ),
  open(
    'private addresses are targets of customers',
    (all) => delete find(all, 'NetworkPolicy', 'lumi-proxy-node-to-targets').spec.egress[0].to[0].ipBlock.except,
    /proxy node → the metadata service/,
  ),
  open(
    'products reach each other',
    (all) => (find(all, 'NetworkPolicy', 'lumi-vps-from-gateway').spec.ingress[0].from = [{ podSelector: {} }]),
    /a pod beside → vps http: 9000/,
  ),
  open(
    'no policy denies what workers receive',
    (all) => all.splice(0, all.length, ...all.filter(({ metadata }) => !/lumi-vps-(deny|from)/.test(metadata.name))),
    /a pod of another namespace → vps worker/,
  ),
  open(
    'private addresses are suppliers',
    (all) => delete find(all, 'NetworkPolicy', 'lumi-proxy-to-supplier-https').spec.egress[0].to[0].ipBlock.except,
    /proxy worker → the metadata service/,
  ),
  open(
    'a flow is missing',
    (all) => (find(all, 'NetworkPolicy', 'lumi-gateway-to-services').spec.egress[0].ports[0].port = 9001),
    /should be allowed: gateway http → vps http/,
  ),
];

/**
 * @param {readonly Manifest[]} good the smallest installation
 * @returns {{ count: number; faults: string[] }}
 */
export function mutationFaults(good) {
  const faults = MUTATIONS.flatMap(({ title, change, check, says }) => {
    const manifests = structuredClone([...good]);
    change(manifests);
    const found = check(manifests);
    return found.some((one) => says.test(one)) ? [] : [`not noticed: ${title} (${found.join('; ') || 'no fault'})`];
  });
  return { count: MUTATIONS.length, faults };
}
