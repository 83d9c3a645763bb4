import { z } from 'zod';
import { changeItem, changedAnswer, changedSchema } from '@lumi/shared/batches';
import { AppError, defineRoute, invalid, notFound } from '@lumi/shared/contract';
import { endpoint, json, mapInTurns, type Endpoint } from '@lumi/shared/endpoint';
import { findProxies } from '../store/proxies';
import type { ProxyDeps } from '../deps';
import { proxySchema, viewProxy } from '../views/proxy-view';
import { changeFields, notChangeable, changeAs } from './change-proxies';

const BULK_MAX = 500;

export function bulkUpdateProxies(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'bulk-update-proxies',
      method: 'POST',
      path: '/proxies/bulk-update',
      summary: 'Change many proxies',
      tag: 'Proxies',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description: 'One change for up to 500 proxies. Not atomic: one that cannot be changed does not stop the others.',
      body: z.object({
        proxy_ids: z.array(z.string().max(64)).min(1).describe('Ids of the proxies, 1 to 500.'),
        change: z.strictObject(changeFields),
      }),
      bodyExample: { proxy_ids: ['prx_01k000000000000000000000'], change: { auto_renew: true } },
      bulk: 'proxy_ids',
      autoRenew: ['change.auto_renew'],
      responses: {
        200: { description: 'One result for each id, in the order given.', schema: changedSchema(proxySchema) },
      },
    }),
    async (context) => {
      const { proxy_ids: ids, change } = context.body;
      if (ids.length > BULK_MAX) throw new AppError('batch_too_large');
      if (Object.values(change).every((value) => value === undefined)) throw invalid('change', 'must change something');
      const now = deps.service.clock.now();
      const found = await findProxies(deps.service.db.platform, context.reach, ids);
      const changeable = [...found.values()].filter((row) => notChangeable(row, now) === null);
      const changed = new Map((await changeAs(deps, context, changeable, change)).map((row) => [row.id, row]));
      return json(
        200,
        changedAnswer(
          await Promise.all(
            await mapInTurns(ids, (id) =>
              changeItem(id, () => {
                const [row, known] = [changed.get(id), found.get(id)];
                if (row === undefined)
                  throw known === undefined
                    ? notFound()
                    : (notChangeable(known, now) ?? new AppError('state_conflict'));
                return viewProxy(row, now);
              }),
            ),
          ),
        ),
      );
    },
  );
}
