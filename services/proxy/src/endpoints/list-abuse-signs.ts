import { z } from 'zod';
import { ADMIN_TAG } from '@lumi/shared/admin';
import { defineRoute, pageOf, pageQuery } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { bySeq, pageOfRows } from '@lumi/shared/listing';
import { isoSeconds } from '@lumi/shared/runtime';
import { listSigns, SIGNS } from '../store/abuse-signs';
import type { ProxyDeps } from '../deps';
import type { AbuseSignModel } from '../generated/db/models';

const signSchema = z
  .object({
    sign: z
      .enum(SIGNS)
      .describe(
        '`refused-ports`: 20 tries of refused ports in a minute; `many-targets`: over 500 targets in a minute; ' +
          '`login-guessing`: 20 wrong logins in a minute.',
      ),
    who: z
      .string()
      .describe('The proxy, plan or sub-user; of guessed logins the address that they came from.')
      .meta({ example: 'prx_01k000000000000000000000' }),
    user_id: z.string().nullable().describe('Whose it is; null: an address is nobody’s.'),
    node_id: z.string().describe('The node that saw it first.').meta({ example: 'node_local' }),
    at: z.string().describe('When it was seen first in that hour.'),
  })
  .meta({ id: 'AbuseSign' });

export function listAbuseSigns(deps: ProxyDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-abuse-signs',
      method: 'GET',
      path: '/admin/abuse-signs',
      summary: 'List signs of abuse',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'regular',
      reach: 'none',
      keepsUserId: true,
      description:
        'What nodes saw that may be abuse, newest first: one of each sign, subject and hour, kept for 90 days. It ' +
        'stops nothing by itself; `POST /admin/proxies/{id}/suspend` and its like do.',
      query: pageQuery.extend({
        sign: z.enum(SIGNS).optional().describe('Only this sign.'),
        user_id: z.string().min(1).max(64).optional().describe('Only of this account.'),
      }),
      responses: { 200: { description: 'A page of signs.', schema: pageOf(signSchema) } },
    }),
    async ({ query }) =>
      json(
        200,
        await pageOfRows({
          route: 'list-abuse-signs',
          reach: { kind: 'all' },
          query,
          cursors: deps.service.cursors,
          read: (at) => listSigns(deps.db, { sign: query.sign, accountId: query.user_id }, at),
          position: bySeq,
          view: viewSign,
        }),
      ),
  );
}

function viewSign({ sign, who, account_id: userId, node_id: nodeId, at }: AbuseSignModel): z.output<typeof signSchema> {
  // The table's check has the same words.
  return { sign: sign as (typeof SIGNS)[number], who, user_id: userId, node_id: nodeId, at: isoSeconds(at) };
}
