// What the endpoints for credentials of plans and sub-users share.
import { AppError, notFound } from '@lumi/shared/contract';
import type { RequestContext } from '@lumi/shared/endpoint';
import { sealSecret } from '@lumi/shared/keys';
import { newCredentials } from '../access/credentials';
import type { ProxyDeps } from '../deps';
import type { FreshLogin } from '../store/logins';
import { recordReveal } from '../store/reveals';

export interface LoginWish {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly grace_s?: number | undefined;
}

/** The row as it is now, and its new password. The reveal is recorded before the password is shown. */
export async function changeLogin<R>(
  deps: ProxyDeps,
  context: RequestContext,
  row: { readonly id: string; readonly username: string },
  wish: LoginWish,
  write: (fresh: FreshLogin) => Promise<R | 'taken' | null>,
): Promise<{ readonly row: R; readonly password: string; readonly now: Date }> {
  const now = deps.service.clock.now();
  const password = wish.password ?? newCredentials().password;
  const graceMs = (wish.grace_s ?? 0) * 1000;
  await recordReveal(deps, context, 'set-credentials', [row.id]);
  const changed = await write({
    username: wish.username ?? row.username,
    password: sealSecret(deps.service.config.SECRET_RING, row.id, password),
    oldUntil: graceMs === 0 ? null : new Date(now.getTime() + graceMs),
    now,
  });
  if (changed === 'taken')
    throw new AppError('state_conflict', 'This user name is taken; names of pools are unique. Choose another one.');
  if (changed === null) throw notFound();
  return { row: changed, password, now };
}
