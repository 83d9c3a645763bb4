import { z } from 'zod';
import { changeItem, changedAnswer, changedSchema, type ChangedItem } from '@lumi/shared/batches';
import { AppError, defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint, type RequestContext } from '@lumi/shared/endpoint';
import { POWER_ACTIONS, type Actions } from '../actions/actions';
import { runAction } from '../actions/run-action';
import { listServers } from '../store/servers';
import type { VpsDeps } from '../deps';
import { requireServer } from './require-server';

const ITEMS_MAX = 500;
const AT_ONCE = 10;

const body = z.object({
  action: z.enum(POWER_ACTIONS),
  server_ids: z.array(z.string().max(64)).min(1).optional().describe('Up to 500 servers.'),
  filter: z
    .object({
      tag: z.string().max(64).optional(),
      location_id: z.string().max(32).optional(),
      plan_id: z.string().max(32).optional(),
      power: z.enum(['running', 'stopped']).optional(),
      reference: z.string().max(128).optional(),
    })
    .strict()
    .optional()
    .describe('Instead of ids: all servers that match, at least one condition.'),
});

const startedSchema = z.object({ operation_id: z.string() });
type Item = ChangedItem<z.output<typeof startedSchema>>;

export function bulkActions(vps: VpsDeps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      id: 'bulk-server-actions',
      method: 'POST',
      path: '/servers/bulk-actions',
      summary: 'Act on many servers',
      tag: 'Servers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      bulk: 'server_ids',
      description:
        'Starts the same action on each server; one that cannot does not hold up the others. Each result ' +
        'names the operation to poll.',
      body,
      bodyExample: { action: 'reboot', server_ids: ['srv_01k000000000000000000000'] },
      responses: {
        200: { description: 'One result for each server, in the order given.', schema: changedSchema(startedSchema) },
      },
    }),
    async (context) => {
      const ids = await idsOf(vps, context);
      const items: Item[] = [];
      for (let start = 0; start < ids.length; start += AT_ONCE) {
        items.push(
          ...(await Promise.all(
            oneAfterTheOther(ids.slice(start, start + AT_ONCE), (id) => actOn(vps, actions, context, id)),
          )),
        );
      }
      return json(200, changedAnswer(items));
    },
  );
}

/**
 * Actions on different servers run at the same time. Of two actions on the same server, in the order given, the first
 * runs and the second is refused as busy.
 */
function oneAfterTheOther(ids: readonly string[], act: (id: string) => Promise<Item>): Promise<Item>[] {
  const lastOf = new Map<string, Promise<Item>>();
  return ids.map((id) => {
    const item = (lastOf.get(id) ?? Promise.resolve()).then(() => act(id));
    lastOf.set(id, item);
    return item;
  });
}

type Context = RequestContext<unknown, unknown, z.output<typeof body>>;

async function idsOf(vps: VpsDeps, { body: wanted, reach }: Context): Promise<readonly string[]> {
  const { server_ids: ids, filter } = wanted;
  if ((ids === undefined) === (filter === undefined))
    throw invalid('server_ids', 'is required, or filter, and not both');
  if (filter === undefined) return ids ?? [];
  if (Object.values(filter).every((value) => value === undefined))
    throw invalid('filter', 'must have at least one condition');
  const servers = await listServers(vps.service.db.platform, reach, filter, {
    limit: ITEMS_MAX,
    now: vps.service.clock.now(),
  });
  if (servers.length > ITEMS_MAX) throw new AppError('batch_too_large');
  return servers.map(({ id }) => id);
}

function actOn(
  vps: VpsDeps,
  actions: Actions,
  { body: { action }, reach, principal, requestId }: Context,
  id: string,
): Promise<Item> {
  return changeItem(id, async () => {
    const server = await requireServer(vps, reach, id);
    const operation = await runAction(vps, {
      kind: actions[action],
      action,
      server,
      item: {},
      principal,
      requestId,
    });
    return { operation_id: operation.id };
  });
}
