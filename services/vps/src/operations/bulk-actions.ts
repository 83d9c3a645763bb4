import { z } from 'zod';
import { AppError, defineRoute, invalid } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint, type RequestContext } from '@lumi/shared/endpoint';
import { POWER_ACTIONS, type Actions, type PowerAction } from '../actions/actions';
import { runAction } from '../actions/run-action';
import { listServers } from '../store/servers';
import type { Vps } from '../vps';
import { requireServer } from './require-server';

const ITEMS_MAX = 500;
const AT_ONCE = 10;

const body = z.object({
  action: z.enum(POWER_ACTIONS),
  server_ids: z.array(z.string().max(64)).min(1).optional().describe('Up to 500 servers.'),
  filter: z.object({
    tag: z.string().max(64).optional(), location: z.string().max(32).optional(), plan: z.string().max(32).optional(), power: z.enum(['running', 'stopped']).optional(), reference: z.string().max(128).optional(),
  }).strict().optional().describe('Instead of ids: all servers that match, at least one condition.'),
});

const itemSchema = z.object({
  ref: z.string().describe('The id of the server.'),
  status: z.enum(['ok', 'failed']),
  result: z.object({ operation_id: z.string() }).optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
type Item = z.output<typeof itemSchema>;

export function bulkActions(vps: Vps, actions: Actions): Endpoint {
  return endpoint(
    defineRoute({
      id: 'bulk-server-actions', method: 'POST', path: '/servers/bulk-actions', summary: 'Act on many servers', tag: 'Servers', scope: 'write', class: 'regular', reach: 'account', bulk: 'server_ids',
      description: 'Starts the same action on each server; one that cannot does not hold up the others. Each result names the operation to poll.',
      body, bodyExample: { action: 'reboot', server_ids: ['srv_01k0000000000000000000000'] },
      responses: { 200: { description: 'One result for each server, in the order given.', schema: z.object({ total: z.int(), ok: z.int(), failed: z.int(), items: z.array(itemSchema) }) } },
    }),
    async (context) => {
      const ids = await idsOf(vps, context);
      const items: Item[] = [];
      for (let start = 0; start < ids.length; start += AT_ONCE) {
        items.push(...await Promise.all(oneAfterTheOther(ids.slice(start, start + AT_ONCE), (id) => actOn(vps, actions, context, id))));
      }
      const ok = items.filter(({ status }) => status === 'ok').length;
      return json(200, { total: items.length, ok, failed: items.length - ok, items });
    },
  );
}

/** Different servers at once, the same one in the order given: of two actions on it the first runs and the second finds it busy. */
function oneAfterTheOther(ids: readonly string[], act: (id: string) => Promise<Item>): Promise<Item>[] {
  const lastOf = new Map<string, Promise<Item>>();
  return ids.map((id) => {
    const item = (lastOf.get(id) ?? Promise.resolve()).then(() => act(id));
    lastOf.set(id, item);
    return item;
  });
}

type Context = RequestContext<unknown, unknown, z.output<typeof body>>;

async function idsOf(vps: Vps, { body: wanted, reach }: Context): Promise<readonly string[]> {
  const { server_ids: ids, filter } = wanted;
  if ((ids === undefined) === (filter === undefined)) throw invalid('server_ids', 'is required, or filter, and not both');
  if (filter === undefined) return ids ?? [];
  if (Object.values(filter).every((value) => value === undefined)) throw invalid('filter', 'must have at least one condition');
  const servers = await listServers(vps.service.db.platform, reach, filter, { limit: ITEMS_MAX });
  if (servers.length > ITEMS_MAX) throw new AppError('batch_too_large');
  return servers.map(({ id }) => id);
}

async function actOn(vps: Vps, actions: Actions, { body: wanted, reach, principal, requestId }: Context, id: string): Promise<Item> {
  const action: PowerAction = wanted.action;
  try {
    const server = await requireServer(vps, reach, id);
    const operation = await runAction(vps, { kind: actions[action], deed: action, server, item: {}, principal, requestId });
    return { ref: id, status: 'ok', result: { operation_id: operation.id } };
  } catch (err) {
    if (!(err instanceof AppError)) throw err;
    return { ref: id, status: 'failed', error: { code: err.code, message: err.message } };
  }
}
