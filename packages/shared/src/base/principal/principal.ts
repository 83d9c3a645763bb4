// The identity of a request's caller. The gateway signs it (ES256, 60 s at most); services refuse every request without
// it, also from loopback. Signing and verifying are cached by key and by token, so their cost is not per request.
import { createPrivateKey, createPublicKey, createHash, type JsonWebKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { AppError, PRODUCTS, type Product } from '../../ground/contract';
import type { Clock } from '../../ground/runtime';

export const IDENTITY_HEADER = 'x-lumi-identity';
const ISSUER = 'lumi-gateway';
const LIFETIME_S = 60;
/** A cached token is used while at least this much of its lifetime is left. */
const REFRESH_BEFORE_END_S = 25;
/** The allowed difference between the clocks of two machines. */
const CLOCK_SKEW_MS = 5_000;
const CACHE_MAX = 10_000;

export type PrincipalType = 'reseller' | 'operator' | 'public';

export interface Principal {
  readonly product: Product;
  /** Id of the API key; `gateway` for the gateway's own requests and public routes. */
  readonly keyId: string;
  readonly type: PrincipalType;
  /** The one account of a reseller key; null for operators and public routes. */
  readonly accountId: string | null;
  /** Keys of one lineage (each replaced the one before) share limits, cap and idempotency records. */
  readonly lineageId: string;
  readonly scopes: readonly string[];
  readonly moneyPerMinute: number;
  readonly regularPerMinute: number;
  /** Of a key that signs: whether it signed this request. Absent: the key does not sign. */
  readonly signature?: 'checked' | 'missing';
}

export function publicPrincipal(product: Product): Principal {
  return {
    product,
    keyId: 'gateway',
    type: 'public',
    accountId: null,
    lineageId: 'public',
    scopes: [],
    moneyPerMinute: 0,
    regularPerMinute: 0,
  };
}

export class IdentitySigner {
  private readonly key: KeyObject;
  private readonly keyid: string;
  private readonly cache = new Map<string, { token: string; refreshAtMs: number }>();

  constructor(
    privateKeyPem: string,
    private readonly clock: Clock,
  ) {
    this.key = createPrivateKey(privateKeyPem);
    this.keyid = keyIdOf(createPublicKey(this.key));
  }

  /** `cacheKey` must change whenever the principal changes (key id + its generation). */
  sign(principal: Principal, cacheKey: string): string {
    const nowMs = this.clock.nowMs();
    const cached = this.cache.get(cacheKey);
    if (cached !== undefined && cached.refreshAtMs > nowMs) return cached.token;
    const issuedAt = Math.floor(nowMs / 1000);
    const claims = {
      sub: principal.keyId,
      typ: principal.type,
      acc: principal.accountId,
      lin: principal.lineageId,
      scp: principal.scopes,
      mlim: principal.moneyPerMinute,
      rlim: principal.regularPerMinute,
      sig: principal.signature,
      iat: issuedAt,
      exp: issuedAt + LIFETIME_S,
    };
    const token = jwt.sign(claims, this.key, {
      algorithm: 'ES256',
      keyid: this.keyid,
      issuer: ISSUER,
      audience: `lumi-${principal.product}`,
    });
    if (this.cache.size >= CACHE_MAX) this.cache.clear();
    this.cache.set(cacheKey, { token, refreshAtMs: nowMs + (LIFETIME_S - REFRESH_BEFORE_END_S) * 1000 });
    return token;
  }
}

export class IdentityVerifier {
  private readonly keys: ReadonlyMap<string, KeyObject>;
  private readonly cache = new Map<string, { principal: Principal; expiresAtMs: number }>();

  constructor(
    jwks: { keys: readonly JsonWebKey[] },
    private readonly product: Product,
    private readonly clock: Clock,
  ) {
    this.keys = new Map(
      jwks.keys.map((jwk) => createPublicKey({ key: jwk, format: 'jwk' })).map((key) => [keyIdOf(key), key]),
    );
  }

  /**
   * Throws 401 for every identity that was not signed for this service, and 503 for one that came too late: the request
   * waited too long on the way, which is not the key's fault.
   */
  verify(token: string | undefined): Principal {
    const nowMs = this.clock.nowMs();
    if (token === undefined) throw new AppError('invalid_key', undefined, { cause: 'no identity' });
    const cached = this.cache.get(token);
    if (cached !== undefined && cached.expiresAtMs > nowMs) return cached.principal;
    const { principal, expiresAtMs } = this.check(token, nowMs);
    if (this.cache.size >= CACHE_MAX) this.cache.clear();
    this.cache.set(token, { principal, expiresAtMs });
    return principal;
  }

  private check(token: string, nowMs: number): { principal: Principal; expiresAtMs: number } {
    try {
      const header = jwt.decode(token, { complete: true })?.header;
      const key = this.keys.get(header?.kid ?? '');
      if (key === undefined) throw new Error('unknown key id');
      // RFC 7515 §4.1.11: an unknown critical header must refuse the token; the library ignores it.
      if (Object.hasOwn(header ?? {}, 'crit')) throw new Error('critical extensions are not understood');
      const claims = jwt.verify(token, key, {
        algorithms: ['ES256'],
        audience: `lumi-${this.product}`,
        issuer: ISSUER,
        ignoreExpiration: true,
        clockTimestamp: Math.floor(nowMs / 1000),
      });
      if (typeof claims === 'string' || claims.sub === undefined) throw new Error('claims missing');
      const expiresAtMs = expiryOf(claims, nowMs);
      if (!PRODUCTS.includes(this.product)) throw new Error('unknown product');
      const principal: Principal = {
        product: this.product,
        keyId: claims.sub,
        type: claims['typ'] as PrincipalType,
        accountId: claims['acc'] as string | null,
        lineageId: claims['lin'] as string,
        scopes: claims['scp'] as string[],
        moneyPerMinute: claims['mlim'] as number,
        regularPerMinute: claims['rlim'] as number,
        ...(claims['sig'] === undefined ? {} : { signature: claims['sig'] === 'checked' ? 'checked' : 'missing' }),
      }; // signed by our gateway: shapes are ours
      return { principal, expiresAtMs };
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('invalid_key', undefined, { cause });
    }
  }
}

/**
 * Both in whole seconds, a lifetime of a minute at most, and issued in the past except for a small clock difference.
 */
function expiryOf({ iat, exp }: jwt.JwtPayload, nowMs: number): number {
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp) || iat === undefined || exp === undefined)
    throw new Error('times missing');
  if (exp <= iat || exp - iat > LIFETIME_S) throw new Error('lives too long');
  if (iat * 1000 > nowMs + CLOCK_SKEW_MS) throw new Error('issued in the future');
  if (exp * 1000 + CLOCK_SKEW_MS <= nowMs) throw new AppError('service_unavailable', undefined, { retryAfterS: 1 });
  return exp * 1000;
}

/** RFC 7638 thumbprint of the public key, so that both sides use the same name for a key. */
function keyIdOf(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url').slice(0, 16);
}

export function publicJwks(privateKeyPem: string): { keys: JsonWebKey[] } {
  return { keys: [createPublicKey(createPrivateKey(privateKeyPem)).export({ format: 'jwk' })] };
}
