// Restores a domain from redemption, with the year that registries add.
import { z } from 'zod';
import { AppError } from '@lumi/shared/contract';
import { sql } from '@lumi/shared/db';
import { costLine, purchaseFields, thingSold, type JsonObject, type Offer, type Order } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { stateAt, stateSql } from '../portfolio/lifecycle';
import { MISSING_TEXT, registryPart, type DomainRow } from '../portfolio/domain-row';
import { domainFacts, registrySql } from '../store/domain-store';
import type { NameInfo, RestoreCommand } from '../supplier/registrar';
import { feeOf } from './holding';
import { longerHeld } from './longer-held';

export const RESTORE = 'domain_restore';
/** Registries renew for one year when they restore; the price includes it. */
const YEARS = 1;

export const restoreBody = z.object({
  reason: z.string().min(1).max(255).optional().describe('Sent to the registry if it requires one.'),
  ...purchaseFields,
});

export interface RestoreItem extends JsonObject {
  readonly domain: string;
  readonly unicode: string;
  readonly tld: string;
  readonly registrar: string;
  readonly fee: string | null;
  readonly reason: string | null;
}

export function restoreThing(deps: DomainsDeps) {
  return thingSold<RestoreItem, NameInfo>({
    kind: RESTORE,
    termsNow: ({ accountId, item }, at) =>
      domainFacts(
        item.domain,
        accountId,
        sql`'state', CASE WHEN d.missing_since IS NULL THEN ${stateSql(at)} ELSE 'missing'
          END, 'expires_at', platform.fact_time(d.expires_at), 'premium', d.premium_restore::text`,
      ),
    describe: (order) => `Restoration of ${order.item.unicode}`,
    ...longerHeld<RestoreItem>(deps, {
      event: 'domain.restored',
      commandOf,
      columns: (order, info) => registrySql(registryPart(info, deps.catalogue.get(order.item.tld))),
    }),
  });
}

/** What the engine needs to restore this domain of the account. */
export function restoration(domains: DomainsDeps, row: DomainRow, reason: string | undefined): Offer {
  const price = row.premium_restore ?? domains.catalogue.get(row.tld).restore;
  const item: RestoreItem = {
    domain: row.name,
    unicode: row.unicode,
    tld: row.tld,
    registrar: row.registrar,
    fee: row.premium_restore === null ? null : price.toString(),
    reason: reason ?? null,
  };
  const state = stateAt(row, domains.service.clock.now());
  const refusal =
    row.missing_since !== null
      ? new AppError('state_conflict', MISSING_TEXT)
      : state === 'redemption'
        ? null
        : new AppError('state_conflict', `The domain is ${state}; only a domain in redemption can be restored.`);
  return {
    thing: restoreThing(domains),
    item,
    subject: row.name,
    lockKey: row.name,
    refusal,
    terms: {
      facts: {
        domain: row.name,
        state: 'redemption',
        expires_at: row.expires_at.toISOString(),
        premium: row.premium_restore?.toString() ?? null,
      },
      cost: [costLine(`Restoration of ${row.unicode}, with one year`, price)],
    },
  };
}

function commandOf(order: Order<RestoreItem>): RestoreCommand {
  const { item } = order;
  return {
    kind: 'restore',
    ref: order.id,
    name: item.domain,
    tld: item.tld,
    sentAt: order.createdAt,
    years: YEARS,
    fee: feeOf(item),
  };
}
