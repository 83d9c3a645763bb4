// What the endpoints share that change user name and password of a proxy, a traffic plan or a sub-user. The old pair
// works on for a grace period that the caller chooses, so that running programs can be switched over.
import { z } from 'zod';
import { AppError, notFound } from '@lumi/shared/contract';
import { json, type Reach, type Reply, type RequestContext } from '@lumi/shared/endpoint';
import { sealSecret } from '@lumi/shared/keys';
import { newCredentials } from '../access/credentials';
import type { ProxyDeps } from '../deps';
import { setLogin, type LoginRows } from '../store/logins';
import { findProxy } from '../store/proxies';
import { recordReveal } from '../store/reveals';
import { findSubuser } from '../store/subusers';
import { findPlan } from '../store/traffic';
import { viewPlan, viewSubuser } from '../views/plan-view';
import { hasPair, viewProxy } from '../views/proxy-view';
import { assertChangeable } from './change-proxies';
import { passwordField, usernameField } from './fields';

const graceField = z
  .int()
  .min(0)
  .max(86_400)
  .optional()
  .describe('Seconds for which the old pair still works; 0 if absent.');

export const SET_LOGIN = {
  method: 'PUT',
  scope: 'write',
  class: 'regular',
  reach: 'account',
  body: z.object({ username: usernameField.optional(), password: passwordField.optional(), grace_s: graceField }),
  bodyExample: { username: 'crawler', grace_s: 600 },
  errors: ['state_conflict'],
} as const;
export const ROTATE_LOGIN = {
  method: 'POST',
  scope: 'write',
  class: 'regular',
  reach: 'account',
  description: 'The same user name with a new password.',
  body: z.object({ grace_s: graceField }),
  bodyExample: { grace_s: 600 },
  errors: ['state_conflict'],
} as const;
export const SET_TEXT =
  'Sets what you give and makes up the password you do not give. Only the pair before this one can live on: a second ' +
  'change within the grace ends the first.';
export const SET_POOL_TEXT = `${SET_TEXT} User names of pools are unique over all customers.`;
export const LOGIN_ANSWER = 'As it is now, with the new password in clear this once.';

type Table = keyof LoginRows;
interface Holder<R> {
  find(deps: ProxyDeps, reach: Reach, id: string): Promise<R | null>;
  assertHasLogin(row: R, now: Date): void;
  view(row: R, now: Date, password: string): object;
}

const HOLDERS: { readonly [T in Table]: Holder<LoginRows[T]> } = {
  proxy: {
    find: (deps, reach, id) => findProxy(deps.db, reach, id),
    assertHasLogin: (row, now) => {
      assertChangeable(row, now);
      if (!hasPair(row))
        throw new AppError('state_conflict', 'This proxy is used by address only; it has no user name and password.');
    },
    view: viewProxy,
  },
  traffic_plan: {
    find: (deps, reach, id) => findPlan(deps.db, reach, id),
    assertHasLogin: () => undefined,
    view: viewPlan,
  },
  subuser: {
    find: (deps, reach, id) => findSubuser(deps.db, reach, id),
    assertHasLogin: () => undefined,
    view: viewSubuser,
  },
};

interface LoginWish {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly grace_s?: number | undefined;
}

/** The change and the record that its password was shown commit together. `route`: the operation, for that record. */
export async function changeLogin<T extends Table>(
  deps: ProxyDeps,
  context: RequestContext & { readonly params: { readonly id: string }; readonly body: LoginWish },
  table: T,
  route: string,
): Promise<Reply> {
  const holder: Holder<LoginRows[T]> = HOLDERS[table];
  const { service } = deps;
  const { reach, body, params } = context;
  const now = service.clock.now();
  const row = await holder.find(deps, reach, params.id);
  if (row === null) throw notFound();
  holder.assertHasLogin(row, now);
  const password = body.password ?? newCredentials().password;
  const graceMs = (body.grace_s ?? 0) * 1000;
  const fresh = {
    username: body.username ?? null,
    password: sealSecret(service.config.SECRET_RING, params.id, password),
    oldUntil: graceMs === 0 ? null : new Date(now.getTime() + graceMs),
    now,
  };
  const changed = await setLogin(service.db, table, params.id, fresh, (tx) =>
    recordReveal(deps, context, route, [params.id], tx),
  );
  if (changed === 'taken')
    throw new AppError('state_conflict', 'This user name is taken; names of pools are unique. Choose another one.');
  if (changed === 'busy')
    throw new AppError('busy', 'The proxy is being replaced. Change the credentials of the new one when it is there.');
  if (changed === 'over')
    throw table === 'proxy' ? new AppError('state_conflict', 'The proxy has ended meanwhile.') : notFound();
  return json(200, holder.view(changed, now, password));
}
