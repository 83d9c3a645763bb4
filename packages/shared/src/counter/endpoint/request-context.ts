// The context of a handler: the validated input, and what the gateway says about the request.
import type { Request } from 'express';
import { invalid } from '../../ground/contract';
import type { RequestContext } from './context';
import { readRegular } from './request-headers';

type FromHeaders = 'preferAsync' | 'clientIp' | 'headers' | 'regularRemaining';

export function contextOf(req: Request, checked: Omit<RequestContext, FromHeaders | 'accountId'>): RequestContext {
  return {
    ...checked,
    preferAsync: /(^|,)\s*respond-async\s*(,|;|$)/i.test(req.get('prefer') ?? ''),
    clientIp: req.get('x-lumi-client-ip') ?? null,
    headers: req.headers,
    regularRemaining: readRegular(req),
    get accountId() {
      if (checked.reach.kind === 'account') return checked.reach.accountId;
      throw invalid('user_id', 'is required for operator keys');
    },
  };
}
