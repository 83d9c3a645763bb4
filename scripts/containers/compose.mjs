// The installation of docker-compose.yml, by docker-compose. Added to the file are only the names of the stand-ins, and
// what proves that no image needs a shell.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../build.mjs';
import { freePort } from '../postgres.mjs';
import { portsOfNode } from './node-ports.mjs';
import { SERVERS_IMAGE } from './stand-ins.mjs';

const HEALTHY_LIMIT_MS = 120_000;
const LINES_READ = 20_000;
const LINE_MAX = 2_000;
export const PROJECT = 'lumi-containers-test';
const STAND_INS = ['postgres', 'redis', 'edge', 'tls'];
/** Processes of Lumi that stay up. */
export const PROCESSES = ['gateway', 'domains', 'domains-worker', 'vps', 'vps-worker', 'proxy', 'proxy-worker'];
/** In a profile of that name. */
export const NODE = 'proxy-node';
/** Of the engine's network (network-watch.mjs). */
export const WATCHES = ['network-watch-a', 'network-watch-b'];
const ONCE = ['migrate-platform', 'migrate-domains', 'migrate-vps', 'migrate-proxy', 'lumi'];

export class Compose {
  /**
   * @param {import('./engine.mjs').Engine} engine
   * @param {string} folder of this run
   */
  constructor(engine, folder) {
    this.engine = engine;
    this.folder = folder;
    this.address = '';
    this.ports = { http: 0, tlsHttp: 0, https: 0 };
    /** @type {string[]} */
    this.profiles = [];
  }

  /** Secrets as make-env.mjs makes them, in files, with money switched on. */
  async prepare() {
    this.ports = { http: await freePort(), tlsHttp: await freePort(), https: await freePort() };
    this.address = `http://127.0.0.1:${this.ports.http}`;
    const secrets = join(this.folder, 'secrets');
    const settings = await this.engine.run(process.execPath, ['infra/docker/make-env.mjs', '--files', secrets]);
    const env = {
      PUBLIC_URL: this.address,
      API_MONEY_ENABLED: 'true',
      SECRETS: secrets,
      PORT: this.ports.http,
      HTTP_PORT: this.ports.tlsHttp,
      HTTPS_PORT: this.ports.https,
      ...(await portsOfNode()),
    };
    const lines = settings.split('\n').filter((line) => !Object.keys(env).includes(line.split('=')[0] ?? ''));
    this.envFile = join(this.folder, 'env');
    writeFileSync(
      this.envFile,
      [...lines, ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ''].join('\n'),
    );
    this.override = join(this.folder, 'stand-ins.yml');
    // No program of the image but Node can run a command.
    const withoutShell = ['dash', 'bash', 'sh'].map((name) => `/dev/null:/usr/bin/${name}:ro`);
    const services = Object.fromEntries([
      ...STAND_INS.map((name) => [name, { image: SERVERS_IMAGE }]),
      ...[...PROCESSES, NODE, ...ONCE].map((name) => [name, { volumes: withoutShell }]),
      ...WATCHES.map((name, index) => [name, watchBeside(WATCHES[1 - index] ?? '')]),
    ]);
    writeFileSync(this.override, JSON.stringify({ services }));
  }

  /** @param {...string} args */
  run(...args) {
    const files = ['--file', join(root, 'docker-compose.yml'), '--file', this.override ?? ''];
    const names = ['--project-name', PROJECT, '--env-file', this.envFile ?? ''];
    const profiles = this.profiles.flatMap((name) => ['--profile', name]);
    return this.engine.run('docker-compose', [...files, ...names, ...profiles, ...args]);
  }

  /**
   * The operator's command, in its container.
   *
   * @param {...string} args
   */
  async lumi(...args) {
    return JSON.parse(await this.run('run', '--rm', '-T', '--no-deps', 'lumi', ...args, '--json'));
  }

  /**
   * Until each of these services has so many containers that are healthy.
   *
   * @param {Readonly<Record<string, number>>} wanted
   */
  async untilHealthy(wanted) {
    const until = Date.now() + HEALTHY_LIMIT_MS;
    for (;;) {
      const states = await this.states();
      const missing = Object.entries(wanted).filter(
        ([service, count]) =>
          states.filter((one) => one.service === service && one.health === 'healthy').length < count,
      );
      if (missing.length === 0) return;
      if (Date.now() > until) {
        const logs = await Promise.all(missing.map(([service]) => this.run('logs', '--tail', '20', service)));
        throw new Error(`not healthy: ${missing.map(([service]) => service).join(', ')}\n${logs.join('\n')}`);
      }
      await sleep(500);
    }
  }

  async states() {
    const running = await this.engine.containersOf(PROJECT);
    if (running.length === 0) return [];
    /** @type {{ Name: string; State: { Health?: { Status: string }; Healthcheck?: { Status: string } } }[]} */
    const inspected = JSON.parse(await this.engine.podman('inspect', ...running.map(({ name }) => name)));
    return inspected.map(({ Name: name, State: state }) => ({
      name,
      service: running.find((one) => one.name === name)?.service ?? '',
      health: (state.Health ?? state.Healthcheck)?.Status ?? '',
    }));
  }

  /**
   * What the installation has logged with one of these texts in it.
   *
   * @param {readonly string[]} texts
   */
  async logged(texts) {
    const running = await this.engine.containersOf(PROJECT);
    const logs = await Promise.all(
      running.map(async ({ name }) => {
        const lines = (await this.engine.logs(name, LINES_READ)).split('\n');
        return lines.map((line) => `${name}: ${line}`);
      }),
    );
    return logs
      .flat()
      .filter((line) => texts.some((text) => line.includes(text)))
      .map((line) => line.slice(0, LINE_MAX));
  }

  /**
   * When the engine's own network did not answer, as its watches printed it.
   *
   * @returns {Promise<{ what: string; from: number; to: number; error: string | null }[]>}
   */
  async outages() {
    const watches = (await this.engine.containersOf(PROJECT)).filter(({ service }) => WATCHES.includes(service));
    const logs = await Promise.all(watches.map(({ name }) => this.engine.logs(name, LINES_READ)));
    return logs
      .join('\n')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  /** The exit code of each container that has ended, the state of the others, by their names. */
  async exitCodes() {
    const filter = `label=com.docker.compose.project=${PROJECT}`;
    /** @type {{ Names: string[]; State: string; ExitCode: number }[]} */
    const containers = JSON.parse(await this.engine.podman('ps', '--all', '--filter', filter, '--format', 'json'));
    return Object.fromEntries(
      containers.map(({ Names: [name = ''], State: state, ExitCode: code }) => [
        name,
        state === 'exited' ? code : state,
      ]),
    );
  }

  /** Starts what is not running. */
  async up(/** @type {string[]} */ ...args) {
    try {
      await this.run('up', '--detach', '--no-build', ...args);
    } catch (err) {
      const codes = Object.entries(await this.exitCodes()).filter(([, code]) => code !== 0 && code !== 'running');
      const logs = await Promise.all(codes.map(async ([name]) => `${name}:\n${await this.engine.logs(name)}`));
      throw new Error(`the installation does not start:\n${logs.join('\n')}`, { cause: err });
    }
  }

  async down() {
    this.profiles = [NODE];
    await this.run('down', '--volumes', '--remove-orphans', '--timeout', '30');
  }
}

/** @param {string} other */
function watchBeside(other) {
  return {
    image: 'lumi-gateway:0.1.0',
    command: ['/network-watch.mjs'],
    environment: { OTHER: other },
    volumes: [`${join(root, 'scripts/containers/network-watch.mjs')}:/network-watch.mjs:ro`],
    healthcheck: { disable: true },
  };
}
