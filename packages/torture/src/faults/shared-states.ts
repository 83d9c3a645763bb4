// What the co-owners of each product must have done to what they share in every run, and how it comes about where
// chance has not brought it.
import type { Product } from '@lumi/shared/contract';
import { codeOf, type History } from '../customers/client';
import type { SharedAccount, WayToState } from '../customers/co-owners';
import type { System } from '../system/system';

/** Of an offer that something else has overtaken. */
const OVERTAKEN: ReadonlySet<string | undefined> = new Set([
  'busy',
  'price_changed',
  'expiry_mismatch',
  'state_conflict',
]);

export const WAYS: Readonly<Record<Product, Readonly<Record<string, WayToState>>>> = {
  domains: {
    'shared: domain_renew': { kind: 'middle', action: 'renew' },
    'shared: domain_renew in bulk': { kind: 'middle', action: 'in bulk' },
    'shared: domain_renew by itself': { kind: 'renews itself', action: null },
    'shared: domain_renew after its expiry': { kind: 'runs out', action: 'renew' },
  },
  vps: {
    'shared: server_resize': { kind: 'middle', action: 'upgrade' },
    'shared: server_renew': { kind: 'the 31st', action: 'renew' },
    'shared: server_renew in bulk': { kind: 'middle', action: 'in bulk' },
    'shared: server_renew by itself': { kind: 'renews itself', action: null },
    'shared: server_renew after its expiry': { kind: 'runs out', action: 'renew' },
    'shared: bought at a quote': { kind: 'middle', action: 'at a quote' },
  },
  proxy: {
    'shared: proxy_renew': { kind: 'middle', action: 'renew the order' },
    'shared: proxy_renew in bulk': { kind: 'middle', action: 'in bulk' },
    'shared: proxy_renew by itself': { kind: 'renews itself', action: null },
    'shared: proxy_renew after its expiry': { kind: 'runs out', action: 'renew the order' },
    'shared: proxy_replace': { kind: 'middle', action: 'replace' },
    'shared: traffic_plan': { kind: 'middle', action: 'buy traffic' },
    'shared: traffic_topup': { kind: 'partial', action: 'top up' },
  },
};

export function requiredOfCoOwners(products: readonly Product[]): string[] {
  return products.flatMap((product) => Object.keys(WAYS[product]));
}

interface BoughtRow {
  readonly kind: string;
  readonly auto: boolean;
  readonly bulk: boolean;
  readonly quoted: boolean;
  readonly late: boolean;
}

/** What they have done, by the same names. */
export async function gatherShared(
  system: System,
  history: History,
  accounts: readonly SharedAccount[],
  reach: (state: string, isReached?: boolean) => void,
): Promise<void> {
  const [first] = accounts;
  if (first === undefined) return;
  const { rows } = await system.query<BoughtRow>(
    `
    SELECT kind, bool_or(idem_scope = 'auto') AS auto, bool_or(batch_id IS NOT NULL) AS bulk, bool_or(EXISTS (SELECT 1
      FROM platform.quote_use u WHERE u.order_id = o.id)) AS quoted,
      bool_or(coalesce(o.item ->> 'from_expires_at', o.item ->> 'current_expires_at',
        o.item -> 'proxies' -> 0 ->> 'from')::timestamptz < o.created_at) AS late
    FROM platform.orders o WHERE account_id = $1 AND state = 'captured' GROUP BY kind`,
    [first.buyer.accountId],
  );
  for (const { kind, auto, bulk, quoted, late } of rows) {
    reach(`shared: ${kind}`);
    reach(`shared: ${kind} by itself`, auto);
    reach(`shared: ${kind} in bulk`, bulk);
    reach(`shared: ${kind} after its expiry`, kind.endsWith('_renew') && late);
    reach('shared: bought at a quote', quoted);
  }
  const keys = new Set(accounts.map(({ buyer }) => buyer.key));
  reach(
    'shared: overtaken',
    history.requests.some(
      ({ buyer, about, sends }) =>
        about.what === 'shared' && keys.has(buyer?.key ?? '') && sends.some((send) => OVERTAKEN.has(codeOf(send))),
    ),
  );
}
