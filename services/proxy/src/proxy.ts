// The dependencies of the parts of the proxy service. Only wiring.ts builds them.
import type { AnyThingSold } from '@lumi/shared/purchase';
import type { SecretRing } from '@lumi/shared/runtime';
import type { Service } from '@lumi/shared/service';
import type { ProxyNetwork } from './supplier/proxy-network';

export interface ProxyDeps extends Service {
  readonly network: ProxyNetwork;
  /** Seals values that must be readable again: proxy passwords. */
  readonly ring: SecretRing;
  /** Everything this product sells, by the kind stored on orders. */
  readonly things: ReadonlyMap<string, AnyThingSold>;
}
