import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { syncOnce, syncRoute } from '@lumi/shared/sync';
import { syncSubuser } from '../sync/sync-access';
import type { ProxyDeps } from '../deps';
import { subuserSchema, viewSubuser } from '../views/plan-view';
import { subuserParams, requireSubuser } from './subuser';

export function syncSubuserNow(deps: ProxyDeps): Endpoint {
  return endpoint(
    syncRoute({
      id: 'sync-subuser',
      path: '/subusers/{id}/sync',
      tag: 'Traffic',
      summary: 'Look at a sub-user in its network',
      description:
        'Asks the network whom it lets in. Where that is not what the sub-user is here, it is told again: ' +
        '`is_applied` is false until it has confirmed that, and a `subuser.synced` event tells it. At most once a ' +
        'minute for each sub-user.',
      params: subuserParams,
      answer: { description: 'The sub-user as it is now.', schema: subuserSchema },
    }),
    async ({ reach, params: { id } }) => {
      const row = await requireSubuser(deps, reach, id);
      return json(
        200,
        viewSubuser(
          await syncOnce(deps.service, { product: 'proxy', thing: `subuser ${row.id}` }, () =>
            syncSubuser(deps, reach, row.id),
          ),
        ),
      );
    },
  );
}
