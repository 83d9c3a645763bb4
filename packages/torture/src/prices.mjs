// After a run every charge is compared with the model's (price-model.cjs): the captured orders are gone through in the
// order in which their money was held, each changing what the next one on the same thing costs. Whatever was paid for
// must end when the model says, and what is quoted now must be its price.
import { createRequire } from 'node:module';
import { BASE_PATHS } from './system-settings.mjs';

const { PriceModel, unitsOf } = createRequire(import.meta.url)('./price-model.cjs');

/** Between a price and the hold at it lies a moment; a clock that was set to a wrong time differs by more. */
const MOMENT_MS = 5_000;
const STEPPED_MS = 25_000;
const TRIES = 60;
export const PRICE_RULES = {
  charge: 'every charge is what the model says',
  time: 'paid time ends when the model says',
  quote: 'a quote is what the model says',
};

/** What the API says about its prices: the model knows nothing else. */
export async function readCatalogue({ doors, system, buyers }) {
  const catalogue = { plans: [], products: [], tlds: [], surcharges: {} };
  const of = (product) => buyers.find((buyer) => buyer.product === product);
  const items = async (buyer, path) => (await insist(doors, { buyer, method: 'GET', path })).items;
  for (const product of system.products) {
    if (product === 'vps') catalogue.plans = await items(of('vps'), '/plans?limit=200');
    if (product === 'domains') catalogue.tlds = await items(of('domains'), '/tlds?limit=200');
    if (product !== 'proxy') continue;
    catalogue.products = await items(of('proxy'), '/products');
    for (const { id } of catalogue.products)
      catalogue.surcharges[id] = await items(of('proxy'), `/products/${id}/locations?period_days=30`);
  }
  return catalogue;
}

async function insist(doors, request) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const send = await doors.send({ ...request, sends: [] }, tries % 2);
    if (send.status !== undefined && send.status < 300) return send.json;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`${BASE_PATHS[request.buyer.product]}${request.path} has no answer`);
}

/** `hagglers`: who may be asked for quotes of what they share; none in a run without them. */
export async function judgePrices({ system, history, doors, catalogue, hagglers, isStepped }) {
  const breaches = [];
  const model = new PriceModel(catalogue);
  const slackMs = isStepped ? STEPPED_MS : MOMENT_MS;
  const aged = new Map(history.facts.filter(({ kind }) => kind === 'aged').map(({ id, until }) => [id, until]));
  for (const order of await boughtOrders(system)) {
    const wish = WISHES[order.kind]?.(order, model);
    const costs =
      wish === undefined ? [] : [-slackMs, 0, slackMs].map((ms) => model.costOf(wish, order.created_at.getTime() + ms));
    if (wish === undefined)
      breaches.push({
        rule: PRICE_RULES.charge,
        subject: order.id,
        detail: `the model does not know what a ${order.kind} costs`,
      });
    if (wish === undefined) continue;
    if (!costs.some(({ units }) => units === BigInt(order.charged)))
      breaches.push({
        rule: PRICE_RULES.charge,
        subject: order.id,
        detail:
          `${order.kind} of ${order.subject} was charged ${usd(order.charged)}, the model says ` +
          `${told(costs[1])} (${text(wish)})`,
      });
    model.bought(wish);
    const until = aged.get(wish.server);
    if (order.kind === 'server_create' && until !== undefined) model.age(wish.server, until);
  }
  breaches.push(...(await judgeTimes(system, model)));
  for (const haggler of hagglers) breaches.push(...(await judgeQuotes({ doors, model, haggler, slackMs })));
  return breaches;
}

/** With what was delivered beside it: an order of proxies tells only what was wished for. */
async function boughtOrders(system) {
  const { rows } = await system.query(
    `SELECT o.id, o.kind, o.subject, o.item, o.charged, o.created_at, o.settled_at, o.idem_scope FROM platform.orders o
      WHERE o.state = 'captured' ORDER BY o.seq`,
  );
  if (!system.products.includes('proxy')) return rows;
  const { rows: proxies } = await system.query(
    'SELECT id, order_id, country, starts_at FROM proxy.proxy WHERE replaces IS NULL ORDER BY seq',
  );
  const { rows: replacements } = await system.query('SELECT order_id, removed, added FROM proxy.replacement');
  const pairsOf = new Map(
    replacements.map(({ order_id: id, removed, added }) => [id, removed.map((old, i) => ({ old, fresh: added[i] }))]),
  );
  return rows.map((order) => ({
    ...order,
    proxies: proxies.filter(({ order_id: id }) => id === order.id),
    pairs: pairsOf.get(order.id),
  }));
}

/**
 * What was wished for, in the model's words. A renewal that Lumi made by itself wished for nothing: it is for the
 * period that was paid last.
 */
const WISHES = {
  server_create: ({ item, settled_at: at }) => ({
    kind: 'server_create',
    server: item.server_id,
    plan: item.plan_id,
    location: item.location_id,
    months: item.period_months,
    paidAt: at.getTime(),
  }),
  server_renew: ({ subject, item, idem_scope: scope }, model) => ({
    kind: 'server_renew',
    server: subject,
    months: scope === 'auto' ? model.servers.get(subject).months : item.period_months,
  }),
  server_resize: ({ subject, item }) => ({ kind: 'server_resize', server: subject, plan: item.plan_id }),
  proxy_order: ({ item, proxies }) => ({
    kind: 'proxy_order',
    product: item.product_id,
    days: item.period_days,
    lines: item.items.map(({ country, quantity }) => ({ country, quantity })),
    delivered: item.items.map(({ country }) => ({
      country,
      quantity: proxies.filter((proxy) => proxy.country === country).length,
    })),
    proxies: proxies.map(({ id, country, starts_at: at }) => ({ id, country, startsAt: at.getTime() })),
  }),
  proxy_renew: ({ item, idem_scope: scope }, model) => {
    const proxies = item.proxies.map(({ id }) => id);
    return {
      kind: 'proxy_renew',
      proxies,
      days: scope === 'auto' ? model.proxies.get(proxies[0]).period : item.period_days,
    };
  },
  proxy_replace: ({ item, pairs }) => ({ kind: 'proxy_replace', pairs, country: item.country ?? undefined }),
  traffic_plan: ({ item }) => ({ kind: 'traffic_plan', pool: item.pool, gb: item.gb }),
  traffic_topup: ({ item }) => ({ kind: 'traffic_topup', pool: item.pool, gb: item.gb }),
  ...Object.fromEntries(
    ['domain_register', 'domain_renew', 'domain_transfer', 'domain_restore'].map((kind) => [
      kind,
      ({ subject, item }) => ({ kind, tld: subject.slice(subject.indexOf('.') + 1), years: item.years }),
    ]),
  ),
};

async function judgeTimes(system, model) {
  const breaches = [];
  const compare = (subject, real, said) => {
    if (real.getTime() !== said)
      breaches.push({
        rule: PRICE_RULES.time,
        subject,
        detail: `ends ${real.toISOString()}, the model says ${new Date(said).toISOString()}`,
      });
  };
  const { rows: servers } = system.products.includes('vps')
    ? await system.query('SELECT id, expires_at FROM vps.server WHERE expires_at IS NOT NULL')
    : { rows: [] };
  for (const { id, expires_at: at } of servers) compare(id, at, model.expiryOf(id));
  const { rows: proxies } = system.products.includes('proxy')
    ? await system.query('SELECT id, expires_at FROM proxy.proxy WHERE replaced_by IS NULL')
    : { rows: [] };
  for (const { id, expires_at: at } of proxies) compare(id, at, model.proxies.get(id).expiresAt);
  return breaches;
}

const MONTHS = [1, 3, 12];
const LARGER_PLANS = ['s2', 's4', 's8', 'd8'];
const COUNTRIES = ['US', 'JP'];

/** Everything that has a price, of everything they share: asked for when nobody buys any more. */
async function judgeQuotes({ doors, model, haggler: { buyer, things }, slackMs }) {
  const asked = [];
  for (const { id, proxies = [] } of things) {
    if (buyer.product === 'vps' && model.servers.has(id)) {
      asked.push(
        ...MONTHS.map((months) => ({
          operation: 'renew',
          item: { server_id: id, period_months: months },
          wish: { kind: 'server_renew', server: id, months },
        })),
      );
      asked.push(
        ...LARGER_PLANS.map((plan) => ({
          operation: 'resize',
          item: { server_id: id, plan_id: plan },
          wish: { kind: 'server_resize', server: id, plan },
        })),
      );
    }
    if (buyer.product === 'domains')
      asked.push({
        operation: 'renew',
        item: { domain: id, years: 1 },
        wish: { kind: 'domain_renew', tld: id.slice(id.indexOf('.') + 1), years: 1 },
      });
    for (const proxy of buyer.product === 'proxy' ? proxies.filter((one) => model.proxies.has(one)) : []) {
      asked.push({
        operation: 'renew',
        item: { proxy_id: proxy, period_days: 30 },
        wish: { kind: 'proxy_renew', proxies: [proxy], days: 30 },
      });
      asked.push(
        ...COUNTRIES.map((country) => ({
          operation: 'replace',
          item: { proxy_ids: [proxy], country },
          wish: { kind: 'proxy_replace', pairs: [{ old: proxy }], country },
        })),
      );
    }
  }
  const breaches = [];
  for (const operation of new Set(asked.map((one) => one.operation))) {
    const some = asked.filter((one) => one.operation === operation);
    const quote = await insist(doors, {
      buyer,
      method: 'POST',
      path: '/quotes',
      body: JSON.stringify({ operation, items: some.map(({ item }, i) => ({ ...item, ref: String(i) })) }),
    });
    const problems = new Set(quote.problems.map(({ ref }) => ref));
    some.forEach(({ item, wish }, i) => {
      const costs = [-slackMs, 0, slackMs].map((ms) => model.costOf(wish, Date.now() + ms));
      const isSold = !problems.has(String(i));
      const price = quote.items[i].price_usd;
      if (isSold && !costs.some(({ units }) => units === unitsOf(price)))
        breaches.push({
          rule: PRICE_RULES.quote,
          subject: Object.values(item)[0],
          detail: `${operation} is quoted at ${price}, the model says ${told(costs[1])} (${text(wish)})`,
        });
    });
  }
  return breaches;
}

function told({ units, refused }) {
  return units === undefined ? `that it is not sold: ${refused}` : usd(units);
}

/** `360000` → `36.0000`. */
function usd(units) {
  const digits = String(units).padStart(5, '0');
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

function text({ kind: _kind, server: _server, proxies, pairs, paidAt: _paidAt, ...wish }) {
  return JSON.stringify({
    ...wish,
    ...(proxies === undefined ? {} : { proxies: proxies.length }),
    ...(pairs === undefined ? {} : { pairs: pairs.length }),
  });
}
