// What a service gives to the endpoints that it mounts.
import type { Product } from '../contract';
import type { SqlRunner } from '../db';
import type { LimitStore } from '../limits';
import type { IdentityVerifier } from '../principal';
import type { Clock, Log, SecretRing } from '../runtime';
import type { OpenApiOptions } from './openapi';

export interface MountDeps {
  readonly product: Product;
  readonly verifier: IdentityVerifier;
  readonly db: SqlRunner;
  readonly moneyLimits: LimitStore;
  /** Opens stored answers that hold a key. */
  readonly secrets: SecretRing;
  readonly clock: Clock;
  readonly log: Log;
  readonly openApi: Omit<OpenApiOptions, 'product'>;
  /** In Prometheus' text format. */
  readonly metrics?: () => Promise<string>;
}
