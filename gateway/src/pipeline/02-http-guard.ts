// Refuses requests that Node's HTTP parser accepts and the contract does not; sets `path` and `query`. Path tricks
// (`//`, dot segments, encoded separators) are not refused here. They match no route, so they keep their place in the
// order: 404.
import type { RequestHandler } from 'express';
import { requestGuard } from '@lumi/shared/http';

export function httpGuard(): RequestHandler {
  const guard = requestGuard();
  return (req, res, next) => {
    if (!guard(req, res)) return;
    const cut = req.url.indexOf('?');
    req.lumi.path = cut === -1 ? req.url : req.url.slice(0, cut);
    req.lumi.query = cut === -1 ? '' : req.url.slice(cut + 1);
    next();
  };
}
