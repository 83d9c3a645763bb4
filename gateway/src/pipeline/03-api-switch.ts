// `/healthz` and `/readyz` always answer. All other requests get `503 api_disabled` while the API is switched off.
import type { RequestHandler, Response } from 'express';
import { AppError, BASE_PATHS } from '@lumi/shared/contract';
import { JSON_TYPE } from '@lumi/shared/http';
import type { Readiness } from '@lumi/shared/monitoring';
import { addressLimitHeaders, type AddressLimits, type LimitHeaders } from '../limits/address-limit';

const HEALTH_PATHS = new Set(['/healthz', ...Object.values(BASE_PATHS).map((base) => `${base}/healthz`)]);
const READY_PATH = '/readyz';
const HEALTHY = Buffer.from(JSON.stringify({ status: 'ok', service: 'api' }));

export interface ApiSwitchDeps extends AddressLimits {
  readonly apiEnabled: boolean;
  readonly readiness: Readiness;
}

export function apiSwitch({ apiEnabled, readiness, ...limits }: ApiSwitchDeps): RequestHandler {
  return (req, res, next) => {
    const isReadyPath = req.lumi.path === READY_PATH;
    if (isReadyPath || HEALTH_PATHS.has(req.lumi.path)) {
      if (req.method !== 'GET' && req.method !== 'HEAD')
        throw new AppError('method_not_allowed', undefined, { allow: ['GET', 'HEAD'] });
      const headers = addressLimitHeaders(limits, req.lumi.clientIp);
      if (!isReadyPath) {
        answer(res, 200, HEALTHY, headers);
        return;
      }
      readiness
        .answer()
        .then(({ status, body }) => answer(res, status, Buffer.from(JSON.stringify(body)), headers))
        .catch(next);
      return;
    }
    if (!apiEnabled) throw new AppError('api_disabled');
    next();
  };
}

function answer(res: Response, status: number, body: Buffer, { rateLimit, ratePolicy }: LimitHeaders): void {
  res.writeHead(status, [
    'Content-Type',
    JSON_TYPE,
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    res.req.lumi.id,
    'RateLimit',
    rateLimit,
    'RateLimit-Policy',
    ratePolicy,
  ]);
  res.end(body);
}
