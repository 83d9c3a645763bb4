// The interface of a proxy network: a supplier that runs exit addresses and gateways. The sandbox is one. A data plane
// of our own (gateways that read credentials, exit addresses, counters sent as deltas) can be another. It uses no
// vendor's terms.
// //
// Every command carries our own reference and is executed at most once under it, however often it is sent; `lookUp`
// reports later how it ended. Access (credentials, allow-lists, switches) is not a command but a wanted state with a
// version: sending it again changes nothing.
import type { Outcome, LookUp } from '@lumi/shared/purchase';
import type { Units } from '@lumi/shared/money';
import type { Protocol } from '../catalogue/products';
import type { UpstreamEndpoint } from '../node/upstream-handshake';

/** Networks that rows can name. */
export const NETWORK_NAMES = ['sandbox', 'own', 'upstream'] as const;
export type NetworkName = (typeof NETWORK_NAMES)[number];

export type LocationLevel = 'country' | 'region' | 'city' | 'asn';

export interface Location {
  readonly level: LocationLevel;
  /** ISO 3166 for countries; lower-case words for regions and cities; `as64500` for networks. */
  readonly code: string;
  /** The country of the place; the code itself for countries. */
  readonly country: string;
  readonly name: string;
  /** Null: not counted, as for pools. */
  readonly stock: number | null;
  /** Added to the product's price, per unit and 30 days (per GB for traffic). */
  readonly surcharge: Units;
}

export interface AllocateRequest {
  readonly productId: string;
  readonly items: readonly {
    readonly country: string;
    /** A region or city of it. */ readonly place: string | null;
    readonly quantity: number;
  }[];
  readonly periodDays: number;
  /** Deliver a part rather than nothing. */
  readonly allowPartial: boolean;
  /** No two addresses of the order in one /24 (IPv6: /64). */
  readonly subnetDiversity: boolean;
  /** The customer's note. The sandbox reads its magic words here. */
  readonly note: string | null;
}

/** An exit address and all that follows from it: another address may be in another network and place. */
export interface ExitAddress {
  readonly exitIp: string;
  readonly subnet: string;
  readonly country: string;
  readonly city: string;
  readonly asn: number;
}

export interface Exit extends ExitAddress {
  /** Unique over all networks: it begins with the network's own letters. */
  readonly networkId: string;
  readonly host: string;
  readonly port: number;
  readonly portSocks: number;
}

/** Results are JSON, because the order stores them. */
export interface Allocated {
  readonly [key: string]: unknown;
  /** In the order of the request's items. */
  readonly exits: readonly Exit[];
  /** RFC 3339; the period runs from here. */
  readonly startsAt: string;
}

export interface ExtendRequest {
  readonly networkIds: readonly string[];
  /** RFC 3339. */
  readonly until: readonly string[];
  readonly note: string | null;
}

export interface ReplaceRequest {
  readonly productId: string;
  readonly remove: readonly string[];
  readonly country: string | null;
  readonly differentSubnet: boolean;
  readonly note: string | null;
}

export interface RotateRequest {
  readonly networkId: string;
  readonly note: string | null;
}

export interface Rotated {
  readonly [key: string]: unknown;
  readonly oldIp: string;
  readonly exit: ExitAddress;
}

export interface TrafficRequest {
  readonly pool: string;
  /** Null opens a new plan at the network. */
  readonly networkId: string | null;
  readonly bytes: number;
  readonly note: string | null;
}

export interface TrafficAdded {
  readonly [key: string]: unknown;
  readonly networkId: string;
  readonly host: string;
  readonly port: number;
  readonly portSocks: number;
  readonly startsAt: string;
}

export interface AllowedBlock {
  readonly block: string;
  /** From then on it is not let in any more. */
  readonly until: Date | null;
}

/** The access that a data plane must allow for one proxy, plan or sub-user. What may be used is not in it: leases. */
export interface Access {
  readonly networkId: string;
  readonly subject: string;
  readonly kind: 'proxy' | 'plan' | 'subuser';
  readonly accountId: string;
  readonly version: number;
  readonly isEnabled: boolean;
  /** It has ended and does not come back; a data plane may forget it. */
  readonly isOver: boolean;
  /** Why an operator has stopped it; null: nobody has. */
  readonly suspendedFor: string | null;
  readonly entry: { readonly host: string; readonly port: number; readonly portSocks: number };
  readonly exits:
    | { readonly kind: 'fixed'; readonly address: string; readonly country: string }
    | { readonly kind: 'pool'; readonly pool: string };
  /** The supplier's proxy that nodes pass traffic on to; null: they carry it by themselves. */
  readonly upstream: UpstreamEndpoint | null;
  readonly credentials: readonly {
    readonly username: string;
    readonly password: string;
    readonly until: Date | null;
  }[];
  readonly allowedBlocks: readonly AllowedBlock[];
  readonly protocol: Protocol;
  readonly rotationS: number | null;
  readonly validUntil: Date;
  /** Connections at the same time. */
  readonly concurrency: number;
  /** Bits a second in each direction; null: no limit. */
  readonly bandwidthBps: number | null;
  readonly isMetered: boolean;
  readonly blockedDomains: readonly string[];
  /** Null: all that are not blocked. */
  readonly allowedDomains: readonly string[] | null;
  readonly note: string | null;
}

/** The access in force. The network does not return passwords. */
export interface AccessReading {
  readonly subject: string;
  readonly version: number;
  /** Null: it has no copy of its own; nodes get what our rows say. */
  readonly held: {
    readonly isEnabled: boolean;
    readonly usernames: readonly string[];
    readonly allowedBlocks: readonly string[];
  } | null;
}

/** What a subject used in an hour, by the exit's country and target. */
export interface UsageLine {
  readonly subject: string;
  /** A moment in the hour. */
  readonly at: Date;
  readonly country: string;
  readonly target: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly requests: number;
  readonly errors: number;
}

export interface Health {
  readonly networkId: string;
  readonly isHealthy: boolean;
  readonly latencyMs: number | null;
  readonly exitCountry: string | null;
}

/** A proxy at the network. */
export interface ExitReading extends ExitAddress {
  readonly networkId: string;
  /** RFC 3339; null when the network does not say. */
  readonly until: string | null;
}

export interface TrafficReading {
  readonly networkId: string;
  readonly host: string;
  readonly port: number;
  readonly portSocks: number;
}

export interface ProxyNetwork {
  /** Those of them that the network runs for us. Throws when the network does not answer. */
  readExits(networkIds: readonly string[], signal: AbortSignal): Promise<readonly ExitReading[]>;
  readTraffic(networkIds: readonly string[], signal: AbortSignal): Promise<readonly TrafficReading[]>;
  /** Places of all levels, with stock. Throws when the network does not answer. */
  locations(productId: string, signal: AbortSignal): Promise<readonly Location[]>;
  allocate(reference: string, request: AllocateRequest, signal: AbortSignal): Promise<Outcome<Allocated>>;
  extend(reference: string, request: ExtendRequest, signal: AbortSignal): Promise<Outcome<Record<string, unknown>>>;
  replace(reference: string, request: ReplaceRequest, signal: AbortSignal): Promise<Outcome<Allocated>>;
  rotate(reference: string, request: RotateRequest, signal: AbortSignal): Promise<Outcome<Rotated>>;
  addTraffic(reference: string, request: TrafficRequest, signal: AbortSignal): Promise<Outcome<TrafficAdded>>;
  /**
   * The outcome of the command with this reference. Its result has that command's shape. `absent` sends the command
   * again, so it is only for what surely never began: a network that cannot find the reference answers `unknown`.
   */
  lookUp<R extends Record<string, unknown>>(reference: string, signal: AbortSignal): Promise<LookUp<R>>;
  /** The access in force for those that the network knows. Throws when the network does not answer. */
  readAccess(subjects: readonly string[], signal: AbortSignal): Promise<readonly AccessReading[]>;
  /**
   * Sets the wanted state. A version older than the one in force is ignored. Answers the subjects whose state is known
   * to be in force everywhere; the others are asked again.
   */
  applyAccess(access: readonly Access[], signal: AbortSignal): Promise<readonly string[]>;
  /** Takes addresses back. An address that is already gone is no error. */
  withdraw(networkIds: readonly string[], signal: AbortSignal): Promise<void>;
  /** What was used after a position; the first call has none. Answers of one position are one batch. */
  usageAfter(
    position: string | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly lines: readonly UsageLine[]; readonly position: string | null }>;
  health(networkIds: readonly string[], signal: AbortSignal): Promise<readonly Health[]>;
  /**
   * Looks for addresses that the network changed by itself, and writes them to its books and to proxies. True: there
   * may be more. Absent: its addresses do not change, or nodes report it.
   */
  followExits?(signal: AbortSignal): Promise<boolean>;
}
