// The services of docker-compose.yml, with their names resolved to ports of this machine.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../build.mjs';
import { freePort } from '../postgres.mjs';

const FIRST_USER = 64_000;

/** @typedef {Readonly<Record<string, string>>} Settings what the file reads from .env */
/** @typedef {Readonly<Record<string, number>>} Ports of each service, by its name */
/**
 * @typedef {object} ComposeService
 * @property {string} [image]
 * @property {Readonly<Record<string, string | number | boolean>>} environment
 * @property {readonly string[]} [entrypoint]
 * @property {readonly string[]} [command]
 * @property {{ readonly test: readonly string[] }} [healthcheck]
 */
/**
 * @typedef {{
 *   readonly 'x-image': { readonly image: string };
 *   readonly services: Readonly<Record<string, ComposeService>>;
 * }} Compose
 */
/**
 * @typedef {object} Container
 * @property {string} name
 * @property {string} folder
 * @property {readonly string[]} command
 * @property {Record<string, string>} env
 * @property {{ uid?: number; gid?: number }} user as root, each has its own
 * @property {readonly string[] | null} healthCheck
 */

/** @returns {Compose} */
export const readCompose = () => parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });

/**
 * As make-env.mjs writes them, with money switched on.
 *
 * @returns {Settings}
 */
export function makeSettings() {
  const { stdout } = spawnSync(process.execPath, [join(root, 'infra', 'docker', 'make-env.mjs')], { encoding: 'utf8' });
  const made = stdout
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return { ...Object.fromEntries(made), API_MONEY_ENABLED: 'true' };
}

/**
 * @param {Compose} compose
 * @returns {Promise<Ports>}
 */
export async function portsOf(compose) {
  /** @type {Record<string, number>} */
  const ports = {};
  for (const name of Object.keys(compose.services)) ports[name] = await freePort();
  return ports;
}

/**
 * The services of our image.
 *
 * @param {Compose} compose
 * @param {{ settings: Settings; ports: Ports; image: import('./image.mjs').Image }} told
 * @returns {Record<string, Container>}
 */
export function containersOf(compose, { settings, ports, image }) {
  const own = Object.entries(compose.services).filter(([, service]) => service.image === compose['x-image'].image);
  return Object.fromEntries(
    own.map(([name, service], index) => {
      const environment = Object.fromEntries(
        Object.entries(service.environment).map(([key, value]) => [
          key,
          atHome(filled(String(value), settings), ports),
        ]),
      );
      const port = environment.PORT === undefined ? undefined : ports[name];
      const command = service.entrypoint ?? service.command;
      if (command === undefined) throw new Error(`docker-compose.yml does not say what ${name} runs`);
      return [
        name,
        {
          name,
          folder: image.folder,
          command,
          env: {
            PATH: image.path,
            NODE_ENV: 'production',
            NODE_OPTIONS: image.nodeOptions,
            HOST: '127.0.0.1',
            ...environment,
            ...(port === undefined ? {} : { PORT: String(port) }),
          },
          user: process.getuid?.() === 0 ? { uid: FIRST_USER + index, gid: FIRST_USER + index } : {},
          healthCheck: service.healthcheck?.test.slice(1) ?? null,
        },
      ];
    }),
  );
}

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?sentence}`.
 *
 * @param {string} text
 * @param {Settings} settings
 */
function filled(text, settings) {
  return text.replace(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, /** @type {string} */ name, /** @type {string | undefined} */ sign, /** @type {string | undefined} */ rest) => {
      const setting = settings[name];
      if (setting !== undefined) return setting;
      if (sign === '?') throw new Error(`docker-compose.yml needs ${name}, which make-env.mjs does not write`);
      return rest ?? '';
    },
  );
}

/**
 * `//postgres:5432`, `@domains:9000` … on this machine.
 *
 * @param {string} value
 * @param {Ports} ports
 */
function atHome(value, ports) {
  return value.replace(
    /(\/\/|@)([a-z-]+):\d+(?=[/?,]|$)/g,
    (/** @type {string} */ whole, /** @type {string} */ before, /** @type {string} */ name) =>
      ports[name] === undefined ? whole : `${before}127.0.0.1:${ports[name]}`,
  );
}
