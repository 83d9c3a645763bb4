// A domain in our database: the row, and how a new row is made from an order and the registry's answer.
import { DAY_MS } from '@lumi/shared/times';
import type { Tld } from '../catalogue/catalogue';
import type { DsRecord, NameInfo } from '../supplier/registrar';

export interface DomainRow {
  readonly seq: bigint;
  readonly name: string;
  readonly unicode: string;
  readonly tld: string;
  readonly account_id: string;
  readonly order_id: string;
  readonly registrar: string;
  readonly state: StoredState;
  readonly registry_statuses: readonly string[];
  readonly registered_at: Date;
  readonly expires_at: Date;
  readonly grace_ends_at: Date;
  readonly redemption_ends_at: Date;
  readonly delete_at: Date;
  readonly locked_until: Date | null;
  readonly auto_renew: boolean;
  readonly locked: boolean;
  readonly privacy: boolean;
  readonly nameservers: readonly string[];
  readonly registrant_id: string | null;
  readonly admin_id: string | null;
  readonly tech_id: string | null;
  readonly billing_id: string | null;
  readonly ds: readonly DsRecord[];
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  readonly auth_code_expires_at: Date | null;
  readonly premium_renew: bigint | null;
  readonly premium_restore: bigint | null;
  readonly tags: readonly string[];
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly change_id: string | null;
  readonly change_until: Date | null;
  /** Whether the open change deletes the name. */
  readonly change_deletes: boolean;
  readonly synced_at: Date;
  /** Since when the registry does not know the name. Null: it knows it. */
  readonly missing_since: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly ended_at: Date | null;
}

/**
 * The stored state. States that follow from the calendar (grace, redemption …) are derived from it, see lifecycle.ts.
 */
export type StoredState =
  'active' | 'on_hold' | 'pending_restore' | 'pending_transfer_out' | 'transferred_out' | 'deleted' | 'released';

export type RegistryPart = Pick<
  DomainRow,
  | 'registry_statuses'
  | 'registered_at'
  | 'expires_at'
  | 'grace_ends_at'
  | 'redemption_ends_at'
  | 'delete_at'
  | 'locked'
  | 'privacy'
  | 'nameservers'
  | 'registrant_id'
  | 'admin_id'
  | 'tech_id'
  | 'billing_id'
  | 'ds'
  | 'hosts'
  | 'auth_code_expires_at'
>;

export const MISSING_TEXT =
  'The registry does not know this domain any more; nothing can be done with it until that is cleared up.';

/** All fields that the registry decides, from its answer. */
export function registryPart(info: NameInfo, tld: Tld): RegistryPart {
  const expiresAt = new Date(info.expires_at);
  const graceEndsAt = info.deleted_at === null ? addDays(expiresAt, tld.grace_days) : new Date(info.deleted_at);
  const redemptionEndsAt = addDays(graceEndsAt, tld.redemption_days);
  return {
    registry_statuses: info.statuses,
    registered_at: new Date(info.registered_at),
    expires_at: expiresAt,
    grace_ends_at: graceEndsAt,
    redemption_ends_at: redemptionEndsAt,
    delete_at: addDays(redemptionEndsAt, tld.pending_delete_days),
    locked: info.locked,
    privacy: info.privacy,
    nameservers: info.nameservers,
    registrant_id: info.contacts.registrant ?? null,
    admin_id: info.contacts.admin ?? null,
    tech_id: info.contacts.tech ?? null,
    billing_id: info.contacts.billing ?? null,
    ds: info.ds,
    hosts: info.hosts,
    auth_code_expires_at: info.auth_code_expires_at === null ? null : new Date(info.auth_code_expires_at),
  };
}

export function addDays(date: Date, days: number): Date {
  return new Date(date.getTime() + days * DAY_MS);
}
