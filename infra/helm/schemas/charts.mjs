// The schemas of the three charts. What they refuse, helm refuses before it renders anything.
import * as shared from './global.mjs';
import { ofGateway, ofNode, ofProduct } from './settings.mjs';

const { exactly, flag, image, list, names, number, orEmpty, peers, resources, secrets, text, url } = shared;

/** What the umbrella sets for a chart, and the block that helm makes for the library. */
const fromHelm = { enabled: flag, 'lumi-library': { type: 'object' } };

/** @param {Record<string, object>} properties */
function chart(properties) {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...exactly(properties),
    properties: { ...properties, ...fromHelm },
  };
}

const migrations = { enabled: flag, secrets, activeDeadlineSeconds: number(30, 86_400), resources };
const whenEnabled = (/** @type {string} */ property) => ({
  if: { properties: { enabled: { const: true } } },
  then: { properties: { [property]: { minItems: 1 } } },
});
const host = { type: 'string', pattern: '^(\\*\\.)?[a-z0-9.-]+$' };

const gateway = chart({
  global: shared.global,
  image,
  settings: {
    type: 'object',
    properties: ofGateway,
    patternProperties: { '^OTEL_[A-Z_]+$': text },
    additionalProperties: false,
  },
  secrets,
  http: exactly(shared.process({ autoscaling: shared.autoscalingByCpu })),
  services: exactly({ domains: orEmpty(url), vps: orEmpty(url), proxy: orEmpty(url) }),
  service: exactly({
    type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
    port: number(1, 65_535),
    annotations: names,
    externalTrafficPolicy: { enum: ['Local', 'Cluster'] },
    loadBalancerSourceRanges: list(text),
  }),
  ingress: exactly(
    { enabled: flag, className: text, annotations: names, hosts: list(host), tls: list({ type: 'object' }) },
    whenEnabled('hosts'),
  ),
  httpRoute: exactly(
    {
      enabled: flag,
      annotations: names,
      parentRefs: list({ type: 'object', required: ['name'] }),
      hostnames: list(host),
      timeout: { type: 'string', pattern: '^\\d+s$' },
    },
    whenEnabled('parentRefs'),
  ),
  network: exactly({ clients: exactly({ from: peers }) }),
  migrations: exactly({ ...migrations, image }),
  tools: exactly({ enabled: flag, image, secrets, resources }),
});

const port = number(1, 65_535);
const node = exactly({
  enabled: flag,
  ...shared.process({}),
  secretName: orEmpty(shared.secretName),
  ports: exactly({ http: port, socks: port, first: port, last: port }),
  settings: { type: 'object', properties: ofNode, additionalProperties: false },
  // As PROXY_NODE_DRAIN_S allows.
  drainSeconds: number(1, 3_600),
  terminationGracePeriodSeconds: number(9, 4_000),
  storage: exactly({ size: shared.quantity, className: text }),
  service: exactly({
    type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
    annotations: names,
    externalTrafficPolicy: { enum: ['Local', 'Cluster'] },
    loadBalancerSourceRanges: list(text),
  }),
  network: exactly({ customers: exactly({ from: peers }), targets: exactly({ to: peers }) }),
});

const products = Object.entries(ofProduct);
const service = {
  ...chart({
    product: { enum: products.map(([product]) => product) },
    global: shared.global,
    image,
    settings: {
      type: 'object',
      properties: Object.assign({}, ...products.map(([, settings]) => settings)),
      patternProperties: { '^OTEL_[A-Z_]+$': text },
      additionalProperties: false,
    },
    secrets,
    http: exactly(shared.process({ autoscaling: shared.autoscalingByCpu })),
    worker: exactly(shared.process({ autoscaling: shared.autoscalingByQueue, keda: shared.keda })),
    node,
    network: exactly({ suppliers: list(shared.namedFlow) }),
    migrations: exactly(migrations),
  }),
  allOf: products.map(([product, settings]) => ({
    if: { properties: { product: { const: product } } },
    then: {
      properties: {
        settings: { propertyNames: { anyOf: [{ enum: Object.keys(settings) }, { pattern: '^OTEL_[A-Z_]+$' }] } },
      },
    },
  })),
};

/** A part's own chart checks the rest of its block. */
const part = (/** @type {object} */ properties) => ({
  type: 'object',
  properties: { enabled: flag, ...properties },
  required: ['enabled'],
});
const umbrella = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  ...exactly({
    global: shared.global,
    gateway: part({}),
    ...Object.fromEntries(products.map(([product]) => [product, part({ product: { const: product } })])),
  }),
};

export const charts = { 'lumi-gateway': gateway, 'lumi-service': service, lumi: umbrella };
