// Which connections the policies of the smallest installation allow, all of them, as a second description of the flows
// beside the templates.
import { ofKind } from './manifests.mjs';
import { allowedConnections } from './network.mjs';

/** @typedef {import('./manifests.mjs').Manifest} Manifest */

const PRODUCTS = ['domains', 'vps', 'proxy'];
const [DNS, HTTPS, SMTP, POSTGRESQL, REDIS, GATEWAY, SERVICE, METRICS] = [53, 443, 25, 5432, 6379, 8080, 9000, 9464];
const [POOL_HTTP, POOL_SOCKS, ENTRY] = [19_080, 19_081, 20_007];
const PORTS = [SMTP, DNS, HTTPS, POSTGRESQL, REDIS, GATEWAY, SERVICE, METRICS, POOL_HTTP, POOL_SOCKS, ENTRY];
const ALL = PORTS.join(', ');
const NODE = 'proxy node';

/**
 * Of the nodes of proxies: customers and targets outside, names, scrapers, and the service that they belong to.
 *
 * @param {readonly string[]} outside
 */
function ofNode(outside) {
  return [
    ...outside.map((from) => `${from} → ${NODE}: ${POOL_HTTP}, ${POOL_SOCKS}, ${ENTRY}`),
    `a scraper → ${NODE}: ${METRICS}`,
    `${NODE} → proxy http: ${SERVICE}`,
    `${NODE} → DNS: ${DNS}`,
    `${NODE} → a supplier: ${ALL}`,
    `${NODE} → a supplier on IPv6: ${ALL}`,
  ];
}

/**
 * @param {boolean} hasNode
 * @returns {string[]}
 */
function expected(hasNode) {
  const services = PRODUCTS.flatMap((product) => [`${product} http`, `${product} worker`]);
  const migrations = ['gateway', ...PRODUCTS].map((part) => `${part} migration`);
  const running = ['gateway http', ...services];
  const others = ['PostgreSQL', 'the pooler', 'Redis', 'DNS', 'a pod of another namespace', 'a pod beside'];
  const outside = ['a supplier', 'a supplier on IPv6', 'a private address', 'the metadata service'];
  return [
    ...(hasNode ? ofNode(outside) : []),
    // Any caller reaches the gateway, but our own services do not need to, and may not send.
    ...[...others, 'a scraper', ...outside].map((from) =>
      from === 'a scraper' ? `${from} → gateway http: ${GATEWAY}, ${METRICS}` : `${from} → gateway http: ${GATEWAY}`,
    ),
    ...services.map((to) => `a scraper → ${to}: ${METRICS}`),
    ...PRODUCTS.map((product) => `gateway http → ${product} http: ${SERVICE}`),
    ...[...running, ...migrations].flatMap((from) => [
      `${from} → DNS: ${DNS}`,
      `${from} → PostgreSQL: ${POSTGRESQL}`,
      `${from} → the pooler: ${POSTGRESQL}`,
    ]),
    ...running.map((from) => `${from} → Redis: ${REDIS}`),
    ...services.flatMap((from) => [`${from} → a supplier: ${HTTPS}`, `${from} → a supplier on IPv6: ${HTTPS}`]),
  ];
}

/**
 * @param {readonly Manifest[]} manifests
 * @returns {string[]}
 */
export function connectionFaults(manifests) {
  const allowed = allowedConnections(manifests, PORTS);
  const wanted = expected(ofKind(manifests, 'StatefulSet').length > 0);
  return [
    ...allowed.filter((one) => !wanted.includes(one)).map((one) => `allowed, but should not be: ${one}`),
    ...wanted.filter((one) => !allowed.includes(one)).map((one) => `should be allowed: ${one}`),
  ];
}
