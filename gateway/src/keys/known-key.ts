// A key as the gateway uses it: all values that a request needs, computed once when the key is loaded.
import { effectiveScopes, ipTest, type ApiKey, type IpTest } from '@lumi/shared/keys';
import { MINUTE_MS, MONEY_PER_MINUTE, REGULAR_PER_MINUTE, type Limit } from '@lumi/shared/limits';
import type { Principal } from '@lumi/shared/principal';
import { bucketName } from '../limits/gcra-store';

export interface KnownKey {
  readonly key: ApiKey;
  readonly scopes: ReadonlySet<string>;
  readonly admits: IpTest;
  readonly regularLimit: Limit;
  /** Names the lineage, not the key: rolling a key gives no second allowance. */
  readonly regularBucket: string;
  /** The same with its limit, in the form that `GcraStore` takes. */
  readonly limitBucket: string;
  readonly principal: Principal;
  /** The same for a signed request of a key that signs. */
  readonly signedPrincipal: Principal;
  /** Changes whenever the principal may have changed. */
  readonly principalName: string;
}

export function knownKey(key: ApiKey): KnownKey {
  const scopes = effectiveScopes(key);
  const regularPerMinute = key.regularPerMinute ?? REGULAR_PER_MINUTE;
  const regularBucket = `regular:${key.lineageId}`;
  const principal: Principal = {
    product: key.product,
    keyId: key.id,
    type: key.type,
    accountId: key.accountId,
    lineageId: key.lineageId,
    scopes,
    moneyPerMinute: key.moneyPerMinute ?? MONEY_PER_MINUTE,
    regularPerMinute,
    ...(key.signing === 'none' ? {} : { signature: 'missing' }),
  };
  return {
    key,
    scopes: new Set(scopes),
    admits: ipTest(key.ipAllowlist),
    regularLimit: { tokens: regularPerMinute, periodMs: MINUTE_MS },
    regularBucket,
    limitBucket: bucketName(regularBucket, regularPerMinute),
    principal,
    signedPrincipal: { ...principal, signature: 'checked' },
    principalName: `${key.id}:${key.generation.toString()}`,
  };
}
