import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { isoSeconds } from '@lumi/shared/runtime';
import type { VpsDeps } from '../deps';
import { serverParams } from '../servers/fields';
import { requireServer } from './require-server';

const suspensionSchema = z.object({
  kind: z.enum(['unpaid', 'abuse', 'traffic', 'operator']),
  since: z.string(),
  reason: z.string().nullable(),
  deadline: z.string().nullable().describe('When the data is deleted.'),
  self_unsuspend: z.boolean().describe('Whether a renewal brings it back.'),
  price_usd: usdOutput.nullable().describe('What that renewal costs.'),
});

export function getSuspension(vps: VpsDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-suspension',
      method: 'GET',
      path: '/servers/{id}/suspension',
      summary: 'Why a server is suspended',
      tag: 'Servers',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description: '`404` while it is not suspended.',
      params: serverParams,
      responses: { 200: { description: 'The suspension.', schema: suspensionSchema } },
    }),
    async ({ reach, params }) => {
      const server = await requireServer(vps, reach, params.id);
      if (server.suspension === null) throw notFound();
      const isUnpaid = server.suspension.kind === 'unpaid';
      return json(200, {
        kind: server.suspension.kind,
        since: isoSeconds(server.suspension.since),
        reason: server.suspension.reason,
        deadline: server.terminatesAt === null ? null : isoSeconds(server.terminatesAt),
        self_unsuspend: isUnpaid && server.renewPrice !== null,
        price_usd: isUnpaid && server.renewPrice !== null ? formatUsd(server.renewPrice) : null,
      });
    },
  );
}
