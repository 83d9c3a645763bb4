// Podman, with a bound on every command, and all that it made taken away at the end.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { PODMAN_SETTINGS } from '../containers/engine.mjs';
import { cacheFolder } from './tools.mjs';

const COMMAND_LIMIT_MS = 3 * 60_000;
const STOP_SECONDS = 35;

/** No file of the machine is changed. */
const env = () => {
  const file = join(cacheFolder, 'containers.conf');
  mkdirSync(cacheFolder, { recursive: true });
  writeFileSync(file, PODMAN_SETTINGS);
  return { ...process.env, CONTAINERS_CONF: file };
};

/** @param {readonly string[]} args */
export const podmanWorks = (...args) => spawnSync('podman', args, { env: env(), stdio: 'ignore' }).status === 0;

/**
 * @param {readonly string[]} args
 * @param {string} [input]
 */
export function podman(args, input) {
  const { status, stdout, stderr, error } = spawnSync('podman', args, {
    input: input ?? '',
    env: env(),
    encoding: 'utf8',
    timeout: COMMAND_LIMIT_MS,
  });
  if (status !== 0)
    throw new Error(`podman ${args.slice(0, 3).join(' ')} failed: ${error?.message ?? ''} ${stderr} ${stdout}`.trim());
  return stdout.trim();
}

/** Pods on a network of their own. */
export class Pods {
  /** @param {string} network */
  constructor(network) {
    this.network = network;
    /** @type {string[]} */
    this.names = [];
    /** @type {Map<string, string>} */
    this.ids = new Map();
    podman(['network', 'create', network]);
    const [{ subnets }] = JSON.parse(podman(['network', 'inspect', network]));
    /** Where the machine itself is reached from within. */
    this.gateway = String(subnets[0].gateway);
    this.subnet = String(subnets[0].subnet);
  }

  /**
   * Starts it, reachable from the others under its name, as by a Service.
   *
   * @param {{ metadata: { name: string } }} pod
   */
  play(pod) {
    const { name } = pod.metadata;
    this.names.push(name);
    podman(['kube', 'play', '--network', `${this.network}:alias=${name}`, '-'], stringify(pod));
  }

  /**
   * The id of a pod's container.
   *
   * @param {string} name
   */
  id(name) {
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    const filters = ['--filter', `pod=${name}`, '--filter', `name=^${name}-`];
    const [id = ''] = podman(['ps', '--all', '--quiet', ...filters]).split('\n');
    this.ids.set(name, id);
    return id;
  }

  /**
   * @param {string} name of a pod
   * @returns {{ ExitCode: number; Running: boolean; FinishedAt: string }}
   */
  state(name) {
    return JSON.parse(podman(['inspect', this.id(name)]))[0].State;
  }

  /** @param {string} name */
  logs(name) {
    const args = ['logs', '--tail', '20', this.id(name)];
    const { stdout, stderr } = spawnSync('podman', args, { env: env(), encoding: 'utf8', timeout: COMMAND_LIMIT_MS });
    return `${stdout}${stderr}`.trim();
  }

  /**
   * The address of a pod on the network.
   *
   * @param {string} name
   */
  address(name) {
    const { InfraContainerID: infra } = JSON.parse(podman(['pod', 'inspect', name]));
    const [{ NetworkSettings: settings }] = JSON.parse(podman(['inspect', infra]));
    return String(settings.Networks[this.network].IPAddress);
  }

  /**
   * Until it has ended by itself; returns its exit code.
   *
   * @param {string} name
   * @param {number} limitMs
   */
  async ended(name, limitMs) {
    for (const until = Date.now() + limitMs; Date.now() < until; await sleep(250)) {
      const { Running: isRunning, ExitCode: code } = this.state(name);
      if (!isRunning) return code;
    }
    throw new Error(`${name} has not ended within ${limitMs / 1000} s:\n${this.logs(name)}`);
  }

  /**
   * Stops one as Kubernetes does; returns its exit code and how long it took.
   *
   * @param {string} name
   */
  stop(name) {
    const begin = Date.now();
    podman(['stop', '--time', String(STOP_SECONDS), this.id(name)]);
    const { ExitCode: code, FinishedAt: end } = this.state(name);
    // Without the time that podman itself takes to notice.
    return { code, ms: Date.parse(end) - begin };
  }

  /** Removes only what was made here. */
  remove() {
    for (const name of this.names) podmanWorks('pod', 'rm', '--force', '--time', '1', name);
    podmanWorks('network', 'rm', '--force', this.network);
  }
}
