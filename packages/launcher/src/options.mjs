// The launcher's settings, read once. No other file of the launcher reads the environment.
import { isAbsolute, join, resolve } from 'node:path';
import { Refusal } from './refusal.mjs';

const DEFAULT_PORT = 8080;

/**
 * Limits the memory of a process to what it needs. From Node 22 on V8 reserves three times as much memory for new
 * objects and returns it late (599 MiB under strangers on Node 24 without this, see scripts/test/strangers). Stack
 * traces name the sources, not the bundle. The image has the same options in infra/docker/Dockerfile. The user's own
 * options come later and take precedence.
 */
const NODE_FLAGS = '--enable-source-maps --max-semi-space-size=8 --max-old-space-size=384';

/** The basic environment of every child process; no other variable of the user's environment reaches it. */
const SURROUNDINGS = [
  'PATH',
  'HOME',
  'TZ',
  'LANG',
  'LC_ALL',
  'TMPDIR',
  'NODE_ENV',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
];

/** Settings of the processes themselves that are passed on when the user set them. */
export const HANDED_THROUGH = {
  all: ['LOG_LEVEL', 'REDIS_PREFIX', 'DATABASE_POOL', 'METRICS_HOST', 'STOP_DELAY_MS', 'LUMI_COMMIT'],
  gateway: [
    'API_ENABLED',
    'HOST_BINDINGS',
    'TRUST_PROXY',
    'ROUTES_POLL_MS',
    'UPSTREAM_TIMEOUT_MS',
    'UPSTREAM_CONNECTIONS',
    'SERVICE_CONCURRENCY',
    'KEY_CONCURRENCY',
    'KEY_QUEUE',
    'ADDRESS_CONNECTIONS',
    'PUBLIC_PER_MINUTE',
  ],
  product: [
    'DEFAULT_DAILY_CAP_USD',
    'SANDBOX_PAYMENTS',
    'SANDBOX_TIMEOUT_MS',
    'SANDBOX_SLOW_MS',
    'SANDBOX_CREATE_MS',
    'SANDBOX_ACTION_MS',
    'GRACE_HOURS',
    'TERMINATE_AFTER_HOURS',
    'UNDELETE_HOURS',
  ],
};

/** @typedef {'domains' | 'vps' | 'proxy'} Product */
/** @typedef {Readonly<Record<string, string>>} Env */
/** @typedef {ReturnType<typeof readOptions>} Options */

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} root the folder of Lumi
 */
export function readOptions(env, root) {
  const port = readPort(env.PORT);
  const host = env.HOST || '127.0.0.1';
  const folder = env.LUMI_DATA_DIR || '.lumi';
  if (env.DATABASE_URL && !/^postgres(ql)?:\/\//.test(env.DATABASE_URL))
    throw new Refusal('DATABASE_URL must be a URL that starts with postgres://.');
  if (env.REDIS_URL && !/^rediss?:\/\/[^\s,]+(,rediss?:\/\/[^\s,]+)*$/.test(env.REDIS_URL))
    throw new Refusal(
      'REDIS_URL must be a URL that starts with redis:// ' +
        '(the nodes of a cluster with commas between them; a comma inside a password is %2C).',
    );
  return {
    root,
    host,
    port,
    folder: isAbsolute(folder) ? folder : resolve(join(root, folder)),
    databaseUrl: env.DATABASE_URL || undefined,
    redisUrl: env.REDIS_URL || undefined,
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, '') || undefined,
    /** The first of the ports for monitoring, one for each process; 0: free ones; undefined: none. */
    metricsPort: env.METRICS_PORT ? readPort(env.METRICS_PORT, 'METRICS_PORT') : undefined,
    isMoneyEnabled: env.API_MONEY_ENABLED || 'true',
    /** The process that listens for a debugger on port 9229. */
    inspect: env.LUMI_INSPECT || undefined,
    surroundings: { ...pick(env, SURROUNDINGS), NODE_OPTIONS: `${NODE_FLAGS} ${env.NODE_OPTIONS ?? ''}`.trimEnd() },
    /**
     * `who` is all, gateway, or a product: its settings start with its own name (DOMAINS_…).
     *
     * @param {'all' | 'gateway' | Product} who
     * @returns {Env}
     */
    handedThrough: (who) => {
      if (who === 'all' || who === 'gateway') return pick(env, HANDED_THROUGH[who]);
      const own = Object.keys(env).filter(
        (name) => name.startsWith(`${who.toUpperCase()}_`) && name !== `${who.toUpperCase()}_URL`,
      );
      return pick(env, [...HANDED_THROUGH.product, ...own]);
    },
  };
}

/**
 * @param {string | undefined} text
 * @param {string} name
 */
function readPort(text, name = 'PORT') {
  if (text === undefined || text === '') return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new Refusal(`${name} must be a number from 0 to 65535 (0 picks a free one), not "${text}".`);
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {readonly string[]} names
 * @returns {Env}
 */
function pick(env, names) {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}
