// What customers buy of each product: the requests, the magic words by which the sandbox ends them, and what of an
// answer they remember.
import type { Product } from '@lumi/shared/contract';
import type { Answer } from './answer';
import type { Fact } from './client';

/** How a purchase ends, and how the renewal of what was bought ends. */
export interface Endings {
  readonly ending?: string | undefined;
  readonly renewEnding?: string | undefined;
}

/** Something that a customer owns. */
export interface Owned {
  readonly id: string;
  readonly orderId?: string;
  /** Its renewal has a magic word. */
  readonly isTouchy?: boolean;
}

export interface Wanted {
  readonly path: string;
  readonly body: object;
}

export interface Shop {
  readonly endings: readonly string[];
  readonly renewEndings: readonly string[];
  readonly path: string;
  readonly bulkPath: string;
  readonly bulkRenewPath: string;
  /** The purchase that ends so, and whose renewal ends so. */
  body(name: string, endings: Endings): object;
  /** What was bought, as it is renewed. */
  boughtBy(answer: Answer): Owned[];
  read(thing: Owned): string;
  renewal(thing: Owned, seen: Answer): Wanted | null;
  bulkRenewal(thing: Owned, seen: Answer): object | null;
  readonly lists: readonly string[];
}

const PROXY_ENDINGS: Readonly<Record<string, string>> = {
  plain: 'XA',
  refused: 'XB',
  half: 'XD',
  'pending-then-done': 'XE',
  'timeout-before': 'XF',
  'timeout-after-success': 'XG',
  'error-after-success': 'XH',
  'pending-then-refused': 'XI',
  slow: 'XL',
};
const SERVER_ENDINGS: Readonly<Record<string, string>> = {
  refused: 'refused',
  'timeout-before': 'timeout-before',
  'timeout-after-success': 'timeout-after',
  'error-after-success': 'error-after',
  'pending-then-refused': 'build-fails',
  slow: 'slow',
};

const domains: Shop = {
  endings: [
    'timeout-before',
    'timeout-after-success',
    'timeout-after-refusal',
    'error-before',
    'error-after-success',
    'stays-unknown',
    'pending-then-done',
    'pending-then-refused',
    'refused',
    'lost-race',
    'slow',
  ],
  renewEndings: [
    'timeout-before',
    'timeout-after-success',
    'timeout-after-refusal',
    'error-after-success',
    'pending-then-done',
  ],
  path: '/domains',
  bulkPath: '/domains/bulk',
  bulkRenewPath: '/domains/bulk-renew',
  body: (name, { ending, renewEnding }) => ({ domain: domainOf(name, ending, renewEnding), years: 1 }),
  boughtBy: ({ domain }) =>
    domain?.domain === undefined ? [] : [{ id: domain.domain, isTouchy: domain.domain.startsWith('renew-') }],
  read: ({ id }) => `/domains/${id}`,
  renewal: ({ id }, seen) => ({
    path: `/domains/${id}/renew`,
    body: { years: 1, current_expires_at: seen.expires_at ?? seen.domain?.expires_at },
  }),
  bulkRenewal: ({ id }, seen) => ({
    domain: id,
    years: 1,
    current_expires_at: seen.expires_at ?? seen.domain?.expires_at,
  }),
  lists: ['/domains?limit=20'],
};

const vps: Shop = {
  endings: Object.keys(SERVER_ENDINGS),
  renewEndings: [],
  path: '/servers',
  bulkPath: '/servers/bulk',
  bulkRenewPath: '/servers/bulk-renew',
  body: (name, { ending }) => ({
    plan_id: 's1',
    locations: ['ams', 'fra'],
    image_id: 'debian-13',
    hostname: ending === undefined ? `${name}.example.com` : `sandbox-${SERVER_ENDINGS[ending]}-${numberOf(name)}`,
  }),
  boughtBy: ({ server }) => (server?.id === undefined ? [] : [{ id: server.id }]),
  read: ({ id }) => `/servers/${id}`,
  renewal: ({ id }, seen) =>
    seen.expires_at === null ? null : { path: `/servers/${id}/renew`, body: { current_expires_at: seen.expires_at } },
  bulkRenewal: ({ id }, seen) =>
    seen.expires_at === null ? null : { server_id: id, current_expires_at: seen.expires_at },
  lists: ['/servers?limit=20'],
};

const proxy: Shop = {
  endings: Object.keys(PROXY_ENDINGS).filter((ending) => ending !== 'plain'),
  renewEndings: ['timeout-before', 'timeout-after-success', 'error-after-success', 'pending-then-done'],
  path: '/orders',
  bulkPath: '/orders/bulk',
  bulkRenewPath: '/proxies/renew',
  body: (_name, { ending = 'plain', renewEnding }) => ({
    product_id: 'ipv6',
    items: [{ country: PROXY_ENDINGS[ending], quantity: ending === 'half' ? 4 : 1 }],
    period_days: 30,
    ...(ending === 'half' ? { partial: 'accept' } : {}),
    // The note plays at the purchase as well, which is the same ending once more.
    ...(renewEnding === undefined
      ? {}
      : { label: `sandbox:${renewEnding.replace('-success', '').replace('-then-done', '')}` }),
  }),
  boughtBy: ({ proxies, order }) => {
    const [only, ...more] = proxies ?? [];
    return order?.kind === 'proxy_order' && order.id !== undefined && only?.id !== undefined && more.length === 0
      ? [{ id: only.id, orderId: order.id, isTouchy: only.label !== null }]
      : [];
  },
  read: ({ id }) => `/proxies/${id}`,
  renewal: ({ orderId }, seen) => ({
    path: `/orders/${orderId}/renew`,
    body: { period_days: 30, current_expires_at: seen.expires_at },
  }),
  bulkRenewal: ({ id }, seen) => ({ proxy_id: id, period_days: 30, current_expires_at: seen.expires_at }),
  lists: ['/proxies?limit=20'],
};

export const SHOPS: Readonly<Record<Product, Shop>> = { domains, vps, proxy };

/** The digits at the end of a name: the sandbox's magic words leave room for no more. */
export function numberOf(name: string): string {
  return /\d+$/.exec(name)?.[0] ?? '';
}

function domainOf(name: string, ending: string | undefined, renewEnding: string | undefined): string {
  if (renewEnding !== undefined) return `renew-${renewEnding}-${name}.test`;
  return `${ending ?? 'plain'}-${name}.test`;
}

/** What an answer says about an order: a fact where it is final. */
export function factOf(order: Answer | undefined): Fact | null {
  const { id, state, money } = order ?? {};
  if (id === undefined || state === undefined || money === undefined) return null;
  return state === 'processing'
    ? { kind: 'order', id, state: null }
    : { kind: 'order', id, state, captured: money.captured_usd };
}
