// Renews a domain for more years. The command names the expiry it extends, so the registry itself refuses a renewal
// that was already done.
import { sql } from '@lumi/shared/db';
import { thingSold, type Order } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { registryPart } from '../portfolio/domain-row';
import { stateSql } from '../portfolio/lifecycle';
import { domainFacts, paidTimeSql } from '../store/domain-store';
import type { NameInfo, RenewCommand } from '../supplier/registrar';
import { feeOf, yearsText, type YearsItem } from './holding';
import { longerHeld } from './longer-held';

export const RENEW = 'domain_renew';

export interface RenewItem extends YearsItem {
  readonly current_expires_at: string;
}

export function renewThing(deps: DomainsDeps) {
  return thingSold<RenewItem, NameInfo>({
    kind: RENEW,
    termsNow: ({ accountId, item }, at) =>
      domainFacts(
        item.domain,
        accountId,
        sql`'state', CASE WHEN d.missing_since IS NULL AND ${stateSql(at)} IN ('active',
          'expired_grace') THEN 'renewable' ELSE 'over' END,
      'expires_at', platform.fact_time(d.expires_at), 'premium', d.premium_renew::text`,
      ),
    refusalOfChange: { expires_at: 'expiry_mismatch' },
    hasRowsOfItsOwn: true, // the domain (at most one open order each)
    describe: (order) => `Renewal of ${order.item.unicode} for ${yearsText(order.item.years)}`,
    ...longerHeld<RenewItem>(deps, {
      event: 'domain.renewed',
      commandOf,
      // Only the paid time: a renewal may be recovered hours later, and name servers, lock and contacts can have been
      // changed since the registry gave this answer.
      columns: (order, info) => paidTimeSql(registryPart(info, deps.catalogue.get(order.item.tld))),
    }),
  });
}

function commandOf(order: Order<RenewItem>): RenewCommand {
  const { item } = order;
  return {
    kind: 'renew',
    ref: order.id,
    name: item.domain,
    tld: item.tld,
    sentAt: order.createdAt,
    years: item.years,
    fee: feeOf(item),
    currentExpiresAt: new Date(item.current_expires_at),
  };
}
