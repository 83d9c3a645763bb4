// What each money request sells. Purchase and quote use the same function, so a quote cannot differ from its purchase.
import { AppError, invalid, notFound, orRefusal } from '@lumi/shared/contract';
import type { Reach } from '@lumi/shared/endpoint';
import { expiryMismatch } from '@lumi/shared/lifecycle';
import { formatUsd } from '@lumi/shared/money';
import type { Offer } from '@lumi/shared/purchase';
import { syncOnce } from '@lumi/shared/sync';
import { sealOrderAuth } from '../access/credentials';
import { priceOrder } from '../catalogue/price-order';
import { priceRenewal } from '../catalogue/price-renewal';
import { findProduct, type ProxyProduct } from '../catalogue/products';
import { orderProxies } from '../purchases/order-proxies';
import { renewProxies } from '../purchases/renew-proxies';
import { findProxy, proxiesOfOrder } from '../store/proxies';
import { renewalFacts } from '../store/proxy-facts';
import { stateOf, type ProxyRow } from '../store/proxy-row';
import type { NetworkName } from '../supplier/proxy-network';
import { syncProxy } from '../sync/sync-proxy';
import { MISSING_TEXT } from '../views/proxy-view';
import type { ProxyDeps } from '../deps';
import type { OrderWish } from './order-body';
import { suspendedRefusal } from './suspended-refusal';

/** Throws 422 for invalid addresses. */
export async function orderOffer(
  deps: ProxyDeps,
  accountId: string,
  wish: OrderWish,
  blocks: readonly string[],
): Promise<Offer> {
  const network = deps.networks.nameForProduct(wish.product_id);
  const priced = await priceOrder(deps.networks.get(network), {
    productId: wish.product_id,
    items: wish.items.map((item) => ({ country: item.country, place: item.region ?? null, quantity: item.quantity })),
    periodDays: wish.period_days,
    acceptsPartial: wish.partial === 'accept',
  });
  return {
    thing: orderProxies(deps),
    subject: `${String(priced.quantity)} × ${wish.product_id}`,
    lockKey: null,
    refusal: priced.refusal ?? rotationRefusal(wish, priced.product),
    terms: {
      facts: {
        product_id: wish.product_id,
        items: wish.items.map(({ country, quantity }) => ({ country, quantity })),
        period_days: wish.period_days,
      },
      cost: priced.cost,
      tariff: priced.tariff,
    },
    item: {
      network,
      product_id: wish.product_id,
      items: priced.lines.map((line) => ({
        country: line.country,
        place: line.place,
        quantity: line.quantity,
        surcharge_usd: formatUsd(line.surcharge),
      })),
      period_days: wish.period_days,
      protocol: wish.protocol ?? 'http',
      auth_mode: wish.auth?.mode ?? 'userpass',
      auth: sealOrderAuth(deps.service.config.SECRET_RING, accountId, {
        username: wish.auth?.username,
        password: wish.auth?.password,
      }),
      allowed_blocks: blocks,
      rotation_s: wish.rotation?.interval_s ?? null,
      partial: wish.partial ?? 'reject',
      subnet_diversity: wish.subnet_diversity ?? false,
      auto_renew: wish.auto_renew ?? false,
      label: wish.label ?? null,
    },
  };
}

function rotationRefusal(wish: OrderWish, product: ProxyProduct | null): AppError | null {
  if (wish.rotation === undefined || product === null) return null;
  const text =
    product.rotation === null
      ? 'this product keeps its addresses'
      : wish.rotation.interval_s < product.rotation.minIntervalS
        ? `must be at least ${String(product.rotation.minIntervalS)}`
        : null;
  return text === null
    ? null
    : new AppError('validation_error', undefined, { details: [{ path: 'rotation.interval_s', message: text }] });
}

/** Throws 404. */
export async function renewOrderOffer(
  deps: ProxyDeps,
  reach: Reach,
  orderId: string,
  wish: { period_days: number; current_expires_at?: string | undefined },
): Promise<Offer> {
  const rows = await proxiesOfOrder(deps.db, reach, orderId);
  if (rows.length === 0) throw notFound();
  return renewalOffer(
    deps,
    await asTheNetworkHasThem(
      deps,
      rows.filter((row) => row.state === 'active'),
      wish.current_expires_at,
    ),
    { ...wish, subject: orderId },
  );
}

/** Throws 404. */
export async function renewProxyOffer(
  deps: ProxyDeps,
  reach: Reach,
  proxyId: string,
  wish: { period_days: number; current_expires_at?: string | undefined },
): Promise<Offer> {
  const row = await findProxy(deps.db, reach, proxyId);
  if (row === null) throw notFound();
  return renewalOffer(deps, await asTheNetworkHasThem(deps, [row], wish.current_expires_at), {
    ...wish,
    subject: proxyId,
  });
}

/**
 * A caller that states another expiry than ours may be right. We ask the network about those proxies, at most once a
 * minute for each.
 */
async function asTheNetworkHasThem(
  deps: ProxyDeps,
  rows: readonly ProxyRow[],
  stated: string | undefined,
): Promise<readonly ProxyRow[]> {
  return Promise.all(
    rows.map(async (row) => {
      if (expiryMismatch(stated, row.expires_at) === null) return row;
      const read = await orRefusal(() =>
        syncOnce(deps.service, { product: 'proxy', thing: `proxy ${row.id}` }, () =>
          syncProxy(deps, { kind: 'account', accountId: row.account_id }, row.id),
        ),
      );
      return read instanceof AppError ? row : read;
    }),
  );
}

async function renewalOffer(
  deps: ProxyDeps,
  rows: readonly ProxyRow[],
  wish: { period_days: number; current_expires_at?: string | undefined; subject: string },
): Promise<Offer> {
  const priced = await priceRenewal(deps.networks, rows, wish.period_days);
  return {
    thing: renewProxies(deps),
    item: priced.item,
    subject: wish.subject,
    lockKey: null,
    refusal: priced.refusal ?? renewRefusal(rows, wish.current_expires_at, deps.service.clock.now()),
    terms: {
      facts: { subject: wish.subject, period_days: wish.period_days, state: 'renewable', ...renewalFacts(rows) },
      cost: priced.cost,
    },
  };
}

const OTHERS_ALONE = ' `POST /proxies/renew` renews the others one by one.';

/** Why these proxies cannot be renewed from that expiry. */
function renewRefusal(rows: readonly ProxyRow[], currentExpiresAt: string | undefined, now: Date): AppError | null {
  if (rows.length === 0) return new AppError('state_conflict', 'Nothing of it is left to renew.');
  if (rows.some((row) => row.missing_since !== null)) return new AppError('state_conflict', MISSING_TEXT);
  if (rows.some((row) => ['expired', 'replaced'].includes(stateOf(row, now))))
    return new AppError('state_conflict', 'It has expired beyond its grace period, or was replaced.');
  const suspended = suspendedRefusal(rows, rows.length === 1 ? '' : OTHERS_ALONE);
  if (suspended !== null) return suspended;
  return (
    rows.map((row) => expiryMismatch(currentExpiresAt, row.expires_at)).find((refusal) => refusal !== null) ?? null
  );
}

/** The common product of the proxies, and the network that runs them. Throws 422 when they have several. */
export function kindOf(rows: readonly ProxyRow[]): {
  readonly product: ProxyProduct;
  readonly network: NetworkName;
} {
  const [first] = rows;
  const product = findProduct(first?.product_id ?? '');
  if (first === undefined || product === null || rows.some((row) => row.product_id !== product.id))
    throw invalid('select', 'must select proxies of one product');
  // All or none are replaced, and one network cannot promise that for another.
  if (rows.some((row) => row.network !== first.network))
    throw invalid('select', 'these cannot be replaced together; select the proxies of one order');
  return { product, network: first.network };
}
