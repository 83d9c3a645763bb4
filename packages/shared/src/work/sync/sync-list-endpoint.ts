// POST …/sync of a whole list, done in the background.
import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import {
  busyWith,
  listOperations,
  operationSchema,
  runOperation,
  viewOperation,
  type OperationDeps,
} from '../operations';
import type { SyncOfAll } from './sync-all';
import { giveTurnBack, takeTurn } from './turn';
import { type SyncRoute, SYNC_ROUTE } from './sync-route';

/** `things` of the account, each like `one` (a path). */
export function syncListEndpoint(
  deps: OperationDeps,
  { source, kind }: SyncOfAll,
  route: SyncRoute & { readonly things: string; readonly one: string },
): Endpoint {
  const { things, one, ...rest } = route;
  return endpoint(
    defineRoute({
      ...rest,
      ...SYNC_ROUTE,
      description:
        `Does for each of your ${things} what \`POST ${one}\` does for one, in the background and in small steps. ` +
        'One request, one token; at most once a minute.',
      responses: {
        202: {
          description:
            'Being done, in small steps; poll the operation. Each thing that changed has its event, and ' +
            '`all_synced` tells how many there were.',
          schema: z.object({ operation_id: z.string(), operation: operationSchema }),
        },
      },
    }),
    async ({ accountId, principal: { keyId }, requestId }) => {
      const { product, noun } = source;
      const {
        db: { platform },
        clock,
      } = deps;
      // A second request while it runs gets the id of the running operation, not the time of the next sync.
      const [running] = await listOperations(
        platform,
        { kind: 'account', accountId },
        product,
        { subject: accountId, kind: kind.kind, state: 'running' },
        { limit: 1, beforeSeq: null },
      );
      if (running !== undefined) throw busyWith(running.id);
      const [turn, now] = [{ product, thing: `${kind.kind} ${accountId}` }, clock.now()];
      await takeTurn(platform, turn, now);
      const operation = await runOperation(deps, {
        kind,
        item: { noun },
        subject: accountId,
        accountId,
        product,
        lockKey: `${kind.kind}:${accountId}`,
        keyId,
        requestId,
      }).catch(async (err: unknown) => {
        await giveTurnBack(platform, turn, now);
        throw err;
      });
      return json(
        202,
        { operation_id: operation.id, operation: viewOperation(operation) },
        operation.state === 'running' ? { 'Retry-After': '2' } : undefined,
      );
    },
  );
}
