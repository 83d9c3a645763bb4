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
      summary: 'Compare a sub-user with its network',
      description:
        'Reads the access that the network allows. If it differs from the sub-user, the sub-user is pushed again: ' +
        '`is_applied` is false until the network has confirmed it, and a `subuser.synced` event reports the ' +
        'difference. At most once a minute for each sub-user.',
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
          deps.service.clock.now(),
        ),
      );
    },
  );
}
