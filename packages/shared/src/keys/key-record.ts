// What a row of platform.api_key says, typed; and whether such a key may be used now.
import { resellerScopes, type Product } from '../contract';
import type { Units } from '../money';

export type KeyType = 'reseller' | 'operator';
export type Signing = 'none' | 'v1' | 'v2';

export interface ApiKey {
  readonly id: string;
  readonly product: Product;
  readonly type: KeyType;
  /** The one account of a reseller key; null for operators. */
  readonly accountId: string | null;
  /** Keys that replaced one another share limits, cap and idempotency records. */
  readonly lineageId: string;
  readonly digest: Buffer;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly dailyCapUnits: Units | null;
  readonly regularPerMinute: number | null;
  readonly moneyPerMinute: number | null;
  /** CIDR blocks; empty = from anywhere. */
  readonly ipAllowlist: readonly string[];
  readonly signing: Signing;
  /** Sealed; see signing-secret.ts. */
  readonly signingSecret: Buffer | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly replacedBy: string | null;
  readonly lastUsedAt: Date | null;
  /** Grows with every change of the row. */
  readonly generation: bigint;
}

export function isUsable(key: ApiKey, nowMs: number): boolean {
  return key.revokedAt === null && (key.expiresAt === null || key.expiresAt.getTime() > nowMs);
}

/** Operators hold every scope without being given any. */
export function effectiveScopes(key: Pick<ApiKey, 'type' | 'product' | 'scopes'>): readonly string[] {
  return key.type === 'operator' ? [...resellerScopes(key.product), 'admin:*'] : key.scopes;
}

/** The columns `readKeyRow` needs; casts make the result the same through pg and through Prisma's raw queries. */
export const KEY_COLUMNS = `id, product, type, account_id, lineage_id, digest, prefix, scopes, daily_cap::text AS daily_cap, regular_per_minute, money_per_minute,
  ip_allowlist::text[] AS ip_allowlist, signing, signing_secret, created_at, expires_at, revoked_at, replaced_by, last_used_at, generation::text AS generation`;

interface KeyRow {
  id: string;
  product: Product;
  type: KeyType;
  account_id: string | null;
  lineage_id: string;
  digest: Uint8Array;
  prefix: string;
  scopes: string[];
  daily_cap: string | null;
  regular_per_minute: number | null;
  money_per_minute: number | null;
  ip_allowlist: string[];
  signing: Signing;
  signing_secret: Uint8Array | null;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  replaced_by: string | null;
  last_used_at: Date | null;
  generation: string;
}

export function readKeyRow(raw: unknown): ApiKey {
  const row = raw as KeyRow; // the table's own checks guarantee the unions
  return {
    id: row.id,
    product: row.product,
    type: row.type,
    accountId: row.account_id,
    lineageId: row.lineage_id,
    digest: Buffer.from(row.digest),
    prefix: row.prefix,
    scopes: row.scopes,
    dailyCapUnits: row.daily_cap === null ? null : BigInt(row.daily_cap),
    regularPerMinute: row.regular_per_minute,
    moneyPerMinute: row.money_per_minute,
    ipAllowlist: row.ip_allowlist,
    signing: row.signing,
    signingSecret: row.signing_secret === null ? null : Buffer.from(row.signing_secret),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    replacedBy: row.replaced_by,
    lastUsedAt: row.last_used_at,
    generation: BigInt(row.generation),
  };
}
