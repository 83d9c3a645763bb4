// Rendered pods as podman can run them. Podman knows no Jobs, no sets, no projected volumes and no probes over HTTP
// without a shell, and gives ports of the machine to ports of a container: a Job or a set becomes a pod, the files of a
// Secret or a disk a folder of the machine, probes are asked by the caller, ports are left out. All else stays as it is
// rendered: image, arguments, environment, security context, limits, mounts.
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { secretFiles } from './workloads.mjs';

/** @typedef {import('./manifests.mjs').Json} Json */
/** @typedef {import('./manifests.mjs').Manifest} Manifest */
/** @typedef {ReadonlyMap<string, Readonly<Record<string, string>>>} Secrets name → key → value */

/**
 * A pod with the name of its workload.
 *
 * @param {Manifest} workload a Deployment, a StatefulSet (of which it is the first pod) or a Job
 * @param {Secrets} secrets
 * @param {string} folder for the files of its secrets, and its disk
 */
export function playable(workload, secrets, folder) {
  const { metadata, spec } = structuredClone(workload.spec.template);
  const [container] = spec.containers;
  const asked = [container.livenessProbe, container.readinessProbe].map((probe) => probe && probeOf(probe, container));
  for (const field of ['startupProbe', 'livenessProbe', 'readinessProbe', 'ports']) delete container[field];
  const own = withoutFolders(container, `${workload.metadata.name}-0`);
  const disks = (workload.spec.volumeClaimTemplates ?? []).map((/** @type {Json} */ claim) => claim.metadata.name);
  spec.volumes = spec.volumes.map((/** @type {Json} */ volume) =>
    volume.projected === undefined
      ? volume
      : {
          name: volume.name,
          hostPath: { path: join(writeFiles({ spec }, secrets, folder), own), type: 'Directory' },
        },
  );
  for (const disk of disks)
    spec.volumes.push({ name: disk, hostPath: { path: makeDisk(spec, `${folder}-${disk}`), type: 'Directory' } });
  const name = workload.metadata.name;
  return {
    name,
    probes: asked.filter((probe) => probe !== undefined),
    pod: { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec },
  };
}

/**
 * The folder of its secrets that the pod of this name sees: podman knows no `subPathExpr`.
 *
 * @param {Json} container
 * @param {string} pod
 */
function withoutFolders(container, pod) {
  const mount = container.volumeMounts.find((/** @type {Json} */ { subPathExpr }) => subPathExpr === '$(POD_NAME)');
  if (mount === undefined) return '';
  delete mount.subPathExpr;
  container.env = container.env.filter((/** @type {Json} */ { name }) => name !== 'POD_NAME');
  return pod;
}

/**
 * As the kubelet does: its root belongs to root, and the pod's group may write to it.
 *
 * @param {Json} spec
 * @param {string} folder
 */
function makeDisk({ securityContext: { fsGroup } }, folder) {
  mkdirSync(folder, { recursive: true });
  chownSync(folder, 0, fsGroup);
  chmodSync(folder, 0o2775);
  return folder;
}

/**
 * Path and number of the port.
 *
 * @param {Json} probe
 * @param {Json} container
 * @returns {{ path: string; port: number }}
 */
function probeOf({ httpGet: { path, port } }, { ports }) {
  return { path, port: ports.find((/** @type {Json} */ one) => one.name === port).containerPort };
}

/**
 * As the kubelet does: readable for the pod's group alone.
 *
 * @param {Pick<import('./manifests.mjs').Pod, 'spec'>} pod
 * @param {Secrets} secrets
 * @param {string} folder
 */
function writeFiles(pod, secrets, folder) {
  const group = pod.spec.securityContext.fsGroup;
  mkdirSync(folder, { recursive: true });
  for (const { secret, key, path } of secretFiles(pod)) {
    const value = secrets.get(secret)?.[key];
    if (value === undefined)
      throw new Error(`a pod reads ${key} of the Secret ${secret}, which make-secrets.mjs does not write`);
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    chownSync(dirname(file), 0, group);
    chmodSync(dirname(file), 0o750);
    writeFileSync(file, value);
    chownSync(file, 0, group);
    chmodSync(file, 0o440);
  }
  chownSync(folder, 0, group);
  chmodSync(folder, 0o750);
  return folder;
}

/**
 * The Jobs in the order in which helm runs them.
 *
 * @param {readonly Manifest[]} manifests
 */
export function jobsInOrder(manifests) {
  const weight = (/** @type {Manifest} */ { metadata }) => Number(metadata.annotations?.['helm.sh/hook-weight']);
  return manifests.filter(({ kind }) => kind === 'Job').sort((a, b) => weight(a) - weight(b));
}
