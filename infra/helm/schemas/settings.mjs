// The settings of each process: those that `settings` may hold, those that the charts set, and those that are secret.
// scripts/test/charts.test.ts compares them with what the processes read.
import { flag, number, text } from './global.mjs';

const milliseconds = number(0, 3_600_000);
const hours = number(0, 8_760);

/** @typedef {Record<string, object>} Settings */

/** @type {Settings} */
const everywhere = {
  DATABASE_POOL: number(1, 200),
  DATABASE_PREPARED: flag,
  HOST: { enum: ['0.0.0.0', '::'] },
  LOG_LEVEL: { enum: ['error', 'warn', 'info', 'debug', 'silent'] },
  METRICS_HOST: text,
  // As text, like all parts of one: 0 to 1.
  OTEL_TRACES_SAMPLER_ARG: { type: 'string', pattern: '^(0(\\.\\d+)?|1(\\.0+)?)$' },
  REDIS_PREFIX: { type: 'string', maxLength: 40 },
};

/** @type {Settings} */
export const ofGateway = {
  ...everywhere,
  API_ENABLED: flag,
  HOST_BINDINGS: text,
  TRUST_PROXY: text,
  ROUTES_POLL_MS: milliseconds,
  UPSTREAM_TIMEOUT_MS: milliseconds,
  UPSTREAM_CONNECTIONS: number(1, 2_000),
  SERVICE_CONCURRENCY: number(1, 50_000),
  KEY_CONCURRENCY: number(1, 50_000),
  KEY_QUEUE: number(0, 50_000),
  ADDRESS_CONNECTIONS: number(1, 10_000),
  PUBLIC_PER_MINUTE: number(1, 1_000_000),
};

/** @type {Settings} */
const ofServices = {
  ...everywhere,
  // As text: YAML would read 100.10 as the number 100.1.
  DEFAULT_DAILY_CAP_USD: { type: 'string', pattern: '^\\d+(\\.\\d{1,4})?$' },
  SANDBOX_PAYMENTS: flag,
  WEBHOOK_RETRY_S: { type: 'string', pattern: '^\\d{1,5}(,\\d{1,5})*$' },
  WEBHOOK_TIMEOUT_MS: number(1, 60_000),
  WEBHOOK_ALLOW_NETWORKS: text,
  CRYPTO_PAY_URL: { type: 'string', pattern: '^https?://' },
};

/** @type {Record<'domains' | 'vps' | 'proxy', Settings>} */
export const ofProduct = {
  domains: { ...ofServices, SANDBOX_TIMEOUT_MS: milliseconds, SANDBOX_SLOW_MS: milliseconds },
  vps: {
    ...ofServices,
    GRACE_HOURS: hours,
    TERMINATE_AFTER_HOURS: hours,
    UNDELETE_HOURS: hours,
    SANDBOX_CREATE_MS: milliseconds,
    SANDBOX_ACTION_MS: milliseconds,
  },
  proxy: {
    ...ofServices,
    SANDBOX_SLOW_MS: milliseconds,
    PROXY_CHECK_TARGETS: text,
    PROXY_EXIT_REST_S: number(0, 31_536_000),
    PROXY_ENTRY_HOST: text,
    PROXY_USABLE_WITHIN_MS: milliseconds,
    PROXY_NETWORKS: text,
    PROXY_UPSTREAM_URL: { type: 'string', pattern: '^https?://' },
    PROXY_UPSTREAM_TIMEOUT_MS: milliseconds,
    PROXY_UPSTREAM_PROTOCOL: { enum: ['http', 'socks5'] },
  },
};

/** @type {Settings} of a proxy node */
export const ofNode = {
  LOG_LEVEL: everywhere.LOG_LEVEL ?? text,
  METRICS_HOST: text,
  PROXY_NODE_RESOLVERS: text,
  PROXY_NODE_TRUSTED: text,
  PROXY_NODE_ALLOW: text,
  PROXY_NODE_IDLE_S: number(1, 86_400),
  PROXY_PORTS_REFUSED: text,
  PROXY_TARGET_LOG: { enum: ['domain', 'host', 'none'] },
};

const secretEverywhere = ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'REDIS_URL', 'KEY_PEPPERS', 'SECRET_RING'];
const setEverywhere = ['METRICS_PORT', 'PORT', 'STOP_DELAY_MS', 'API_MONEY_ENABLED', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
/** The charts do not set it: a collector in the cluster asks for no headers. */
const notByCharts = ['OTEL_EXPORTER_OTLP_HEADERS'];
const withNode = { domains: [], vps: [], proxy: ['PROXY_LOCAL_NODE_TOKEN'] };
/** A pod has only the addresses that its network gives it: a file of exits belongs to a machine of its own. */
const setAtNode = [
  ...['PROXY_NODE_ID', 'PROXY_NODE_TOKEN', 'PROXY_SERVICE_URL', 'PROXY_NODE_DATA', 'PROXY_NODE_HOST'],
  ...['PROXY_NODE_PORTS', 'PROXY_NODE_HTTP_PORT', 'PROXY_NODE_SOCKS_PORT', 'PROXY_NODE_DRAIN_S', 'PROXY_NODE_EXITS'],
  'PROXY_NODE_ENTRY_HOST',
  ...['METRICS_PORT', 'STOP_DELAY_MS'],
];
/** Secrets of suppliers. */
const ofSupplier = { domains: [], vps: [], proxy: ['PROXY_UPSTREAM_TOKEN'] };
/** The images say them. */
const ofImage = ['LUMI_VERSION', 'LUMI_COMMIT'];

/** Everything that a process may get, one list for each process. */
export const known = {
  gateway: [
    ...Object.keys(ofGateway),
    ...setEverywhere,
    ...ofImage,
    ...notByCharts,
    ...['DOMAINS_URL', 'VPS_URL', 'PROXY_URL'],
    ...secretEverywhere,
    'IDENTITY_PRIVATE_KEY',
  ],
  'proxy-node': [...Object.keys(ofNode), ...setAtNode, ...ofImage],
  ...Object.fromEntries(
    Object.entries(ofProduct).map(([product, settings]) => [
      product,
      [
        ...Object.keys(settings),
        ...setEverywhere,
        ...ofImage,
        ...notByCharts,
        ...withNode[/** @type {keyof typeof withNode} */ (product)],
        'PUBLIC_URL',
        ...secretEverywhere,
        ...['ADMIN_DATABASE_URL', 'IDENTITY_PUBLIC_KEYS', 'CURSOR_SECRET', 'CRYPTO_PAY_TOKEN'],
        ...ofSupplier[/** @type {keyof typeof ofSupplier} */ (product)],
      ],
    ]),
  ),
};
