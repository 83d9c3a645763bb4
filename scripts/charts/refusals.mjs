// Values that must be refused, and what the refusal says. Helm refuses by values.schema.json or by a template.

/**
 * @typedef {object} Refusal
 * @property {string} title
 * @property {string} chart
 * @property {readonly string[]} set
 * @property {RegExp} says
 */

const URL = 'global.publicUrl=https://api.example.com';
/** @type {(title: string, set: readonly string[], says: RegExp, chart?: string) => Refusal} */
const refusal = (title, set, says, chart = 'lumi') => ({ title, chart, set: [URL, ...set], says });
const NODE = ['node.enabled=true', 'settings.PROXY_ENTRY_HOST=proxy.example.com'];
const ofNode = (/** @type {string} */ one) => [...NODE, `node.${one}`].map((each) => `proxy.${each}`);
const json = (/** @type {string} */ path, /** @type {unknown} */ value) => `json:${path}=${JSON.stringify(value)}`;

/** @type {readonly Refusal[]} */
export const REFUSALS = [
  { title: 'no address for callers', chart: 'lumi', set: [], says: /publicUrl.*does not match/ },
  refusal('an address with a path', ['global.publicUrl=https://api.example.com/v1'], /publicUrl.*does not match/),
  refusal('an unknown value', ['gatewayy.enabled=true'], /additional properties 'gatewayy' not allowed/),
  refusal('an unknown value of a part', ['domains.http.replica=3'], /additional properties 'replica' not allowed/),
  refusal(
    'an unknown value under global',
    ['global.imageRegistry=x'],
    /additional properties 'imageRegistry' not allowed/,
  ),
  refusal('a product that is not there', ['product=mail'], /product.*one of 'domains', 'vps', 'proxy'/, 'lumi-service'),
  refusal('no product', [], /product.*one of 'domains', 'vps', 'proxy'/, 'lumi-service'),
  refusal('another product under a part', ['vps.product=proxy'], /vps\/product/),
  refusal('the tag latest', ['gateway.image.tag=latest'], /lumi-gateway: the tag latest/),
  refusal(
    'the tag latest of a migration',
    ['gateway.migrations.image.tag=latest'],
    /lumi-gateway-migrate: the tag latest/,
  ),
  refusal('a digest that is none', ['vps.image.digest=sha256:abc'], /image\/digest/),
  refusal(
    'a password among the settings',
    ['gateway.settings.DATABASE_URL=postgres://x'],
    /'DATABASE_URL' not allowed/,
  ),
  refusal('a setting of another process', ['domains.settings.API_ENABLED=true'], /'API_ENABLED' not allowed/),
  refusal('a setting of another product', ['domains.settings.GRACE_HOURS=3'], /invalid propertyName 'GRACE_HOURS'/),
  refusal('a setting beyond its bound', ['gateway.settings.DATABASE_POOL=1000'], /DATABASE_POOL.*maximum/),
  refusal('an amount as a number', ['vps.settings.DEFAULT_DAILY_CAP_USD=100'], /DEFAULT_DAILY_CAP_USD.*string/),
  refusal(
    'a setting that is a secret too',
    ['gateway.settings.HOST_BINDINGS=vps=a.example.com', 'gateway.secrets.also={HOST_BINDINGS}'],
    /HOST_BINDINGS is given twice/,
  ),
  refusal('a secret that the process does not read', ['gateway.secrets.from.TOKEN.key=x'], /secrets.from names TOKEN/),
  refusal(
    'a Secret’s value instead of its name',
    [json('gateway.secrets.from', { KEY_PEPPERS: '1:c2VjcmV0' })],
    /KEY_PEPPERS.*object/,
  ),
  refusal('a flow to everywhere', [json('global.network.postgresql.to', [])], /postgresql\/to.*minItems/),
  refusal('a flow to any peer', [json('global.network.redis.to', [{}])], /redis\/to\/0.*minProperties/),
  refusal('a flow without ports', [json('global.network.redis.ports', [])], /redis\/ports.*minItems/),
  refusal(
    'too little time to stop',
    ['proxy.worker.terminationGracePeriodSeconds=25'],
    /worker\/terminationGracePeriodSeconds.*minimum/,
  ),
  refusal('a delay that the process refuses', ['vps.http.stopDelaySeconds=20'], /http\/stopDelaySeconds.*maximum/),
  refusal('no limit of memory', [json('vps.http.resources.limits', { memory: null })], /resources\/limits.*memory/),
  refusal(
    'two scalers',
    ['vps.worker.autoscaling.enabled=true', 'vps.worker.keda.enabled=true'],
    /lumi-vps-worker: autoscaling and keda/,
  ),
  refusal(
    'bounds of replicas that cross',
    ['vps.http.autoscaling.enabled=true', 'vps.http.autoscaling.minReplicas=20'],
    /lumi-vps: autoscaling.minReplicas \(20\) is above/,
  ),
  refusal('nodes without an address for customers', ['proxy.node.enabled=true'], /PROXY_ENTRY_HOST is missing/),
  refusal('nodes of another product', ['node.enabled=true', 'product=vps'], /vps has no nodes/, 'lumi-service'),
  refusal('a node that is killed early', [...ofNode('drainSeconds=50')], /node.terminationGracePeriodSeconds \(60\)/),
  refusal('ports of a node that cross', [...ofNode('ports.last=19000')], /node.ports.first \(20000\) is not below/),
  refusal('too many ports of a node', [...ofNode('ports.last=29999')], /more than 1000 ports apart/),
  refusal('a pool’s port among the others', [...ofNode('ports.socks=20001')], /node.ports.socks \(20001\) is among/),
  refusal(
    'a token among the settings',
    [...ofNode('settings.PROXY_NODE_TOKEN=lnt_x')],
    /'PROXY_NODE_TOKEN' not allowed/,
  ),
  refusal('an Ingress without a host', ['gateway.ingress.enabled=true'], /ingress\/hosts.*minItems/),
  refusal('an HTTPRoute without a parent', ['gateway.httpRoute.enabled=true'], /httpRoute\/parentRefs.*minItems/),
  refusal(
    'a name that is too long',
    ['global.installation=an-installation-with-a-long-name'],
    /installation.*does not match/,
  ),
  refusal('an older Kubernetes', ['kube:1.30.0'], /incompatible with Kubernetes v1.30.0/),
];
