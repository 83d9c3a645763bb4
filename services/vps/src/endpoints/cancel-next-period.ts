import { AppError, defineRoute } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { busyWith } from '@lumi/shared/operations';
import { operationIdOf } from '@lumi/shared/purchase';
import { paidChange } from '../purchases/next-period-offer';
import { serverParams } from '../servers/fields';
import { serverSchema, viewServer } from '../servers/server-view';
import { forgetNextPeriod } from '../store/server-changes';
import type { VpsDeps } from '../deps';
import { requireServer } from './require-server';

export function cancelNextPeriod(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'cancel-next-period',
      method: 'DELETE',
      path: '/servers/{id}/next-period',
      summary: 'Keep plan and period',
      tag: 'Servers',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Takes back what `POST /servers/{id}/actions/resize` planned for the next period, as long as no ' +
        'renewal has paid for it.',
      params: serverParams,
      responses: { 200: { description: 'The server, with nothing planned.', schema: serverSchema } },
      errors: ['busy', 'state_conflict'],
    }),
    async ({ reach, params }) => {
      const server = await requireServer(vps, reach, params.id);
      const refusal = paidChange(server);
      if (refusal !== null) throw refusal;
      if (!(await forgetNextPeriod(vps.db, server.id))) {
        const now = await requireServer(vps, reach, params.id);
        throw paidChange(now) ?? (now.renewing === null ? new AppError('busy') : busyWith(operationIdOf(now.renewing)));
      }
      return json(200, viewServer(await requireServer(vps, reach, params.id)));
    },
  );
}
