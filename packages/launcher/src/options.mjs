// The launcher's settings, read once. No other file of the launcher reads the environment.
import { isAbsolute, join, resolve } from 'node:path';
import { givenSettings } from '../../shared/src/ground/runtime/given-settings.cjs';
import { refuseSettings } from './refusal.mjs';

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
  all: [
    'LOG_LEVEL',
    'REDIS_PREFIX',
    'DATABASE_POOL',
    'METRICS_HOST',
    'STOP_DELAY_MS',
    'LUMI_COMMIT',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_EXPORTER_OTLP_HEADERS',
    'OTEL_TRACES_SAMPLER_ARG',
  ],
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
    'WEBHOOK_RETRY_S',
    'WEBHOOK_TIMEOUT_MS',
    'WEBHOOK_ALLOW_NETWORKS',
    'SANDBOX_TIMEOUT_MS',
    'SANDBOX_SLOW_MS',
    'SANDBOX_CREATE_MS',
    'SANDBOX_ACTION_MS',
    'GRACE_HOURS',
    'TERMINATE_AFTER_HOURS',
    'UNDELETE_HOURS',
  ],
  /** Of the service alone, not of its node. */
  proxy: [
    'PROXY_CHECK_TARGETS',
    'PROXY_ENTRY_HOST',
    'PROXY_EXIT_REST_S',
    'PROXY_NETWORKS',
    'PROXY_UPSTREAM_TIMEOUT_MS',
    'PROXY_UPSTREAM_TOKEN',
    'PROXY_UPSTREAM_URL',
    'PROXY_USABLE_WITHIN_MS',
  ],
};

/** What the launcher itself reads. The secrets of the processes are in the data folder. */
const OWN = [
  'PORT',
  'HOST',
  'LUMI_DATA_DIR',
  'DATABASE_URL',
  'REDIS_URL',
  'PUBLIC_URL',
  'API_MONEY_ENABLED',
  'METRICS_PORT',
  'LUMI_INSPECT',
];
/** Settings that start with a product's name are that product's, but for these. */
const OF_THE_GATEWAY = /^[A-Z]+_URL(_FILE)?$/;

/** @typedef {'domains' | 'vps' | 'proxy'} Product */
/** @typedef {Readonly<Record<string, string>>} Env */
/** @typedef {ReturnType<typeof readOptions>} Options */

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} root the folder of Lumi
 */
export function readOptions(env, root) {
  const { given, faults } = givenSettings(env, [...OWN, ...Object.values(HANDED_THROUGH).flat()], () => false);
  refuseSettings([...faults, ...unusable(given)]);
  const folder = given.LUMI_DATA_DIR ?? '.lumi';
  return {
    root,
    host: given.HOST ?? '127.0.0.1',
    port: given.PORT === undefined ? DEFAULT_PORT : Number.parseInt(given.PORT, 10),
    folder: isAbsolute(folder) ? folder : resolve(join(root, folder)),
    databaseUrl: given.DATABASE_URL,
    redisUrl: given.REDIS_URL,
    publicUrl: given.PUBLIC_URL?.replace(/\/+$/, '') || undefined,
    /** The first of the ports for monitoring, one for each process; 0: free ones; undefined: none. */
    metricsPort: given.METRICS_PORT === undefined ? undefined : Number.parseInt(given.METRICS_PORT, 10),
    isMoneyEnabled: given.API_MONEY_ENABLED ?? 'true',
    /** The process that listens for a debugger on port 9229. */
    inspect: given.LUMI_INSPECT,
    surroundings: { ...pick(env, SURROUNDINGS), NODE_OPTIONS: `${NODE_FLAGS} ${env.NODE_OPTIONS ?? ''}`.trimEnd() },
    /**
     * `who` is all, gateway, or a product: its settings start with its own name (DOMAINS_…). The proxy node gets only
     * those of proxies.
     *
     * @param {'all' | 'gateway' | 'proxy-node' | Product} who
     * @returns {Env}
     */
    handedThrough: (who) => {
      if (who === 'all' || who === 'gateway') return pick(given, HANDED_THROUGH[who]);
      const prefix = who === 'proxy-node' ? 'PROXY_' : `${who.toUpperCase()}_`;
      const isOthers = (/** @type {string} */ name) =>
        OF_THE_GATEWAY.test(name) ||
        (who === 'proxy-node' && HANDED_THROUGH.proxy.includes(name.replace(/_FILE$/, '')));
      const own = Object.keys(env).filter((name) => name.startsWith(prefix) && !isOthers(name));
      return { ...(who === 'proxy-node' ? {} : pick(given, HANDED_THROUGH.product)), ...pick(env, own) };
    },
  };
}

/** @param {Env} given */
function unusable(given) {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = given;
  const faults = [];
  for (const name of ['PORT', 'METRICS_PORT']) {
    const port = given[name];
    if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number.parseInt(port, 10) <= 65_535))
      faults.push({ name, message: `must be a number from 0 to 65535 (0 picks a free one), not "${port}"` });
  }
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl))
    faults.push({ name: 'DATABASE_URL', message: 'must be a URL that starts with postgres://' });
  if (redisUrl !== undefined && !/^rediss?:\/\/[^\s,]+(,rediss?:\/\/[^\s,]+)*$/.test(redisUrl))
    faults.push({
      name: 'REDIS_URL',
      message:
        'must be a URL that starts with redis:// ' +
        '(the nodes of a cluster with commas between them; a comma inside a password is %2C)',
    });
  return faults;
}

/**
 * @param {Readonly<Record<string, string | undefined>>} env
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
