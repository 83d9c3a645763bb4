// A row of proxy.proxy, and what follows from the row and the time.
import { sql, type Sql } from '@lumi/shared/db';
import type { JsonObject } from '@lumi/shared/purchase';
import { DAY_MS } from '@lumi/shared/times';
import type { Protocol } from '../catalogue/products';
import type { ProxyModel } from '../generated/db/models';
import type { Exit, ExitAddress, NetworkName } from '../supplier/proxy-network';

export type AuthMode = 'userpass' | 'ip' | 'both';
export const PROXY_STATES = ['active', 'expiring', 'grace', 'expired', 'replaced'] as const;
export type ProxyState = (typeof PROXY_STATES)[number];

export interface ProxyRow {
  readonly seq: bigint;
  readonly id: string;
  readonly account_id: string;
  readonly order_id: string;
  readonly product_id: string;
  readonly type: string;
  readonly network_id: string;
  readonly country: string;
  readonly city: string;
  readonly asn: number;
  readonly host: string;
  readonly port: number;
  readonly port_socks: number;
  readonly exit_ip: string;
  readonly subnet: string;
  readonly protocol: Protocol;
  readonly auth_mode: AuthMode;
  readonly username: string;
  readonly password: Uint8Array;
  readonly old_username: string | null;
  readonly old_password: Uint8Array | null;
  readonly old_until: Date | null;
  readonly state: 'active' | 'replaced' | 'ended';
  readonly term: number;
  readonly period_days: number;
  readonly starts_at: Date;
  readonly expires_at: Date;
  readonly grace_until: Date;
  readonly auto_renew: boolean;
  readonly rotation_s: number | null;
  readonly rotated_at: Date | null;
  readonly cooldown_until: Date | null;
  readonly replacements_used: number;
  readonly replaces: string | null;
  readonly replaced_by: string | null;
  readonly health_ok: boolean | null;
  readonly health_latency_ms: number | null;
  readonly health_country: string | null;
  readonly health_checked_at: Date | null;
  readonly label: string | null;
  readonly tags: string[];
  readonly reference: string | null;
  readonly metadata: JsonObject | null;
  readonly access_version: number;
  readonly access_applied: number;
  readonly withdrawn_at: Date | null;
  readonly surcharge: bigint;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** When the network was last asked about it, and since when the network does not know it. */
  readonly synced_at: Date | null;
  readonly missing_since: Date | null;
  readonly network: NetworkName;
  readonly last_used_at: Date | null;
  /** Why an operator has stopped it. */
  readonly suspended_for: string | null;
}

/** The types that the table's constraints ensure and the typed client does not have. */
export function proxyOfRow(row: ProxyModel): ProxyRow {
  return row as ProxyRow;
}

/** A proxy is `expiring` from this long before its expiry. */
export const EXPIRING_MS = 3 * DAY_MS;

/** A day that has begun counts as a whole day. */
export function daysLeft(until: Date, now: Date): number {
  return Math.max(0, Math.ceil((until.getTime() - now.getTime()) / DAY_MS));
}

export function stateOf(row: Pick<ProxyRow, 'state' | 'expires_at' | 'grace_until'>, now: Date): ProxyState {
  if (row.state === 'replaced') return 'replaced';
  if (row.state === 'ended' || row.grace_until <= now) return 'expired';
  if (row.expires_at <= now) return 'grace';
  return row.expires_at.getTime() - now.getTime() <= EXPIRING_MS ? 'expiring' : 'active';
}

/** Columns that change with the exit address, as `column = value`. */
export function exitColumns({ exitIp, subnet, country, city, asn }: ExitAddress): Sql {
  return sql`exit_ip = ${exitIp}::inet, subnet = ${subnet}::inet, country = ${country}, city = ${city},
    asn = ${asn}::int`;
}

/** A proxy on delivery. */
export interface NewProxy extends Pick<
  ProxyRow,
  | 'id'
  | 'account_id'
  | 'order_id'
  | 'product_id'
  | 'type'
  | 'network'
  | 'protocol'
  | 'auth_mode'
  | 'username'
  | 'password'
  | 'period_days'
  | 'starts_at'
  | 'expires_at'
  | 'grace_until'
  | 'auto_renew'
  | 'rotation_s'
  | 'label'
  | 'tags'
  | 'reference'
  | 'metadata'
  | 'surcharge'
> {
  readonly exit: Exit;
}

export function rowOfNew(fresh: NewProxy): ProxyRow {
  const { exit, ...rest } = fresh;
  return {
    ...rest,
    seq: 0n,
    network_id: exit.networkId,
    country: exit.country,
    city: exit.city,
    asn: exit.asn,
    host: exit.host,
    port: exit.port,
    port_socks: exit.portSocks,
    exit_ip: exit.exitIp,
    subnet: exit.subnet,
    old_username: null,
    old_password: null,
    old_until: null,
    state: 'active',
    term: 1,
    rotated_at: null,
    cooldown_until: null,
    replacements_used: 0,
    replaces: null,
    replaced_by: null,
    health_ok: null,
    health_latency_ms: null,
    health_country: null,
    health_checked_at: null,
    access_version: 1,
    access_applied: 0,
    withdrawn_at: null,
    synced_at: null,
    missing_since: null,
    last_used_at: null,
    suspended_for: null,
    created_at: fresh.starts_at,
    updated_at: fresh.starts_at,
  };
}
