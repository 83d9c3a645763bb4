// Stops a proxy, a plan or a sub-user, and lets it go on: for operators, when it is abused.
import { z } from 'zod';
import { defineRoute, lineField, notFound } from '@lumi/shared/contract';
import { ADMIN_TAG, administer } from '@lumi/shared/admin';
import { endpoint, type Endpoint } from '@lumi/shared/endpoint';
import type { ProxyDeps } from '../deps';
import type { AccessTable } from '../store/access';
import { setSuspended } from '../store/suspensions';
import { suspendedSchema } from '../views/suspended';
import { idParam } from './fields';

interface Noun {
  readonly table: AccessTable;
  readonly path: string;
  readonly prefix: 'prx' | 'tpl' | 'sub';
  /** Begins the ids of operations and the types of events. */
  readonly name: string;
  readonly event: string;
  readonly idField: string;
  readonly what: string;
}

const NOUNS: readonly Noun[] = [
  {
    table: 'proxy',
    path: 'proxies',
    prefix: 'prx',
    name: 'proxy',
    event: 'proxy',
    idField: 'proxy_id',
    what: 'a proxy',
  },
  {
    table: 'traffic_plan',
    path: 'traffic-plans',
    prefix: 'tpl',
    name: 'traffic-plan',
    event: 'traffic',
    idField: 'traffic_plan_id',
    what: 'a traffic plan and its sub-users',
  },
  {
    table: 'subuser',
    path: 'subusers',
    prefix: 'sub',
    name: 'subuser',
    event: 'subuser',
    idField: 'subuser_id',
    what: 'a sub-user',
  },
];

export function suspensionEndpoints(deps: ProxyDeps): Endpoint[] {
  return NOUNS.flatMap((noun) => [suspend(deps, noun), unsuspend(deps, noun)]);
}

const shared = (noun: Noun) =>
  ({
    method: 'POST',
    tag: ADMIN_TAG,
    scope: 'admin:*',
    class: 'guarded',
    reach: 'none',
    keepsUserId: true,
    params: z.object({ id: idParam(noun.prefix, noun.what) }),
    responses: {
      200: {
        description: 'As it is now.',
        schema: z.object({ id: z.string(), suspended: suspendedSchema }),
      },
    },
  }) as const;

function suspend(deps: ProxyDeps, noun: Noun): Endpoint {
  return endpoint(
    defineRoute({
      ...shared(noun),
      id: `suspend-${noun.name}`,
      path: `/admin/${noun.path}/{id}/suspend`,
      summary: `Suspend ${noun.what}`,
      description:
        'Within two seconds nothing passes any more, open connections included. Its owner sees the reason. The ' +
        'period goes on, and nothing is paid back.',
      body: z.object({ reason: lineField(200).describe('The owner reads it.') }),
      bodyExample: { reason: 'Password guessing against third parties' },
    }),
    (context) => change(deps, context, noun, { id: context.params.id, reason: context.body.reason }),
  );
}

function unsuspend(deps: ProxyDeps, noun: Noun): Endpoint {
  return endpoint(
    defineRoute({
      ...shared(noun),
      id: `unsuspend-${noun.name}`,
      path: `/admin/${noun.path}/{id}/unsuspend`,
      summary: `Let ${noun.what} go on`,
      description: 'What was suspended works again within two seconds.',
    }),
    (context) => change(deps, context, noun, { id: context.params.id, reason: null }),
  );
}

/** As the service's own role, which writes these tables: an operator's role does not. */
function change(
  deps: ProxyDeps,
  context: Parameters<typeof administer>[1],
  noun: Noun,
  { id, reason }: { readonly id: string; readonly reason: string | null },
) {
  const word = reason === null ? 'unsuspend' : 'suspend';
  const asService = { ...deps.service, admin: deps.service.db };
  return administer(asService, context, id, async (tx) => {
    const event = {
      type: `${noun.event}.${word}ed`,
      subject: id,
      data: { [noun.idField]: id, ...(reason === null ? {} : { reason }) },
    };
    const found = await setSuspended(tx, noun.table, id, { reason, event, now: deps.service.clock.now() });
    if (found === null) throw notFound();
    return {
      status: 200,
      body: { id, suspended: reason === null ? null : { reason } },
      act: {
        action: `${noun.name.replace('-', '_')}.${word}`,
        subject: id,
        accountId: found.account_id,
        before: { suspended_for: found.before },
        after: { suspended_for: reason },
      },
    };
  });
}
