// The profile "restricted" of the Pod Security Standards, rule by rule, and what we ask beyond it.
import { nameOf } from './manifests.mjs';

/** @typedef {import('./manifests.mjs').Json} Json */
/** @typedef {import('./manifests.mjs').Pod} Pod */

const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
];
const SECCOMP = ['RuntimeDefault', 'Localhost'];

/**
 * What is wrong, one sentence each.
 *
 * @param {Pod} pod
 * @returns {string[]}
 */
export function podSecurityFaults({ owner, spec }) {
  const containers = ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => spec[list] ?? []);
  return [...podFaults(spec), ...containers.flatMap((one) => containerFaults(one, spec.securityContext ?? {}))].map(
    (fault) => `${nameOf(owner)}: ${fault}`,
  );
}

/** @param {Json} spec */
function podFaults(spec) {
  const context = spec.securityContext ?? {};
  /** @type {(string | false)[]} */
  const faults = [
    spec.hostNetwork === true && 'uses the network of its node',
    spec.hostPID === true && 'sees the processes of its node',
    spec.hostIPC === true && 'uses the IPC of its node',
    context.runAsUser === 0 && 'runs as root',
    context.windowsOptions?.hostProcess === true && 'is a process of a Windows node',
    ...seLinuxFaults(context),
    ...(context.sysctls ?? []).map(
      (/** @type {Json} */ { name }) => !SYSCTLS.includes(name) && `sets the unsafe sysctl ${name}`,
    ),
    ...(spec.volumes ?? []).flatMap((/** @type {Json} */ { name, ...source }) =>
      Object.keys(source).map((type) => !VOLUMES.includes(type) && `the volume ${name} is a ${type}`),
    ),
    // Beyond "restricted".
    spec.automountServiceAccountToken !== false && 'gets a token of the API server',
    spec.enableServiceLinks !== false && 'gets the addresses of all Services in its environment',
    (spec.serviceAccountName ?? 'default') === 'default' && 'has no ServiceAccount of its own',
    context.fsGroup === undefined && 'has no group that may read its secrets',
  ];
  return faults.filter((fault) => fault !== false);
}

/**
 * @param {Json} container
 * @param {Json} ofPod the security context of the pod
 */
function containerFaults({ name, image, securityContext: own = {}, ports = [], resources = {} }, ofPod) {
  const context = { ...ofPod, ...own };
  const { add = [], drop = [] } = own.capabilities ?? {};
  const appArmor = context.appArmorProfile?.type ?? 'RuntimeDefault';
  /** @type {(string | false)[]} */
  const faults = [
    own.privileged === true && 'is privileged',
    own.allowPrivilegeEscalation !== false && 'may gain rights',
    !drop.includes('ALL') && 'keeps capabilities',
    add.some((/** @type {string} */ one) => one !== 'NET_BIND_SERVICE') && `adds the capabilities ${add.join(', ')}`,
    context.runAsNonRoot !== true && 'may run as root',
    context.runAsUser === 0 && 'runs as root',
    !SECCOMP.includes(context.seccompProfile?.type) && 'has no seccomp profile',
    !['RuntimeDefault', 'Localhost'].includes(appArmor) && 'has no AppArmor profile',
    (own.procMount ?? 'Default') !== 'Default' && 'sees an unmasked /proc',
    own.windowsOptions?.hostProcess === true && 'is a process of a Windows node',
    ...seLinuxFaults(own),
    ports.some((/** @type {Json} */ { hostPort = 0 }) => hostPort !== 0) && 'takes a port of its node',
    // Beyond "restricted".
    typeof context.runAsUser !== 'number' && 'has no numeric user',
    own.readOnlyRootFilesystem !== true && 'may write to its root file system',
    resources.limits?.memory === undefined && 'has no limit of memory',
    resources.requests?.cpu === undefined && 'asks for no CPU',
    !hasVersion(image) && `its image ${image} has no version`,
  ];
  return faults.filter((fault) => fault !== false).map((fault) => `the container ${name} ${fault}`);
}

/** @param {Json} context */
function seLinuxFaults({ seLinuxOptions: { type = '', user, role } = {} }) {
  return [
    !['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'].includes(type) &&
      `has the SELinux type ${type}`,
    (user !== undefined || role !== undefined) && 'sets a SELinux user or role',
  ];
}

/** @param {string} image */
function hasVersion(image) {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  const [, tag] = /:([\w.-]+)$/.exec(image) ?? [];
  return tag !== undefined && tag !== 'latest';
}
