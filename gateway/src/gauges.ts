// What monitoring reads from the parts of the gateway at each scrape.
import { PRODUCTS, type Product } from '@lumi/shared/contract';
import type { Notices } from '@lumi/shared/notices';
import type { KeyCache } from './keys/key-cache';
import type { BodyBudget } from './limits/body-budget';
import { bodyBytes, keysCached, keysListening, operationsServed, upstreamBroken, upstreamRequests } from './meters';
import type { RouteTable } from './routes/route-table';
import type { ServiceClient } from './upstream/service-client';

export interface Watched {
  readonly keys: KeyCache;
  readonly notices: Notices;
  readonly routes: RouteTable;
  readonly services: Readonly<Record<Product, ServiceClient>>;
  readonly bodyBudget: BodyBudget;
}

/** Returns what ends it. */
export function watchParts({ keys, notices, routes, services, bodyBudget }: Watched): () => void {
  const ends = [
    keysCached.watch(() => [[{}, keys.size]]),
    keysListening.watch(() => [[{}, notices.isListening ? 1 : 0]]),
    bodyBytes.watch(() => [[{}, bodyBudget.heldBytes]]),
    operationsServed.watch(() => PRODUCTS.map((product) => [{ product }, routes.operationsOf(product)])),
    upstreamRequests.watch(() =>
      PRODUCTS.flatMap((product) => [
        [{ product, state: 'in_work' }, services[product].inWork] as const,
        [{ product, state: 'waiting' }, services[product].waiting] as const,
      ]),
    ),
    upstreamBroken.watch(() => PRODUCTS.map((product) => [{ product }, services[product].isBroken ? 1 : 0])),
  ];
  return () => {
    for (const end of ends) end();
  };
}
