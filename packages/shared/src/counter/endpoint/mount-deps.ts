// The dependencies of the endpoints that a service mounts.
import type { Product } from '../../ground/contract';
import type { SqlRunner } from '../../base/db';
import type { LimitStore } from '../../base/limits';
import type { Readiness } from '../../base/monitoring';
import type { IdentityVerifier } from '../../base/principal';
import type { Clock, Log, SecretRing } from '../../ground/runtime';
import type { InternalRoute } from './internal-route';
import type { OpenApiOptions } from './openapi';

export interface MountDeps {
  readonly product: Product;
  readonly verifier: IdentityVerifier;
  readonly db: SqlRunner;
  readonly moneyLimits: LimitStore;
  /** Opens stored answers that contain a key. */
  readonly secrets: SecretRing;
  readonly clock: Clock;
  readonly log: Log;
  readonly openApi: Omit<OpenApiOptions, 'product'>;
  readonly readiness: Readiness;
  /** For other processes of the deployment. */
  readonly internal?: readonly InternalRoute[];
}
