// Who may speak with whom, by the rendered NetworkPolicies: as rows for the table of infra/helm/README.md, and as the
// answer that a network would give.
import { BlockList } from 'node:net';
import { ofKind, podsOf, selects } from './manifests.mjs';

/** @typedef {import('./manifests.mjs').Json} Json */
/** @typedef {import('./manifests.mjs').Manifest} Manifest */
/**
 * @typedef {object} Party one end of a connection
 * @property {string} name
 * @property {Record<string, string>} [pod] its labels
 * @property {string} [namespace] another namespace than the installation's
 * @property {string} [address] outside of the cluster
 */

const LABEL = 'app.kubernetes.io/';

/**
 * One row for each flow, as the table has it. The three products have the same rows, but proxy alone has nodes.
 *
 * @param {readonly Manifest[]} manifests
 * @returns {string[]}
 */
export function flowRows(manifests) {
  const rows = ofKind(manifests, 'NetworkPolicy').flatMap(({ metadata, spec }) => {
    const part = spec.podSelector.matchLabels[`${LABEL}name`];
    const [{ values: components }] = spec.podSelector.matchExpressions;
    const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
    const hasNone = rules.length === 0;
    const isOfNodes = /-(from-nodes|node-[a-z-]+)$/.test(metadata.name);
    const cells = [
      `\`${isOfNodes ? metadata.name : metadata.name.replace(/-(domains|vps|proxy)-/, '-<product>-')}\``,
      `${part === 'gateway' || isOfNodes ? part : '`<product>`'} ${components.join(', ')}`,
      hasNone
        ? 'nothing, in both directions'
        : rules.flatMap((rule) => (rule.from ?? rule.to).map(peerText)).join('; '),
      hasNone ? 'all' : rules.flatMap((rule) => rule.ports.map(portText)).join(', '),
    ];
    return [`| ${cells.map((cell) => cell.trim()).join(' | ')} |`];
  });
  return [...new Set(rows)].sort();
}

/** @param {Json} port */
const portText = ({ protocol, port, endPort }) => `${protocol} ${endPort === undefined ? port : `${port}-${endPort}`}`;

/** @param {Json} peer */
function peerText({ podSelector, namespaceSelector, ipBlock }) {
  if (ipBlock !== undefined) {
    const { cidr, except = [] } = ipBlock;
    return `${cidr}${except.length === 0 ? '' : ` except ${except.join(', ')}`}`;
  }
  const pods = podSelector === undefined ? 'all pods' : `pods \`${selectorText(podSelector)}\``;
  if (namespaceSelector === undefined) return pods;
  const namespace = selectorText(namespaceSelector);
  return `${pods} of ${namespace === '' ? 'all namespaces' : `the namespace \`${namespace}\``}`;
}

/** @param {Json} selector */
function selectorText({ matchLabels = {}, matchExpressions = [] }) {
  const name = (/** @type {string} */ key) => key.replace(LABEL, '').replace('kubernetes.io/metadata.', '');
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${name(key)}=${value}`),
    ...matchExpressions.map((/** @type {Json} */ { key, values }) => `${name(key)}=${values.join('/')}`),
  ]
    .sort()
    .join(' ');
}

/**
 * Whether a connection is allowed: the source may send and the target may receive. Parties that no policy selects may
 * do all, as in Kubernetes.
 *
 * @param {readonly Manifest[]} manifests
 * @param {Party} from
 * @param {Party} to
 * @param {number} port
 */
export function isAllowed(manifests, from, to, port, protocol = 'TCP') {
  const policies = ofKind(manifests, 'NetworkPolicy');
  const passes = (/** @type {Party} */ own, /** @type {Party} */ other, /** @type {'Ingress' | 'Egress'} */ type) => {
    const { pod } = own;
    if (pod === undefined || own.namespace !== undefined) return true;
    const mine = policies.filter(({ spec }) => spec.policyTypes.includes(type) && selects(spec.podSelector, pod));
    if (mine.length === 0) return true;
    const [list, side] = type === 'Ingress' ? ['ingress', 'from'] : ['egress', 'to'];
    return mine.some(({ spec }) =>
      (spec[list] ?? []).some(
        (/** @type {Json} */ rule) =>
          rule.ports.some(
            (/** @type {Json} */ one) =>
              one.port <= port && port <= (one.endPort ?? one.port) && one.protocol === protocol,
          ) && rule[side].some((/** @type {Json} */ peer) => isPeer(peer, other)),
      ),
    );
  };
  return passes(from, to, 'Egress') && passes(to, from, 'Ingress');
}

/**
 * @param {Json} peer
 * @param {Party} party
 */
function isPeer({ ipBlock, podSelector, namespaceSelector }, { pod, namespace, address }) {
  if (ipBlock !== undefined) return address !== undefined && isIn(ipBlock, address);
  if (pod === undefined) return false;
  const isThere =
    namespaceSelector === undefined
      ? namespace === undefined
      : selects(namespaceSelector, { 'kubernetes.io/metadata.name': namespace ?? '' });
  return isThere && (podSelector === undefined || selects(podSelector, pod));
}

/**
 * @param {Json} block
 * @param {string} address
 */
function isIn({ cidr, except = [] }, address) {
  const has = (/** @type {string} */ one) => {
    const [net = '', bits] = one.split('/');
    const family = net.includes(':') ? 'ipv6' : 'ipv4';
    if (family !== (address.includes(':') ? 'ipv6' : 'ipv4')) return false;
    const list = new BlockList();
    list.addSubnet(net, Number(bits), family);
    return list.check(address, family);
  };
  return has(cidr) && !except.some(has);
}

/**
 * The parties that the rendered pods and their neighbours are.
 *
 * @param {readonly Manifest[]} manifests
 * @returns {Record<string, Party>}
 */
export function partiesOf(manifests) {
  const own = podsOf(manifests).map(({ labels }) => {
    const name = `${labels[`${LABEL}name`]} ${labels[`${LABEL}component`]}`;
    return [name, { name, pod: labels }];
  });
  /** @type {readonly Party[]} */
  const others = [
    { name: 'PostgreSQL', pod: { 'cnpg.io/cluster': 'lumi-db' } },
    { name: 'the pooler', pod: { 'cnpg.io/poolerName': 'lumi-db-pooler' } },
    { name: 'Redis', pod: { [`${LABEL}name`]: 'lumi-redis' } },
    { name: 'DNS', pod: { 'k8s-app': 'kube-dns' }, namespace: 'kube-system' },
    { name: 'a scraper', pod: { app: 'prometheus' }, namespace: 'monitoring' },
    { name: 'a pod of another namespace', pod: { app: 'other' }, namespace: 'default' },
    { name: 'a pod beside', pod: { app: 'other' } },
    { name: 'a supplier', address: '198.51.100.7' },
    { name: 'a supplier on IPv6', address: '2a00:1450::1' },
    { name: 'a private address', address: '10.1.2.3' },
    { name: 'the metadata service', address: '169.254.169.254' },
  ];
  return Object.fromEntries([...own, ...others.map((one) => /** @type {const} */ ([one.name, one]))]);
}

/**
 * Every allowed connection between the installation's pods and its neighbours on these ports: `gateway http → domains
 * http: 9000`.
 *
 * @param {readonly Manifest[]} manifests
 * @param {readonly number[]} ports
 */
export function allowedConnections(manifests, ports) {
  const parties = Object.values(partiesOf(manifests));
  const isOwn = ({ pod = {} } = /** @type {Party} */ ({})) => `${LABEL}component` in pod;
  return parties.flatMap((from) =>
    parties
      .filter((to) => from !== to && (isOwn(from) || isOwn(to)))
      .flatMap((to) => {
        const open = ports.filter((port) => isAllowed(manifests, from, to, port));
        return open.length === 0 ? [] : [`${from.name} → ${to.name}: ${open.join(', ')}`];
      }),
  );
}
