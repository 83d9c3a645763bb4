// Sets `product` by base path (and by host, when the host is bound); otherwise 404. Also looks the operation up
// (`match`), because stage 05 must know whether it needs a key. Stage 06 refuses an unknown operation.
import type { RequestHandler } from 'express';
import { BASE_PATHS, PRODUCTS, notFound, type Product } from '@lumi/shared/contract';
import { hostName } from '@lumi/shared/http';
import type { RouteTable } from '../routes/route-table';

const BASES = PRODUCTS.map((product) => ({ product, base: BASE_PATHS[product], inside: `${BASE_PATHS[product]}/` }));

export function product({
  hostBindings,
  routes,
}: {
  hostBindings: ReadonlyMap<Product, ReadonlySet<string>>;
  routes: RouteTable;
}): RequestHandler {
  return (req, _res, next) => {
    const record = req.lumi;
    const found = BASES.find(({ base, inside }) => record.path.startsWith(inside) || record.path === base);
    if (found === undefined) throw notFound();
    const hosts = hostBindings.get(found.product);
    if (hosts !== undefined && !hosts.has(hostName(req.headers.host))) throw notFound();
    record.product = found.product;
    record.match = routes.match(found.product, req.method, record.path.slice(found.base.length));
    next();
  };
}
