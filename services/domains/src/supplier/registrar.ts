// The interface of a registrar, in our terms. The sandbox implements it, and an EPP session can: every command ends as
// `done | pending | refused | unknown`; paid commands can be looked up by our own reference; a renewal names the expiry
// it extends (EPP's curExpDate); and commands state the agreed price (RFC 8748). An adapter translates its vendor's
// codes into these and passes no others on.
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { Fees } from '../catalogue/fees';

export const ROLES = ['registrant', 'admin', 'tech', 'billing'] as const;
export type Role = (typeof ROLES)[number];

/** The message of the refusal with which a withdrawn transfer ends, independent of the registrar's own term. */
export const TRANSFER_CANCELLED = 'The transfer was cancelled.';

/** Postal data of a contact, as the registry needs it. */
export interface ContactData {
  readonly type: 'person' | 'organization';
  readonly first_name: string;
  readonly last_name: string;
  readonly organization: string | null;
  readonly email: string;
  /** +E.164 */
  readonly phone: string;
  readonly address1: string;
  readonly address2: string | null;
  readonly city: string;
  readonly state: string | null;
  readonly postal_code: string | null;
  /** ISO 3166-1, two letters. */
  readonly country: string;
}

/** DNSSEC delegation signer, RFC 5910. */
export interface DsRecord {
  readonly key_tag: number;
  readonly algorithm: number;
  readonly digest_type: number;
  readonly digest: string;
}

/** The contact of each role: our contact ids, which are the handles at the registrar. */
export type ContactHandles = { readonly [role in Role]?: string };

/** A name at the registry. Plain JSON: it is the stored result of a paid command. */
export interface NameInfo {
  readonly [field: string]: unknown;
  readonly name: string;
  readonly registered_at: string;
  readonly expires_at: string;
  /** Set between the deletion (by us or by the registry) and the end of redemption. */
  readonly deleted_at: string | null;
  /** False once the name was transferred to another registrar. */
  readonly held_by_us: boolean;
  /** EPP and RGP statuses, raw. */
  readonly statuses: readonly string[];
  readonly locked: boolean;
  readonly privacy: boolean;
  readonly nameservers: readonly string[];
  readonly contacts: ContactHandles;
  readonly ds: readonly DsRecord[];
  /** Glue: host name → addresses. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  readonly auth_code_expires_at: string | null;
}

export interface NameCheck {
  readonly name: string;
  /** `unknown` when the look-up failed; never treat it as `taken`. */
  readonly status: 'available' | 'taken' | 'reserved' | 'unknown';
  readonly premium: boolean;
  /** Null: the registrar's list price applies. */
  readonly fees: Fees | null;
}

interface Command {
  /** Our order id. The registrar executes one reference once, however often it is sent. */
  readonly ref: string;
  readonly name: string;
  readonly tld: string;
  /** When we first sent it. What the registry has done since then may be ours. */
  readonly sentAt: Date;
}

interface PricedCommand extends Command {
  readonly years: number;
  /** The fee we agree to, in 1/10,000 USD; null for the list price. */
  readonly fee: bigint | null;
}

interface Holding {
  readonly nameservers: readonly string[];
  readonly contacts: ContactHandles;
  readonly contactData: Readonly<Record<string, ContactData>>;
  readonly privacy: boolean;
  readonly locked: boolean;
}

export interface RegisterCommand extends PricedCommand, Holding {
  readonly kind: 'register';
}

export interface RenewCommand extends PricedCommand {
  readonly kind: 'renew';
  /** Must be the expiry at the registry, or the command is refused with `expiry_mismatch`. */
  readonly currentExpiresAt: Date;
}

export interface TransferCommand extends PricedCommand, Holding {
  readonly kind: 'transfer';
  readonly authCode: string;
  readonly keepNameservers: boolean;
}

export interface RestoreCommand extends PricedCommand {
  readonly kind: 'restore';
}

export type PaidCommand = RegisterCommand | RenewCommand | TransferCommand | RestoreCommand;

/** Only the named fields change. Each field is the whole new value, so it may be sent twice without harm. */
export interface NameChange {
  readonly nameservers?: readonly string[];
  readonly locked?: boolean;
  readonly privacy?: boolean;
  readonly contacts?: ContactHandles;
  readonly contactData?: Readonly<Record<string, ContactData>>;
  readonly ds?: readonly DsRecord[];
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** RFC 9154: set on demand, short-lived. Null removes it. */
  readonly authCode?: { readonly code: string; readonly expiresAt: Date } | null;
}

export interface UpdateCommand extends Command {
  readonly change: NameChange;
}

export type DeleteCommand = Command;

export type InfoAnswer =
  | { readonly kind: 'found'; readonly info: NameInfo }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly cause?: unknown };

export type ContactAnswer =
  | { readonly kind: 'found'; readonly data: ContactData }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly cause?: unknown };

export interface Registrar {
  /** Stored on each domain: a domain stays at the registrar where it was bought. */
  readonly id: string;
  /** One answer for each name, in their order. */
  check(names: readonly string[], signal: AbortSignal): Promise<readonly NameCheck[]>;
  execute(command: PaidCommand, signal: AbortSignal): Promise<Outcome<NameInfo>>;
  /**
   * What happened to our reference. `absent` only when it is certain that this try did not and will not execute the
   * command.
   */
  lookUp(command: PaidCommand, signal: AbortSignal): Promise<LookUp<NameInfo>>;
  info(name: string, signal: AbortSignal): Promise<InfoAnswer>;
  update(command: UpdateCommand, signal: AbortSignal): Promise<Outcome<NameInfo>>;
  /** Deletes the name: it goes into redemption, or is gone at once when it is only days old. `info` shows which. */
  delete(command: DeleteCommand, signal: AbortSignal): Promise<Outcome<NameInfo>>;
  /** Changes a contact for all names that use it. */
  updateContact(
    handle: string,
    data: ContactData,
    signal: AbortSignal,
  ): Promise<Outcome<ContactData & { readonly [field: string]: unknown }>>;
  readContact(handle: string, signal: AbortSignal): Promise<ContactAnswer>;
  /** Withdraws a transfer that is under way. The transfer's own look-up then shows how it ended. */
  cancelTransfer(command: TransferCommand, signal: AbortSignal): Promise<void>;
}
