// What customers buy of each product: the requests, the magic words by which the sandbox ends them, and what of an
// answer they remember.

const PROXY_ENDINGS = {
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
const SERVER_ENDINGS = {
  refused: 'refused',
  'timeout-before': 'timeout-before',
  'timeout-after-success': 'timeout-after',
  'error-after-success': 'error-after',
  'pending-then-refused': 'build-fails',
  slow: 'slow',
};

export const SHOPS = {
  domains: {
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
    /** The purchase that ends so, and whose renewal ends so. */
    body: (name, { ending, renewEnding }) => ({ domain: domainOf(name, ending, renewEnding), years: 1 }),
    /** What was bought, as it is renewed. */
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
  },
  vps: {
    endings: Object.keys(SERVER_ENDINGS),
    renewEndings: [],
    path: '/servers',
    bulkPath: '/servers/bulk',
    bulkRenewPath: '/servers/bulk-renew',
    body: (name, { ending }) => ({
      plan_id: 's1',
      locations: ['ams', 'fra'],
      image_id: 'debian-13',
      hostname:
        ending === undefined ? `${name}.example.com` : `sandbox-${SERVER_ENDINGS[ending]}-${/\d+$/.exec(name)[0]}`,
    }),
    boughtBy: ({ server }) => (server?.id === undefined ? [] : [{ id: server.id }]),
    read: ({ id }) => `/servers/${id}`,
    renewal: ({ id }, seen) =>
      seen.expires_at === null ? null : { path: `/servers/${id}/renew`, body: { current_expires_at: seen.expires_at } },
    bulkRenewal: ({ id }, seen) =>
      seen.expires_at === null ? null : { server_id: id, current_expires_at: seen.expires_at },
    lists: ['/servers?limit=20'],
  },
  proxy: {
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
    boughtBy: ({ proxies, order }) =>
      order?.kind === 'proxy_order' && proxies?.length === 1
        ? [{ id: proxies[0].id, orderId: order.id, isTouchy: proxies[0].label !== null }]
        : [],
    read: ({ id }) => `/proxies/${id}`,
    renewal: ({ orderId }, seen) => ({
      path: `/orders/${orderId}/renew`,
      body: { period_days: 30, current_expires_at: seen.expires_at },
    }),
    bulkRenewal: ({ id }, seen) => ({ proxy_id: id, period_days: 30, current_expires_at: seen.expires_at }),
    lists: ['/proxies?limit=20'],
  },
};

function domainOf(name, ending, renewEnding) {
  if (renewEnding !== undefined) return `renew-${renewEnding}-${name}.test`;
  return `${ending ?? 'plain'}-${name}.test`;
}

/** What a customer was told about an order: a fact where it is final. */
export function factOf(order) {
  if (order?.state === undefined || order.money === undefined) return null;
  return order.state === 'processing'
    ? { kind: 'order', id: order.id, state: null }
    : { kind: 'order', id: order.id, state: order.state, captured: order.money.captured_usd };
}
