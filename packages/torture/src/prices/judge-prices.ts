// After a run every charge is compared with the model's (price-model.ts): the captured orders are gone through in the
// order in which their money was held, each changing what the next one on the same thing costs. Whatever was paid for
// must end when the model says, and what is quoted now must be its price.
import { BASE_PATHS } from '@lumi/shared/contract';
import { buyerOf, type Buyers } from '../customers/buyers';
import type { Answer } from '../customers/answer';
import { unremembered, type GatewayClient, type History } from '../customers/client';
import type { SharedAccount } from '../customers/co-owners';
import type { Breach } from '../judge/breach';
import type { Buyer } from '../system/accounts';
import type { System } from '../system/system';
import { pause } from '../waiting';
import {
  unitsOf,
  usdOf,
  type Catalogue,
  type Cost,
  type Place,
  type Plan,
  type ProxyProduct,
  type Tld,
} from './catalogue';
import { PriceModel, type Purchase } from './price-model';
import { boughtOrders, purchaseOf, tldOf } from './purchases-of-orders';

/** Between a price and the hold at it lies a moment; a clock that was set to a wrong time differs by more. */
const MOMENT_MS = 5_000;
const STEPPED_MS = 25_000;
const TRIES = 60;
const AGAIN_MS = 250;
const RULES = {
  charge: 'every charge is what the model says',
  time: 'paid time ends when the model says',
  quote: 'a quote is what the model says',
};

interface CatalogueOptions {
  readonly system: System;
  readonly gateways: GatewayClient;
  readonly buyers: Buyers;
}

/** What the API says about its prices: the model knows nothing else. */
export async function readCatalogue({ system, gateways, buyers }: CatalogueOptions): Promise<Partial<Catalogue>> {
  // Answers of the catalogue are read as they are documented.
  const items = async <T>(product: 'domains' | 'vps' | 'proxy', path: string): Promise<T[]> =>
    ((await insist(gateways, buyerOf(buyers, product), 'GET', path)).items ?? []) as unknown as T[];
  const has = (product: 'domains' | 'vps' | 'proxy') => system.products.includes(product);
  const products = has('proxy') ? await items<ProxyProduct>('proxy', '/products') : [];
  const surcharges: Record<string, Place[]> = {};
  for (const { id } of products) surcharges[id] = await items('proxy', `/products/${id}/locations?period_days=30`);
  return {
    plans: has('vps') ? await items<Plan>('vps', '/plans?limit=200') : [],
    tlds: has('domains') ? await items<Tld>('domains', '/tlds?limit=200') : [],
    products,
    surcharges,
  };
}

async function insist(
  gateways: GatewayClient,
  buyer: Buyer,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const send = await gateways.send(unremembered({ buyer, method, path, body }), tries % 2);
    if (send.status !== undefined && send.status < 300) return send.json ?? {};
    await pause(AGAIN_MS);
  }
  throw new Error(`${BASE_PATHS[buyer.product]}${path} has no answer`);
}

interface JudgeOptions {
  readonly system: System;
  readonly history: History;
  readonly gateways: GatewayClient;
  /** Who may be asked for quotes of what they share. */
  readonly accounts: readonly SharedAccount[];
  readonly catalogue: Partial<Catalogue>;
  /** The clock of a process was wrong. */
  readonly isStepped: boolean;
}

export async function judgePrices({
  system,
  history,
  gateways,
  accounts,
  catalogue,
  isStepped,
}: JudgeOptions): Promise<Breach[]> {
  const model = new PriceModel(catalogue);
  const slackMs = isStepped ? STEPPED_MS : MOMENT_MS;
  const breaches = await judgeCharges(system, history, model, slackMs);
  breaches.push(...(await judgeTimes(system, model)));
  for (const account of accounts) breaches.push(...(await judgeQuotes(gateways, model, account, slackMs)));
  return breaches;
}

async function judgeCharges(system: System, history: History, model: PriceModel, slackMs: number): Promise<Breach[]> {
  const breaches: Breach[] = [];
  const breach = (subject: string, detail: string) => breaches.push({ rule: RULES.charge, subject, detail });
  const aged = new Map(history.factsOf('aged').map(({ id, until }) => [id, until]));
  for (const order of await boughtOrders(system)) {
    const purchase = purchaseOf(order, model);
    if (purchase === undefined) {
      breach(order.id, `the model does not know what a ${order.kind} costs`);
      continue;
    }
    const costs = costsAround(model, purchase, order.created_at.getTime(), slackMs);
    if (!costs.some((cost) => isUnits(cost, BigInt(order.charged))))
      breach(
        order.id,
        `${order.kind} of ${order.subject} was charged ${usdOf(order.charged)}, the model says ` +
          `${told(costs[1])} (${text(purchase)})`,
      );
    model.bought(purchase);
    const until = purchase.kind === 'server_create' ? aged.get(purchase.server) : undefined;
    if (purchase.kind === 'server_create' && until !== undefined) model.servers.age(purchase.server, until);
  }
  return breaches;
}

async function judgeTimes(system: System, model: PriceModel): Promise<Breach[]> {
  const compare = (subject: string, real: Date, said: number): Breach[] =>
    real.getTime() === said
      ? []
      : [
          {
            rule: RULES.time,
            subject,
            detail: `ends ${real.toISOString()}, the model says ${new Date(said).toISOString()}`,
          },
        ];
  const rowsOf = async (product: 'vps' | 'proxy', query: string) =>
    system.products.includes(product) ? (await system.query<{ id: string; expires_at: Date }>(query)).rows : [];
  const servers = await rowsOf('vps', 'SELECT id, expires_at FROM vps.server WHERE expires_at IS NOT NULL');
  const proxies = await rowsOf('proxy', 'SELECT id, expires_at FROM proxy.proxy WHERE replaced_by IS NULL');
  return [
    ...servers.flatMap(({ id, expires_at: at }) => compare(id, at, model.servers.expiryOf(id))),
    ...proxies.flatMap(({ id, expires_at: at }) => compare(id, at, model.proxies.expiryOf(id))),
  ];
}

const MONTHS = [1, 3, 12];
const LARGER_PLANS = ['s2', 's4', 's8', 'd8'];
const COUNTRIES = ['US', 'JP'];

interface Asked {
  readonly subject: string;
  readonly operation: string;
  readonly item: object;
  readonly purchase: Purchase;
}

/** Everything that has a price, of everything they share: asked for when nobody buys any more. */
async function judgeQuotes(
  gateways: GatewayClient,
  model: PriceModel,
  account: SharedAccount,
  slackMs: number,
): Promise<Breach[]> {
  const asked = askedOf(account, model);
  const breaches: Breach[] = [];
  for (const operation of new Set(asked.map((one) => one.operation))) {
    const some = asked.filter((one) => one.operation === operation);
    const items = some.map(({ item }, i) => ({ ...item, ref: String(i) }));
    const quote = await insist(gateways, account.buyer, 'POST', '/quotes', { operation, items });
    const problems = new Set(quote.problems?.map(({ ref }) => ref));
    some.forEach(({ subject, purchase }, i) => {
      const price = quote.items?.[i]?.price_usd ?? '';
      const costs = costsAround(model, purchase, Date.now(), slackMs);
      if (problems.has(String(i)) || costs.some((cost) => isUnits(cost, unitsOf(price)))) return;
      const detail = `${operation} is quoted at ${price}, the model says ${told(costs[1])} (${text(purchase)})`;
      breaches.push({ rule: RULES.quote, subject, detail });
    });
  }
  return breaches;
}

function askedOf({ buyer, things }: SharedAccount, model: PriceModel): Asked[] {
  return things.flatMap(({ id, proxies = [] }): Asked[] => {
    if (buyer.product === 'domains')
      return [
        {
          subject: id,
          operation: 'renew',
          item: { domain: id, years: 1 },
          purchase: { kind: 'domain_renew', tld: tldOf(id), years: 1 },
        },
      ];
    if (buyer.product === 'proxy') return proxies.filter((one) => model.proxies.has(one)).flatMap(askedOfProxy);
    return model.servers.has(id) ? askedOfServer(id) : [];
  });
}

function askedOfServer(id: string): Asked[] {
  return [
    ...MONTHS.map((months): Asked => ({
      subject: id,
      operation: 'renew',
      item: { server_id: id, period_months: months },
      purchase: { kind: 'server_renew', server: id, months },
    })),
    ...LARGER_PLANS.map((plan): Asked => ({
      subject: id,
      operation: 'resize',
      item: { server_id: id, plan_id: plan },
      purchase: { kind: 'server_resize', server: id, plan },
    })),
  ];
}

function askedOfProxy(id: string): Asked[] {
  return [
    {
      subject: id,
      operation: 'renew',
      item: { proxy_id: id, period_days: 30 },
      purchase: { kind: 'proxy_renew', proxies: [id], days: 30 },
    },
    ...COUNTRIES.map((country): Asked => ({
      subject: id,
      operation: 'replace',
      item: { proxy_ids: [id], country },
      purchase: { kind: 'proxy_replace', pairs: [{ old: id }], country },
    })),
  ];
}

/** A little earlier, then, and a little later. */
function costsAround(model: PriceModel, purchase: Purchase, at: number, slackMs: number): [Cost, Cost, Cost] {
  const cost = (ms: number) => model.costOf(purchase, at + ms);
  return [cost(-slackMs), cost(0), cost(slackMs)];
}

function isUnits(cost: Cost, units: bigint): boolean {
  return 'units' in cost && cost.units === units;
}

function told(cost: Cost): string {
  return 'units' in cost ? usdOf(cost.units) : `that it is not sold: ${cost.refused}`;
}

/** Lists as their lengths: what is bought, without names. */
function text(purchase: Purchase): string {
  const { kind: _kind, ...rest } = purchase;
  const shown = Object.entries(rest).filter(([name]) => name !== 'server' && name !== 'paidAt');
  return JSON.stringify(
    Object.fromEntries(
      shown.map(([name, value]): [string, unknown] => [
        name,
        (name === 'proxies' || name === 'pairs') && Array.isArray(value) ? value.length : value,
      ]),
    ),
  );
}
