// The shared part of registration and transfer: the requested fields of the new domain, the rows that deliver it, and
// the domain in the answer.
import { formatUsd } from '@lumi/shared/money';
import { fromStep, rider, sql, type Rider } from '@lumi/shared/db';
import type { JsonObject, Order } from '@lumi/shared/purchase';
import type { Tld } from '../catalogue/catalogue';
import { addDays, registryPart, type DomainRow } from '../portfolio/domain-row';
import type { ContactData, ContactHandles, NameInfo } from '../supplier/registrar';

/**
 * The data of a paid command of some years. Stored on the order. Amounts are text, because JSON has no integers of that
 * size.
 */
export interface YearsItem extends JsonObject {
  readonly domain: string;
  readonly unicode: string;
  readonly tld: string;
  readonly registrar: string;
  readonly years: number;
  /** The supplier's fee we agreed to. Null: its list price. */
  readonly fee: string | null;
}

export interface HoldingItem extends YearsItem {
  readonly nameservers: readonly string[];
  readonly contacts: ContactHandles;
  readonly contact_data: Readonly<Record<string, ContactData>>;
  /** Contacts sent inline. They become the customer's contacts when the purchase is done. */
  readonly new_contacts: readonly string[];
  readonly privacy: boolean;
  readonly locked: boolean;
  readonly auto_renew: boolean;
  readonly premium_renew: string | null;
  readonly premium_restore: string | null;
}

/** The domain as it will be delivered: the row of the insert and the source of the answer. */
export function deliveredDomain(order: Order<HoldingItem>, info: NameInfo, tld: Tld): DomainRow {
  const { item } = order;
  const now = order.settledAt ?? order.createdAt;
  return {
    ...registryPart(info, tld),
    seq: 0n,
    name: item.domain,
    unicode: item.unicode,
    tld: item.tld,
    account_id: order.accountId,
    order_id: order.id,
    registrar: item.registrar,
    state: 'active',
    locked_until: tld.transfer_lock_days === 0 ? null : addDays(now, tld.transfer_lock_days),
    auto_renew: item.auto_renew,
    premium_renew: item.premium_renew === null ? null : BigInt(item.premium_renew),
    premium_restore: item.premium_restore === null ? null : BigInt(item.premium_restore),
    tags: order.tags,
    reference: order.reference,
    metadata: order.metadata,
    change_id: null,
    change_until: null,
    change_deletes: false,
    synced_at: now,
    missing_since: null,
    created_at: now,
    updated_at: now,
    ended_at: null,
  };
}

/** Rows written in the statement that captures. */
export function deliverHolding(order: Order<HoldingItem>, row: DomainRow): readonly Rider<'settled'>[] {
  const { item } = order;
  const contacts =
    item.new_contacts.length === 0
      ? []
      : [
          rider`
    INSERT INTO domains.contact (id, account_id, data, created_at, updated_at)
    SELECT c.key, ${order.accountId}, c.value, ${row.created_at}::timestamptz, ${row.created_at}::timestamptz
    ${fromStep(
      'settled',
      sql`jsonb_each(${JSON.stringify(item.contact_data)}::jsonb)
      c`,
    )}
      AND c.key = ANY (${[...item.new_contacts]}::text[])`,
        ];
  return [
    ...contacts,
    rider`
    INSERT INTO domains.domain (name, unicode, tld, account_id, order_id, registrar, registry_statuses, registered_at,
      expires_at, grace_ends_at, redemption_ends_at, delete_at, locked_until,
      auto_renew, locked, privacy, nameservers, registrant_id, admin_id, tech_id, billing_id, ds, hosts, premium_renew,
        premium_restore, tags, reference, metadata, synced_at, created_at, updated_at)
    SELECT ${row.name}, ${row.unicode}, ${row.tld}, ${row.account_id}, ${row.order_id}, ${row.registrar},
      ${[...row.registry_statuses]}::text[],
      ${row.registered_at}::timestamptz, ${row.expires_at}::timestamptz, ${row.grace_ends_at}::timestamptz,
        ${row.redemption_ends_at}::timestamptz, ${row.delete_at}::timestamptz, ${row.locked_until}::timestamptz,
      ${row.auto_renew}, ${row.locked}, ${row.privacy}, ${[...row.nameservers]}::text[], ${row.registrant_id}::text,
        ${row.admin_id}::text, ${row.tech_id}::text, ${row.billing_id}::text,
      ${JSON.stringify(row.ds)}::jsonb, ${JSON.stringify(row.hosts)}::jsonb, ${row.premium_renew}::bigint,
        ${row.premium_restore}::bigint,
      ${[...row.tags]}::text[], ${row.reference}::text,
        ${row.metadata === null ? null : JSON.stringify(row.metadata)}::jsonb, ${row.synced_at}::timestamptz,
          ${row.created_at}::timestamptz, ${row.updated_at}::timestamptz
    ${fromStep('settled')}`,
  ];
}

/** A domain row whose name the registry has long released gives way to the name's next holder. */
export function endLapsed(name: string, now: Date): Rider<'begun'> {
  return rider`
    UPDATE domains.domain d SET state = 'released', ended_at = ${now}::timestamptz, change_id = NULL,
      change_until = NULL
    ${fromStep('begun')} AND d.name = ${name} AND d.ended_at IS NULL AND d.delete_at <= ${now}::timestamptz`;
}

export function feeOf(item: { readonly fee: string | null }): bigint | null {
  return item.fee === null ? null : BigInt(item.fee);
}

export function yearsText(years: number): string {
  return years === 1 ? '1 year' : `${String(years)} years`;
}

export function usdDetail(units: bigint): { path: string; message: string }[] {
  return [{ path: 'price_usd', message: formatUsd(units) }];
}
