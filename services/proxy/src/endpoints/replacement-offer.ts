// Replacements, as the purchase engine sells them.
import { AppError, newId } from '@lumi/shared/contract';
import type { Units } from '@lumi/shared/money';
import { costLine, type Offer } from '@lumi/shared/purchase';
import { SURCHARGE_DAYS } from '../catalogue/price';
import { askPlaces, type Places } from '../catalogue/price-order';
import type { ProxyProduct } from '../catalogue/products';
import { replaceProxies, replacedProxy } from '../purchases/replace-proxies';
import { replacementFacts } from '../store/proxy-facts';
import { daysLeft, stateOf, type ProxyRow } from '../store/proxy-row';
import type { NetworkName } from '../supplier/proxy-network';
import type { ProxyDeps } from '../deps';
import { suspendedRefusal } from './suspended-refusal';

export interface ReplacementOffer extends Offer {
  readonly free: number;
  readonly paid: number;
}

/** All rows must be of `product` and of `network`. */
export async function replacementOffer(
  deps: ProxyDeps,
  rows: readonly ProxyRow[],
  { product, network }: { readonly product: ProxyProduct; readonly network: NetworkName },
  wish: { country?: string | undefined; different_subnet?: boolean | undefined; reason?: string | undefined },
): Promise<ReplacementOffer> {
  const now = deps.service.clock.now();
  const places = await askPlaces(deps.networks.get(network), product.id);
  const country = wish.country ?? null;
  // A new address in the same country keeps the value that was paid for the old one, at whatever price the country is
  // today.
  const surchargeOf = (row: ProxyRow): Units =>
    country === null || country === row.country ? row.surcharge : (places.countries.get(country)?.surcharge ?? 0n);
  const proxies = rows.map((row) => replacedProxy(row, product.replace?.freePerPeriod ?? 0, surchargeOf(row)));
  const free = proxies.filter((proxy) => proxy.is_free).length;
  const paid = proxies.length - free;
  const dearer = rows
    .filter((row) => surchargeOf(row) > row.surcharge)
    .map((row) =>
      costLine(
        `From ${row.country} to ${country ?? ''} for ${String(daysLeft(row.expires_at, now))} days`,
        surchargeOf(row) - row.surcharge,
        {
          share: { part: daysLeft(row.expires_at, now), of: SURCHARGE_DAYS },
        },
      ),
    );
  return {
    thing: replaceProxies(deps),
    subject: rows.length === 1 ? (rows[0]?.id ?? '') : `${String(rows.length)} × ${product.id}`,
    lockKey: null,
    refusal: replaceRefusal(rows, product, country, { now, places }),
    terms: {
      facts: { product_id: product.id, country, state: 'live', free, ...replacementFacts(rows, now) },
      cost: [
        costLine('Free replacements', 0n, { times: free }),
        costLine('Paid replacements', product.replace?.price ?? 0n, { times: paid }),
        ...dearer,
      ],
    },
    free,
    paid,
    item: {
      network,
      replacement_id: newId('rep', deps.service.clock.nowMs()),
      product_id: product.id,
      proxies,
      country,
      different_subnet: wish.different_subnet ?? false,
      reason: wish.reason ?? null,
    },
  };
}

export function isReplaceable(row: ProxyRow, now: Date): boolean {
  return ['active', 'expiring'].includes(stateOf(row, now));
}

function replaceRefusal(
  rows: readonly ProxyRow[],
  product: ProxyProduct,
  country: string | null,
  { now, places: { countries } }: { readonly now: Date; readonly places: Places },
): AppError | null {
  const over = rows.find((row) => !isReplaceable(row, now));
  if (over !== undefined)
    return new AppError('state_conflict', undefined, {
      details: [{ path: 'select', message: `${over.id} is ${stateOf(over, now)}` }],
    });
  const suspended = suspendedRefusal(rows);
  if (suspended !== null) return suspended;
  for (const target of new Set(rows.map((row) => country ?? row.country))) {
    const place = countries.get(target);
    if (place === undefined)
      return new AppError('not_available', undefined, {
        details: [{ path: 'with.country', message: `${product.id} is not sold in ${target}` }],
      });
    const wanted = rows.filter((row) => (country ?? row.country) === target).length;
    if ((place.stock ?? wanted) < wanted) return new AppError('out_of_stock');
  }
  return null;
}
