// How to call each operation of the proxy API so that it succeeds.
import { proxyLoginRecipes } from './recipes-proxy-logins';
import { proxyOperatorRecipes } from './recipes-proxy-operators';
import { sharedRecipes } from './recipes-shared';
import type { Call, Recipes, World } from './world';

const order = (country = 'XA', quantity = 1): object => ({
  product_id: 'ipv4',
  items: [{ country, quantity }],
  period_days: 7,
});

interface Proxy {
  readonly id: string;
  readonly order_id: string;
  readonly expires_at: string;
}

const buy = async (world: World, body: object = order()): Promise<Proxy> => {
  const { proxies } = await world.pay<{ proxies: readonly Proxy[] }>('/orders', body);
  const [proxy] = proxies;
  if (proxy === undefined) throw new Error('nothing was delivered');
  return proxy;
};
const held = (world: World): Promise<Proxy> => world.once('held', () => buy(world));
const mobile = (world: World): Promise<Proxy> =>
  buy(world, { product_id: 'mobile', items: [{ country: 'XA', quantity: 1 }], period_days: 30 });
const id = async (thing: Promise<{ readonly id: string }>): Promise<Call> => ({ params: { id: (await thing).id } });
const plan = (world: World): Promise<{ id: string }> =>
  world.once(
    'plan',
    async () => (await world.pay<{ plan: { id: string } }>('/traffic-plans', { pool: 'residential', gb: 1000 })).plan,
  );
const subuser = async (world: World): Promise<{ id: string }> =>
  world.send('POST', '/subusers', { traffic_plan_id: (await plan(world)).id, limit_gb: 2, label: 'client a' });
const address = (world: World): string => {
  const n = world.number();
  return `203.0.${String(n >> 8)}.${String(n & 255)}`;
};
const entry = (world: World, path: string): Promise<{ id: string }> =>
  world.send('POST', path, { ip_or_cidr: address(world), label: 'office' });
const exportLink = (world: World): Promise<{ id: string; url: string }> =>
  world.send('POST', '/export-links', { format: 'csv' });
const replacement = (world: World): Promise<{ id: string }> =>
  world.once('replacement', async () => {
    const { id: proxyId } = await buy(world);
    return (
      await world.pay<{ replacement: { id: string } }>('/proxies/replace', {
        select: { proxy_ids: [proxyId] },
        reason: 'blocked',
      })
    ).replacement;
  });

export const PROXY: Recipes = {
  ...sharedRecipes({
    path: '/orders',
    body: () => order(),
    undecided: () => order('XJ'),
    untold: () => order('XG'),
    bulkPath: '/orders/bulk',
    item: () => order(),
    failing: () => order('XB'),
  }),
  'bulk-order-proxies': {
    status: 200,
    call: (world) => ({ body: { items: [{ ...order(), ref: world.fresh('order') }], on_error: 'continue' } }),
    also: [
      {
        what: 'later',
        call: () => ({ headers: { prefer: 'respond-async' }, body: { items: [order()] } }),
        status: 202,
      },
      { what: 'with some that fail', call: () => ({ body: { items: [order('XB'), {}] } }), status: 200 },
    ],
  },
  'bulk-renew-proxies': {
    status: 200,
    call: async (world) => {
      const proxy = await buy(world);
      return { body: { items: [{ proxy_id: proxy.id, current_expires_at: proxy.expires_at, period_days: 7 }] } };
    },
  },
  'list-products': { call: () => ({}) },
  'create-export-link': {
    call: () => ({ body: { filter: { country: 'XA' }, format: 'txt', template: '{user}:{pass}@{host}:{port}' } }),
  },
  'list-export-links': { call: () => ({}) },
  'delete-export-link': { call: (world) => id(exportLink(world)) },
  'read-export-link': {
    call: async (world) => ({ params: { token: (await exportLink(world)).url.split('/').at(-1) ?? '' } }),
  },
  'get-product': { isCatalogue: true, call: () => ({ params: { id: 'ipv4' } }) },
  'list-locations': { isCatalogue: true, call: () => ({ params: { id: 'ipv4' }, query: { period_days: '30' } }) },
  'create-quote': { call: () => ({ body: { operation: 'order', items: [order('DE', 2)] } }) },
  'get-quote': {
    call: async (world) => ({
      params: {
        quote_id: (await world.send<{ id: string }>('POST', '/quotes', { operation: 'order', items: [order()] })).id,
      },
    }),
  },
  'order-proxies': {
    status: 201,
    call: () => ({
      body: { ...order('XA', 2), max_price_usd: '10', label: 'crawler', reference: 'r-1', tags: ['shop'] },
    }),
    also: [
      { what: 'pending', call: () => ({ body: order('XE') }), status: 202 },
      { what: 'partial', call: () => ({ body: { ...order('XD', 4), partial: 'accept' } }), status: 201 },
      { what: 'refused', call: () => ({ body: order('XB') }), status: 502 },
      { what: 'sold out', call: () => ({ body: order('XC') }), status: 409 },
      { what: 'too dear', call: () => ({ body: { ...order(), max_price_usd: '0.01' } }), status: 409 },
    ],
  },
  'renew-order': {
    status: 200,
    call: async (world) => {
      const proxy = await buy(world);
      return { params: { id: proxy.order_id }, body: { period_days: 7, current_expires_at: proxy.expires_at } };
    },
  },
  'list-proxies': {
    call: async (world) => {
      await held(world);
      return {};
    },
  },
  'summarize-proxies': {
    call: async (world) => {
      await held(world);
      return {};
    },
  },
  'sync-proxy': { call: (world) => id(buy(world)) },
  'sync-proxies': {
    call: async (world) => {
      await held(world);
      return {};
    },
  },
  'bulk-update-proxies': {
    call: async (world) => ({ body: { proxy_ids: [(await held(world)).id], change: { tags: ['shop'] } } }),
    also: [
      {
        what: 'nobody’s',
        call: () => ({ body: { proxy_ids: [`prx_${'0'.repeat(24)}`], change: { label: 'x' } } }),
        status: 200,
      },
    ],
  },
  'check-proxies': { call: async (world) => ({ body: { proxy_ids: [(await held(world)).id] } }) },
  'replace-proxies': {
    isFree: true,
    status: 201,
    call: async (world) => ({
      body: {
        select: { proxy_ids: [(await buy(world)).id] },
        with: { different_subnet: true },
        reason: 'blocked by target',
      },
    }),
  },
  'diagnose-proxy': { call: async (world) => ({ ...(await id(held(world))), query: { target: 'example.com:443' } }) },
  'diagnose-traffic-plan': { call: (world) => id(plan(world)) },
  'export-proxies': {
    call: async (world) => {
      await held(world);
      return {};
    },
    also: ['txt', 'csv', 'json', 'url'].map((format) => ({
      what: format,
      call: () => ({ query: { format } }),
      status: 200,
    })),
  },
  'get-proxy': {
    call: (world) => id(held(world)),
    also: [
      {
        what: 'with its password',
        call: async (world) => ({ ...(await id(held(world))), query: { reveal: '1' } }),
        status: 200,
      },
    ],
  },
  'update-proxy': {
    call: async (world) => ({
      ...(await id(held(world))),
      body: { label: 'crawler 3', tags: ['client-a'], reference: 'r-2', metadata: { team: 'a' } },
    }),
  },
  'rotate-proxy': {
    status: 200,
    call: (world) => id(mobile(world)),
    also: [{ what: 'one that cannot', call: (world) => id(held(world)), status: 409 }],
  },
  'set-rotation': { call: async (world) => ({ ...(await id(mobile(world))), body: { interval_s: 600 } }) },
  'set-credentials': {
    call: async (world) => ({ ...(await id(held(world))), body: { username: 'crawler', grace_s: 600 } }),
  },
  'rotate-credentials': { call: async (world) => ({ ...(await id(held(world))), body: { grace_s: 600 } }) },
  'list-allowlist': {
    call: async (world) => {
      await entry(world, '/allowlist');
      return {};
    },
  },
  'add-to-allowlist': { status: 201, call: (world) => ({ body: { ip_or_cidr: address(world), label: 'office' } }) },
  'remove-from-allowlist': { call: (world) => id(entry(world, '/allowlist')) },
  'list-proxy-allowlist': { call: (world) => id(held(world)) },
  'add-to-proxy-allowlist': {
    status: 201,
    call: async (world) => ({ ...(await id(held(world))), body: { ip_or_cidr: address(world), label: 'office' } }),
  },
  'remove-from-proxy-allowlist': {
    call: async (world) => {
      const { id: proxyId } = await held(world);
      return { params: { id: proxyId, entry_id: (await entry(world, `/proxies/${proxyId}/allowlist`)).id } };
    },
  },
  'list-replacements': {
    call: async (world) => {
      await replacement(world);
      return {};
    },
  },
  'get-replacement': { call: (world) => id(replacement(world)) },
  'list-traffic-plans': {
    call: async (world) => {
      await plan(world);
      return {};
    },
  },
  'buy-traffic-plan': { status: 201, call: () => ({ body: { pool: 'residential', gb: 10 } }) },
  'get-traffic-plan': { call: (world) => id(plan(world)) },
  'sync-traffic-plan': { call: (world) => id(plan(world)) },
  'sync-traffic-plans': {
    call: async (world) => {
      await plan(world);
      return {};
    },
  },
  'update-traffic-plan': {
    call: async (world) => ({
      ...(await id(plan(world))),
      body: { label: 'client a', alerts_gb: [1, 2], hard_stop_gb: 3 },
    }),
  },
  'top-up-traffic-plan': { status: 200, call: async (world) => ({ ...(await id(plan(world))), body: { gb: 5 } }) },
  ...proxyLoginRecipes({ plan, subuser }),
  'generate-endpoints': {
    call: async (world) => ({
      ...(await id(plan(world))),
      body: { country: ['DE', 'US'], session: 'sticky', ttl_s: 600, quantity: 10, format: 'txt' },
    }),
    also: ['csv', 'json', 'url'].map((format) => ({
      what: format,
      call: async (world: World) => ({ ...(await id(plan(world))), body: { format } }),
      status: 200,
    })),
  },
  'list-subusers': {
    call: async (world) => {
      await subuser(world);
      return {};
    },
  },
  'create-subuser': {
    call: async (world) => ({ body: { traffic_plan_id: (await plan(world)).id, limit_gb: 2, label: 'client a' } }),
  },
  'sync-subusers': {
    call: async (world) => {
      await subuser(world);
      return {};
    },
  },
  'sync-subuser': { call: (world) => id(subuser(world)) },
  'sync-allowlist': {
    call: async (world) => {
      await entry(world, '/allowlist');
      return {};
    },
  },
  'sync-proxy-allowlist': { call: (world) => id(buy(world)) },
  'get-subuser': { call: (world) => id(subuser(world)) },
  'update-subuser': { call: async (world) => ({ ...(await id(subuser(world))), body: { status: 'disabled' } }) },
  'delete-subuser': { call: (world) => id(subuser(world)) },
  'allocate-to-subuser': { call: async (world) => ({ ...(await id(subuser(world))), body: { gb: 2 } }) },
  'reclaim-from-subuser': { call: async (world) => ({ ...(await id(subuser(world))), body: { gb: 1 } }) },
  ...proxyOperatorRecipes({ proxy: buy, plan, subuser }),
  'list-connections': {
    call: () => ({}),
    also: [{ what: 'of a plan', call: async (world) => ({ query: { plan_id: (await plan(world)).id } }), status: 200 }],
  },
  'get-usage': {
    call: () => ({}),
    also: [{ what: 'as a table', call: () => ({ query: { format: 'csv', group_by: 'day' } }), status: 200 }],
  },
};
