// Issues, finds, rolls and revokes API keys. Every function is one statement, so each is atomic without a transaction
// of its own, and works through a pg pool and inside another transaction. Only functions of the database that
// `lumi_admin` may call write keys. `issueKey` and `rollKey` return the key once; it is stored nowhere.
import { readBlock } from '../../ground/addresses';
import { invalid, newId, notFound, resellerScopes, type Product } from '../../ground/contract';
import type { Units } from '../../ground/money';
import type { Clock, SecretRing } from '../../ground/runtime';
import { KeyDigests } from './key-digest';
import { displayPrefix, generateKey } from './key-format';
import {
  KEY_COLUMNS,
  KEY_FACTS,
  readKeyFacts,
  readKeyRow,
  type ApiKey,
  type KeyFacts,
  type KeyType,
  type Signing,
} from './key-record';
import { generateSigningSecret, sealSigningSecret } from './signing-secret';

/** The minimal database interface; `pg.Pool` and `pg.Client` satisfy it. */
export interface Queryable {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

export interface KeyRings {
  /** Digests of keys. */
  readonly peppers: SecretRing;
  /** Seals signing secrets. */
  readonly secrets: SecretRing;
  readonly clock: Clock;
}

export interface KeyRequest {
  readonly product: Product;
  readonly type: KeyType;
  /** Required for a reseller, null for an operator. */
  readonly accountId: string | null;
  /** Of a reseller key; an operator has all. */
  readonly scopes: readonly string[];
  readonly dailyCapUnits?: Units | null;
  readonly signing?: Signing;
  readonly limits?: { readonly regularPerMinute?: number | null; readonly moneyPerMinute?: number | null };
  /** Addresses or CIDR blocks. */
  readonly ipAllowlist?: readonly string[];
  readonly expiresAt?: Date | null;
  readonly by?: KeyActor;
}

/** Who changes a key: the id of a key, or `operator` for the command line. Shown in the history, with the event. */
export type KeyActor = string;

export interface IssuedKey {
  readonly id: string;
  /** Shown once: only its digest is stored. */
  readonly key: string;
  /** Shown once, when the key signs. */
  readonly signingSecret?: string;
  readonly record: ApiKey;
}

/** Throws 422 for invalid scopes, limits or addresses. The account must exist. */
export async function issueKey(db: Queryable, rings: KeyRings, request: KeyRequest): Promise<IssuedKey> {
  check(request, rings.clock);
  const made = make(rings, request.product);
  const signing = request.signing ?? 'none';
  const { rows } = await db.query(
    `SELECT ${KEY_COLUMNS} FROM platform.key_issue($1, $2, $3, $4, $5, $6::bytea, $7::integer, $8, $9::text[],
      $10::text::bigint, $11::integer, $12::integer,
       $13::text[], $14, $15::bytea, $16::text::timestamptz, $17)`,
    [
      made.id,
      request.product,
      request.type,
      request.accountId,
      newId('lin', rings.clock.nowMs()),
      made.digest,
      made.pepperVersion,
      made.prefix,
      [...request.scopes],
      request.dailyCapUnits?.toString() ?? null,
      request.limits?.regularPerMinute ?? null,
      request.limits?.moneyPerMinute ?? null,
      (request.ipAllowlist ?? []).map((block) => readBlock(block).value?.text ?? block),
      signing,
      signing === 'none' ? null : made.sealedSecret,
      request.expiresAt?.toISOString() ?? null,
      request.by ?? null,
    ],
  );
  return issued(made, rows);
}

export interface RollRequest {
  readonly keyId: string;
  /** How long the old key stays valid; 0 ends it now. */
  readonly overlapSeconds: number;
  /** The new key's expiry; absent: the old key's. */
  readonly expiresAt?: Date | null;
  readonly by?: KeyActor;
}

const OVERLAP_MAX_S = 90 * 24 * 3600;

/**
 * A new key of the same lineage: same account, scopes, limits, cap, allow-list and signing version, with a new signing
 * secret. Throws 404 for a key that is unknown, revoked, expired or already rolled: one key has one successor.
 */
export async function rollKey(db: Queryable, rings: KeyRings, request: RollRequest): Promise<IssuedKey> {
  if (
    !Number.isInteger(request.overlapSeconds) ||
    request.overlapSeconds < 0 ||
    request.overlapSeconds > OVERLAP_MAX_S
  ) {
    throw invalid('overlap_seconds', `must be a whole number from 0 to ${String(OVERLAP_MAX_S)}`);
  }
  const old = await findKeyById(db, request.keyId);
  if (old === null) throw notFound();
  const made = make(rings, old.product);
  const { rows } = await db.query(
    `SELECT ${KEY_COLUMNS} FROM platform.key_roll($1, $2, $3::integer, $4::bytea, $5::integer, $6, $7::bytea,
      $8::boolean, $9::text::timestamptz, $10)`,
    [
      request.keyId,
      made.id,
      request.overlapSeconds,
      made.digest,
      made.pepperVersion,
      made.prefix,
      made.sealedSecret,
      request.expiresAt !== undefined,
      request.expiresAt?.toISOString() ?? null,
      request.by ?? null,
    ],
  );
  if (rows.length === 0) throw notFound();
  return issued(made, rows);
}

/** Ends a key now; gateways are notified. Null when there is no such key. A second revocation keeps the first time. */
export async function revokeKey(db: Queryable, keyId: string, by: KeyActor | null = null): Promise<ApiKey | null> {
  const { rows } = await db.query(`SELECT ${KEY_COLUMNS} FROM platform.key_revoke($1, $2)`, [keyId, by]);
  return rows.length === 0 ? null : readKeyRow(rows[0]);
}

/** The data of a key. Only the gateway reads its digest and its sealed secret. */
export async function findKeyById(db: Queryable, keyId: string): Promise<KeyFacts | null> {
  const { rows } = await db.query(`SELECT ${KEY_FACTS} FROM platform.api_key WHERE id = $1::text`, [keyId]);
  return rows.length === 0 ? null : readKeyFacts(rows[0]);
}

/** Includes revoked and expired keys: every request checks whether its key is usable, not every look-up. */
export async function findKeyByDigest(db: Queryable, digests: readonly Buffer[]): Promise<ApiKey | null> {
  const { rows } = await db.query(`SELECT ${KEY_COLUMNS} FROM platform.api_key WHERE digest = ANY($1::bytea[])`, [
    [...digests],
  ]);
  return rows.length === 0 ? null : readKeyRow(rows[0]);
}

interface MadeKey {
  readonly id: string;
  readonly key: string;
  readonly digest: Buffer;
  readonly pepperVersion: number;
  readonly prefix: string;
  readonly signingSecret: string;
  readonly sealedSecret: Buffer;
}

function make(rings: KeyRings, product: Product): MadeKey {
  const id = newId('key', rings.clock.nowMs());
  const key = generateKey(product);
  const digests = new KeyDigests(rings.peppers);
  const signingSecret = generateSigningSecret();
  return {
    id,
    key,
    digest: digests.current(key),
    pepperVersion: digests.currentVersion,
    prefix: displayPrefix(key),
    signingSecret,
    sealedSecret: sealSigningSecret(rings.secrets, id, signingSecret),
  };
}

function issued(made: MadeKey, rows: readonly unknown[]): IssuedKey {
  const record = readKeyRow(rows[0]);
  return {
    id: made.id,
    key: made.key,
    record,
    ...(record.signing === 'none' ? {} : { signingSecret: made.signingSecret }),
  };
}

function check(request: KeyRequest, clock: Clock): void {
  if (request.type === 'reseller' && request.accountId === null)
    throw invalid('user_id', 'a reseller key belongs to an account');
  if (request.type === 'operator' && request.accountId !== null)
    throw invalid('user_id', 'an operator key belongs to no account');
  const allowed =
    request.type === 'operator' ? [...resellerScopes(request.product), 'admin:*'] : resellerScopes(request.product);
  const foreign = request.scopes.find((scope) => !allowed.includes(scope));
  if (foreign !== undefined)
    throw invalid('scopes', `'${foreign}' is not a scope of a ${request.type} key for ${request.product}`);
  if (request.type === 'reseller' && request.scopes.length === 0)
    throw invalid('scopes', 'a reseller key needs at least one scope');
  if (request.dailyCapUnits !== undefined && request.dailyCapUnits !== null && request.dailyCapUnits < 0n)
    throw invalid('daily_cap_usd', 'must not be negative');
  for (const [path, value] of [
    ['regular_per_minute', request.limits?.regularPerMinute],
    ['money_per_minute', request.limits?.moneyPerMinute],
  ] as const) {
    if (value !== undefined && value !== null && (!Number.isInteger(value) || value < 1 || value > 1_000_000))
      throw invalid(path, 'must be a whole number from 1 to 1000000');
  }
  if ((request.ipAllowlist?.length ?? 0) > 100) throw invalid('ip_allowlist', 'at most 100 blocks');
  for (const block of request.ipAllowlist ?? []) {
    if (readBlock(block).value === undefined)
      throw invalid('ip_allowlist', `'${block.slice(0, 50)}' is neither an address nor a CIDR block`);
  }
  if (request.expiresAt !== undefined && request.expiresAt !== null && request.expiresAt.getTime() <= clock.nowMs())
    throw invalid('expires_at', 'must be in the future');
}
