// `/healthz` always answers. All other requests get `503 api_disabled` while the API is switched off.
import type { RequestHandler, Response } from 'express';
import { AppError, BASE_PATHS } from '@lumi/shared/contract';
import { JSON_TYPE } from '@lumi/shared/http';
import { addressLimitHeaders, type AddressLimits, type LimitHeaders } from '../limits/address-limit';

const HEALTH_PATHS = new Set(['/healthz', ...Object.values(BASE_PATHS).map((base) => `${base}/healthz`)]);
const HEALTHY = Buffer.from(JSON.stringify({ status: 'ok', service: 'api' }));

export function apiSwitch({ apiEnabled, ...limits }: { apiEnabled: boolean } & AddressLimits): RequestHandler {
  return (req, res, next) => {
    if (HEALTH_PATHS.has(req.lumi.path)) {
      if (req.method !== 'GET' && req.method !== 'HEAD')
        throw new AppError('method_not_allowed', undefined, { allow: ['GET', 'HEAD'] });
      answerHealthy(res, addressLimitHeaders(limits, req.lumi.clientIp));
      return;
    }
    if (!apiEnabled) throw new AppError('api_disabled');
    next();
  };
}

function answerHealthy(res: Response, { rateLimit, ratePolicy }: LimitHeaders): void {
  res.writeHead(200, [
    'Content-Type',
    JSON_TYPE,
    'Content-Length',
    String(HEALTHY.length),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    res.req.lumi.id,
    'RateLimit',
    rateLimit,
    'RateLimit-Policy',
    ratePolicy,
  ]);
  res.end(HEALTHY);
}
