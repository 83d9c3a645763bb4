// Builds what the proxy service's processes are made of; nothing else constructs.
import { openPaymentProviders, type DepositDeps } from '@lumi/shared/deposits';
import type { AnyThingSold } from '@lumi/shared/purchase';
import { openService, type Service, type ServiceOptions } from '@lumi/shared/service';
import type { Config } from './config';
import type { ProxyNetwork } from './supplier/proxy-network';
import { SandboxNetwork } from './supplier/sandbox/sandbox-network';

export interface ProxyDeps extends Service {
  readonly network: ProxyNetwork;
  readonly deposits: DepositDeps;
  /** Everything this product sells, by the kind stored on orders. */
  readonly things: ReadonlyMap<string, AnyThingSold>;
}

export function wire(options: Omit<ServiceOptions, 'product'> & { readonly config: Config }): ProxyDeps {
  return wireService(openService({ ...options, product: 'proxy' }));
}

/** On a service that is already open, as tests have it. */
export function wireService(service: Service): ProxyDeps {
  const { db, clock, log, config } = service;
  const network = new SandboxNetwork(db, clock);
  const providers = openPaymentProviders({
    db: db.platform, product: service.product, publicUrl: config.PUBLIC_URL, cryptoPayUrl: config.CRYPTO_PAY_URL, cryptoPayToken: config.CRYPTO_PAY_TOKEN, sandbox: true,
  });
  const things: readonly AnyThingSold[] = [];
  return { ...service, network, deposits: { db, clock, log, providers, defaultCap: config.DEFAULT_DAILY_CAP_USD }, things: new Map(things.map((thing) => [thing.kind, thing])) };
}
