// The JSON schemas of the values that all charts share: `global`, and blocks that several charts have.

export const text = { type: 'string' };
export const flag = { type: 'boolean' };
export const names = { type: 'object', additionalProperties: text };
export const url = { type: 'string', pattern: '^https?://[^/\\s]+$' };

/**
 * An object with exactly these properties, all of which values.yaml gives.
 *
 * @param {Record<string, object>} properties
 * @param {object} [more]
 */
export const exactly = (properties, more = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});

/**
 * @param {object} items
 * @param {number} [minItems]
 */
export const list = (items, minItems = 0) => ({ type: 'array', items, minItems });

/**
 * @param {number} minimum
 * @param {number} maximum
 */
export const number = (minimum, maximum) => ({ type: 'integer', minimum, maximum });

export const orEmpty = (/** @type {object} */ schema) => ({ anyOf: [{ const: '' }, schema] });

// `{}` as a peer, and a flow without peers, would allow everything.
const selector = {
  type: 'object',
  properties: { matchLabels: names, matchExpressions: list({ type: 'object' }) },
  additionalProperties: false,
};
const peer = {
  type: 'object',
  minProperties: 1,
  properties: {
    podSelector: selector,
    namespaceSelector: selector,
    ipBlock: {
      type: 'object',
      properties: {
        cidr: { type: 'string', pattern: '/\\d{1,3}$' },
        except: list({ type: 'string', pattern: '/\\d{1,3}$' }),
      },
      required: ['cidr'],
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};
const ports = list(number(1, 65_535), 1);
export const peers = list(peer, 1);
const flowTo = exactly({ to: peers, ports });

/** A flow with a name of its own. */
export const namedFlow = exactly({ name: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,20}$' }, to: peers, ports });

/** The templates refuse the tag `latest`, with a sentence. */
export const image = exactly({
  repository: { type: 'string', pattern: '^[a-z0-9./_-]*$' },
  tag: { type: 'string', pattern: '^[A-Za-z0-9._-]{0,128}$' },
  digest: orEmpty({ type: 'string', pattern: '^sha256:[0-9a-f]{64}$' }),
});

const setting = { type: 'string', pattern: '^[A-Z][A-Z0-9_]*$' };
export const secretName = { type: 'string', pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$', maxLength: 253 };

/** Names of Secrets and of keys in them, never a value. */
export const secrets = exactly({
  name: orEmpty(secretName),
  from: {
    type: 'object',
    propertyNames: setting,
    additionalProperties: {
      type: 'object',
      properties: { name: secretName, key: { type: 'string', pattern: '^[-._a-zA-Z0-9]+$' } },
      minProperties: 1,
      additionalProperties: false,
    },
  },
  also: list(setting),
});

export const quantity = { anyOf: [{ type: 'string', pattern: '^\\d+(\\.\\d+)?(m|Ki|Mi|Gi)?$' }, { type: 'number' }] };
const amounts = { cpu: quantity, memory: quantity, 'ephemeral-storage': quantity };
const amount = { type: 'object', properties: amounts, additionalProperties: false };

/** Without a limit of memory one process could take the whole node's. */
export const resources = exactly({
  requests: { ...amount, required: ['cpu', 'memory'] },
  limits: { ...amount, required: ['memory'] },
});

const spread = { enum: ['ScheduleAnyway', 'DoNotSchedule'] };
const replicas = number(1, 500);
const queueSize = { type: 'string', pattern: '^[1-9]\\d*$' };
export const minMax = { minReplicas: replicas, maxReplicas: replicas };
export const autoscalingByCpu = exactly({ enabled: flag, ...minMax, cpuPercent: number(10, 100) });
export const autoscalingByQueue = exactly({
  enabled: flag,
  ...minMax,
  queue: exactly({ metric: { type: 'string', minLength: 1 }, jobsPerWorker: queueSize }),
});
export const keda = exactly({
  enabled: flag,
  ...minMax,
  pollingSeconds: number(1, 600),
  cooldownSeconds: number(0, 86_400),
  fallbackReplicas: replicas,
  prometheusUrl: { type: 'string', pattern: '^https?://' },
  query: { type: 'string', minLength: 1 },
  jobsPerWorker: queueSize,
});

/**
 * The size and place of one kind of pod.
 *
 * @param {Record<string, object>} scaling
 */
export const process = (scaling) => ({
  replicas,
  resources,
  ...scaling,
  topologySpread: exactly({ zones: spread, nodes: spread }),
  podDisruptionBudget: exactly({
    enabled: flag,
    maxUnavailable: { anyOf: [number(1, 500), { type: 'string', pattern: '^[1-9]\\d?%$' }] },
  }),
  // As STOP_DELAY_MS allows.
  stopDelaySeconds: number(0, 15),
  // A process stops within 25 s.
  terminationGracePeriodSeconds: number(26, 600),
  priorityClassName: text,
  nodeSelector: names,
  tolerations: list({ type: 'object' }),
  affinity: { type: 'object' },
  podLabels: names,
  podAnnotations: names,
});

const labels = names;
const seconds = { type: 'string', pattern: '^\\d+s$' };

export const global = exactly({
  // With its longest suffix a name stays below 63 characters.
  installation: { type: 'string', pattern: '^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$' },
  publicUrl: url,
  moneyEnabled: flag,
  image: exactly({
    registry: text,
    pullPolicy: { enum: ['IfNotPresent', 'Always', 'Never'] },
    pullSecrets: list(exactly({ name: secretName })),
  }),
  postgresql: exactly({ pooler: flag }),
  redis: exactly({ enabled: flag }),
  telemetry: exactly({ endpoint: orEmpty({ type: 'string', pattern: '^https?://' }) }),
  monitoring: exactly({
    serviceMonitor: exactly({ enabled: flag, interval: seconds, scrapeTimeout: seconds, labels }),
    prometheusRule: exactly({ enabled: flag, labels }),
  }),
  network: exactly({
    policies: flag,
    dns: flowTo,
    postgresql: flowTo,
    redis: flowTo,
    scrapers: exactly({ from: peers }),
    telemetry: flowTo,
  }),
});
