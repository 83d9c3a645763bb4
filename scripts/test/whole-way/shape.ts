// What a test starts: which services, and how many processes of each.
import type { Product } from '@lumi/shared/contract';
import type { Endpoint } from '@lumi/shared/endpoint';
import type { HttpServer } from '@lumi/shared/http';
import type { Service } from '@lumi/shared/service';
import type { WiredProduct } from '../products';

export interface WholeWayOptions {
  /**
   * Which services run; all of them if absent. The paths of the others lead to the first one's port and are its 404.
   */
  readonly products?: readonly Product[];
  /** Endpoints that a service has besides its own. */
  readonly more?: Partial<Record<Product, (service: Service) => readonly Endpoint[]>>;
  /** Settings of the services. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Payers and receivers of webhooks are on this machine. */
export const ON_LOOPBACK = { SANDBOX_PAYMENTS: 'true', WEBHOOK_ALLOW_NETWORKS: '127.0.0.1' } as const;

/** One process of a service. */
export interface Running {
  readonly service: Service;
  readonly wired: WiredProduct;
  server: HttpServer;
  readonly port: number;
}

/** How many gateways, and processes of each service, take requests in turn (scripts/test-many.mjs). */
export const SHAPE = process.env.LUMI_TEST_SHAPE === 'many' ? { gateways: 3, servers: 2 } : { gateways: 1, servers: 1 };
