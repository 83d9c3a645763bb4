// Rendered pods as podman can run them. Podman knows no Jobs, no projected volumes and no probes over HTTP without a
// shell, and gives ports of the machine to ports of a container: a Job becomes a pod, a Secret's files a folder of the
// machine, probes are asked by the caller, ports are left out. All else stays as it is rendered: image, arguments,
// environment, security context, limits, mounts.
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { secretFiles } from './workloads.mjs';

/** @typedef {import('./manifests.mjs').Json} Json */
/** @typedef {import('./manifests.mjs').Manifest} Manifest */
/** @typedef {ReadonlyMap<string, Readonly<Record<string, string>>>} Secrets name → key → value */

/**
 * A pod with the name of its workload.
 *
 * @param {Manifest} workload a Deployment or a Job
 * @param {Secrets} secrets
 * @param {string} folder for the files of its secrets
 */
export function playable(workload, secrets, folder) {
  const { metadata, spec } = structuredClone(workload.spec.template);
  const [container] = spec.containers;
  const asked = [container.livenessProbe, container.readinessProbe].map((probe) => probe && probeOf(probe, container));
  for (const field of ['startupProbe', 'livenessProbe', 'readinessProbe', 'ports']) delete container[field];
  spec.volumes = spec.volumes.map((/** @type {Json} */ volume) =>
    volume.projected === undefined
      ? volume
      : { name: volume.name, hostPath: { path: writeFiles({ spec }, secrets, folder), type: 'Directory' } },
  );
  const name = workload.metadata.name;
  return {
    name,
    probes: asked.filter((probe) => probe !== undefined),
    pod: { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec },
  };
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
