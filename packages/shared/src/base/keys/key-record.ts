// A row of platform.api_key, typed; and whether the key may be used now.
import { resellerScopes, type Product } from '../../ground/contract';
import type { Units } from '../../ground/money';

export type KeyType = 'reseller' | 'operator';
export type Signing = 'none' | 'v1' | 'v2';

/** The data of a key that are not secret. */
export interface KeyFacts {
  readonly id: string;
  readonly product: Product;
  readonly type: KeyType;
  /** The one account of a reseller key; null for operators. */
  readonly accountId: string | null;
  /** Keys of one lineage (each replaced the one before) share limits, cap and idempotency records. */
  readonly lineageId: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly dailyCapUnits: Units | null;
  readonly regularPerMinute: number | null;
  readonly moneyPerMinute: number | null;
  /** CIDR blocks; empty: any address. */
  readonly ipAllowlist: readonly string[];
  readonly signing: Signing;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly replacedBy: string | null;
  readonly lastUsedAt: Date | null;
  /** Increases with every change of the row. */
  readonly generation: bigint;
}

export interface ApiKey extends KeyFacts {
  readonly digest: Buffer;
  /** Sealed; see signing-secret.ts. */
  readonly signingSecret: Buffer | null;
}

export function isUsable(key: Pick<KeyFacts, 'revokedAt' | 'expiresAt'>, nowMs: number): boolean {
  return key.revokedAt === null && (key.expiresAt === null || key.expiresAt.getTime() > nowMs);
}

/** Operators have every scope without an explicit list. */
export function effectiveScopes(key: Pick<KeyFacts, 'type' | 'product' | 'scopes'>): readonly string[] {
  return key.type === 'operator' ? [...resellerScopes(key.product), 'admin:*'] : key.scopes;
}

/** The columns `readKeyFacts` needs; casts make the result the same through pg and through Prisma's raw queries. */
export const KEY_FACTS = `id, product, type, account_id, lineage_id, prefix, scopes, daily_cap::text AS daily_cap,
  regular_per_minute, money_per_minute, ip_allowlist::text[] AS ip_allowlist, signing, created_at, expires_at,
  revoked_at, replaced_by, last_used_at, generation::text AS generation`;
/** Those of `readKeyRow`. */
export const KEY_COLUMNS = `${KEY_FACTS}, digest, signing_secret`;

interface FactsRow {
  id: string;
  product: Product;
  type: KeyType;
  account_id: string | null;
  lineage_id: string;
  prefix: string;
  scopes: string[];
  daily_cap: string | null;
  regular_per_minute: number | null;
  money_per_minute: number | null;
  ip_allowlist: string[];
  signing: Signing;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  replaced_by: string | null;
  last_used_at: Date | null;
  generation: string;
}

export function readKeyRow(raw: unknown): ApiKey {
  const row = raw as { digest: Uint8Array; signing_secret: Uint8Array | null };
  return {
    ...readKeyFacts(raw),
    digest: Buffer.from(row.digest),
    signingSecret: row.signing_secret === null ? null : Buffer.from(row.signing_secret),
  };
}

export function readKeyFacts(raw: unknown): KeyFacts {
  const row = raw as FactsRow; // the table's own checks guarantee the unions
  return {
    id: row.id,
    product: row.product,
    type: row.type,
    accountId: row.account_id,
    lineageId: row.lineage_id,
    prefix: row.prefix,
    scopes: row.scopes,
    dailyCapUnits: row.daily_cap === null ? null : BigInt(row.daily_cap),
    regularPerMinute: row.regular_per_minute,
    moneyPerMinute: row.money_per_minute,
    ipAllowlist: row.ip_allowlist,
    signing: row.signing,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    replacedBy: row.replaced_by,
    lastUsedAt: row.last_used_at,
    generation: BigInt(row.generation),
  };
}
