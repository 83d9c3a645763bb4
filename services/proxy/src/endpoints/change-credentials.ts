// New credentials for a proxy. The old pair stays valid for a grace period that the caller chooses, so that running
// programs can be switched over.
import { z } from 'zod';
import { AppError, notFound } from '@lumi/shared/contract';
import { json, type RequestContext } from '@lumi/shared/endpoint';
import { sealSecret } from '@lumi/shared/keys';
import { newCredentials } from '../access/credentials';
import { findProxy, setProxyCredentials } from '../store/proxies';
import { recordReveal } from '../store/reveals';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { hasPair, proxySchema, viewProxy } from '../views/proxy-view';
import { assertChangeable } from './change-proxies';

export const graceField = z
  .int()
  .min(0)
  .max(86_400)
  .optional()
  .describe('Seconds for which the old pair still works; 0 if absent.');
export const credentialsParams = z.object({ id: idParam('prx', 'the proxy') });
export const CREDENTIALS_ANSWERS = {
  200: { description: 'The proxy, with the new password in clear this once.', schema: proxySchema },
};

export async function changeCredentials(
  deps: ProxyDeps,
  context: RequestContext,
  id: string,
  wish: { username?: string | undefined; password?: string | undefined; grace_s?: number | undefined },
) {
  const row = await findProxy(deps.db, context.reach, id);
  if (row === null) throw notFound();
  const now = deps.service.clock.now();
  assertChangeable(row, now);
  if (!hasPair(row))
    throw new AppError('state_conflict', 'This proxy is used by address only; it has no user name and password.');
  const password = wish.password ?? newCredentials().password;
  const graceMs = (wish.grace_s ?? 0) * 1000;
  await recordReveal(deps, context, 'set-credentials', [row.id]);
  const changed = await setProxyCredentials(deps.service.db.platform, row.id, {
    username: wish.username ?? row.username,
    password: sealSecret(deps.service.config.SECRET_RING, row.id, password),
    oldUntil: graceMs === 0 ? null : new Date(now.getTime() + graceMs),
    now,
  });
  if (changed === null) throw new AppError('state_conflict');
  return json(200, viewProxy(changed, now, password));
}
