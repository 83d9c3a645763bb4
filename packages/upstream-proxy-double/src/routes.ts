// The requests that the double answers, in the form of Webshare's API. Ours: `note` of plans and replacements.
import type { Plan, Replaced, Replacement, SoldProxy, Stock } from './stock';

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Acting {
  /** Deliver so many fewer. */
  readonly fewer: number;
  readonly readsUntilReady: number;
}

const PAGE_SIZE = 25;
const PAGE_SIZE_MAX = 100;
const NOT_FOUND: Answer = { status: 404, body: { detail: 'Not found.' } };

export async function answerTo(stock: Stock, ask: Ask, acting: Acting, now: () => Date): Promise<Answer> {
  const { method, path, query } = ask;
  const planId = Number(/^\/api\/v2\/subscription\/plan\/(\d+)\//.exec(path)?.[1] ?? query.get('plan_id'));
  const plan = stock.plans.find(({ id }) => id === planId);
  const replacementId = Number(/^\/api\/v3\/proxy\/replace\/(\d+)\/$/.exec(path)?.[1]);
  switch (`${method} ${path.replace(/\/\d+\//, '/{id}/')}`) {
    case 'GET /api/v2/subscription/available_assets/':
      return { status: 200, body: assetsOf(stock) };
    case 'POST /api/v2/subscription/checkout/purchase/':
      return purchase(stock, ask.body, acting);
    case 'GET /api/v2/subscription/plan/':
      return page(query, stock.plans.filter(noted(query)).map(viewPlan));
    case 'GET /api/v2/subscription/plan/{id}/':
      return plan === undefined ? NOT_FOUND : { status: 200, body: viewPlan(plan) };
    case 'POST /api/v2/subscription/plan/{id}/cancel/':
      if (plan === undefined) return NOT_FOUND;
      await stock.cancel(plan);
      return { status: 200, body: { success: true, transaction: plan.id } };
    case 'GET /api/v3/proxy/list/status':
      return plan === undefined ? NOT_FOUND : { status: 200, body: viewStatus(plan) };
    case 'GET /api/v2/proxy/list/':
      return page(query, (plan?.status === 'active' ? plan.proxies : []).map(viewProxy));
    case 'POST /api/v3/proxy/replace/':
      return plan === undefined ? NOT_FOUND : replace(stock, plan, ask.body, now);
    case 'GET /api/v3/proxy/replace/':
      return page(query, stock.replacements.filter(noted(query)).map(viewReplacement));
    case 'GET /api/v3/proxy/replace/{id}/': {
      const found = stock.replacements.find(({ id }) => id === replacementId);
      return found === undefined ? NOT_FOUND : { status: 200, body: viewReplacement(found) };
    }
    case 'GET /api/v2/proxy/list/replaced/':
      return page(query, stock.replaced.filter(replacedBy(query)).map(viewReplaced));
    default:
      return NOT_FOUND;
  }
}

async function purchase(stock: Stock, body: unknown, { fewer, readsUntilReady }: Acting): Promise<Answer> {
  const { proxy_countries: countries, note, behavior } = fields(body);
  if (behavior !== 'add' || typeof note !== 'string' || !isCounts(countries))
    return { status: 400, body: { non_field_errors: [{ message: 'Invalid plan.', code: 'invalid' }] } };
  const available = stock.available();
  if (Object.entries(countries).some(([country, count]) => (available[country] ?? 0) < count))
    return { status: 400, body: { proxy_countries: [{ message: 'Not available.', code: 'not_available' }] } };
  const plan = await stock.purchase(note, countries, fewer, readsUntilReady);
  return { status: 200, body: { payment_required: false, plan: plan.id } };
}

async function replace(stock: Stock, plan: Plan, body: unknown, now: () => Date): Promise<Answer> {
  const { to_replace: removed, replace_with: added, dry_run: isDryRun, note } = fields(body);
  const addresses = fields(removed)['ip_addresses'];
  const countries = Array.isArray(added)
    ? added.flatMap((one) => {
        const { country_code: country, count = 1 } = fields(one);
        return typeof country === 'string' && typeof count === 'number' ? Array<string>(count).fill(country) : [];
      })
    : [];
  if (!Array.isArray(addresses) || countries.length !== addresses.length)
    return { status: 400, body: { replace_with: [{ message: 'Must match.', code: 'invalid' }] } };
  const replacement: Replacement = {
    id: stock.replacements.length + 1,
    planId: plan.id,
    note: typeof note === 'string' ? note : '',
    isDryRun: isDryRun === true,
    removed: addresses.map(String),
    createdAt: now().toISOString(),
    state: 'validating',
  };
  stock.replacements.push(replacement);
  const first = viewReplacement(replacement);
  await stock.replace(replacement, countries);
  return { status: 201, body: first };
}

function assetsOf(stock: Stock) {
  const asset = { total_subnets: 4, available_countries: stock.available() };
  return { dedicated: { default: asset, isp: asset }, shared: { default: asset } };
}

function viewPlan({ id, note, status, countries, proxies, createdAt }: Plan) {
  return { id, note, status, proxy_count: proxies.length, proxy_countries: countries, created_at: createdAt };
}

function viewStatus(plan: Plan) {
  const isReady = plan.readsUntilReady <= 0;
  plan.readsUntilReady -= 1;
  const delivered: Record<string, number> = {};
  for (const { country } of plan.proxies) delivered[country] = (delivered[country] ?? 0) + 1;
  const unallocated = Object.entries(plan.countries)
    .map(([country, count]) => [country, count - (delivered[country] ?? 0)] as const)
    .filter(([, count]) => count > 0);
  return {
    state: isReady ? 'completed' : 'processing',
    countries: delivered,
    unallocated_countries: Object.fromEntries(unallocated),
  };
}

function viewProxy(proxy: SoldProxy) {
  return {
    id: proxy.id,
    username: proxy.username,
    password: proxy.password,
    proxy_address: proxy.address,
    port: proxy.port,
    valid: proxy.isValid,
    last_verification: proxy.createdAt,
    country_code: proxy.country,
    city_name: 'Testville',
    created_at: proxy.createdAt,
  };
}

function viewReplacement({ id, note, isDryRun, state, removed, createdAt }: Replacement) {
  const isDone = state === 'completed' || state === 'validated';
  return {
    id,
    note,
    dry_run: isDryRun,
    state,
    proxies_removed: isDone ? removed.length : null,
    proxies_added: isDone ? removed.length : null,
    error_code: state === 'failed' ? 'not_available' : null,
    created_at: createdAt,
  };
}

function viewReplaced({ id, reason, from, to }: Replaced) {
  return {
    id,
    reason,
    proxy: from.address,
    proxy_port: from.port,
    proxy_country_code: from.country,
    replaced_with: to.address,
    replaced_with_port: to.port,
    replaced_with_country_code: to.country,
    created_at: to.createdAt,
  };
}

function noted(query: URLSearchParams): (one: { readonly note: string }) => boolean {
  const note = query.get('note');
  return (one) => note === null || one.note === note;
}

function replacedBy(query: URLSearchParams): (one: Replaced) => boolean {
  const [plan, replacement] = [query.get('plan_id'), query.get('proxy_list_replacement')];
  return (one) =>
    (plan === null || one.planId === Number(plan)) &&
    (replacement === null || one.replacementId === Number(replacement));
}

function page(query: URLSearchParams, all: readonly unknown[]): Answer {
  const size = Math.min(PAGE_SIZE_MAX, Number(query.get('page_size') ?? PAGE_SIZE));
  const number = Number(query.get('page') ?? 1);
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(number) || number < 1) return NOT_FOUND;
  const results = all.slice((number - 1) * size, number * size);
  const next = number * size < all.length ? `?page=${String(number + 1)}` : null;
  return { status: 200, body: { count: all.length, next, previous: null, results } };
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isCounts(value: unknown): value is Record<string, number> {
  const counts = Object.values(fields(value));
  return (
    counts.length > 0 && counts.every((count) => typeof count === 'number' && Number.isInteger(count) && count > 0)
  );
}
