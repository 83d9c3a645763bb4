// GET /admin/reconciliation
import { z } from 'zod';
import { defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../../ground/contract';
import { given, seqBefore, type BreachModel } from '../../base/db';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import type { Service } from '../process';
import { isoSeconds } from '../../ground/runtime';

const ADMIN_TAG = 'Admin';

const breachSchema = z
  .object({
    id: z.string(),
    scope: z.string().describe('`books`, a product, or `deposits-` and a product.'),
    rule: z.string().describe('What must be true and is not.'),
    subject: z.string(),
    detail: z.string(),
    seen: z.int().describe('In how many rounds it was found.'),
    first_seen_at: z.string(),
    last_seen_at: z.string(),
    cleared_at: z.string().nullable().describe('When it was first not found any more; null while it stands.'),
  })
  .meta({ id: 'Breach' });

const roundSchema = z.object({
  scope: z.string(),
  ran_at: z.string().nullable(),
  next_at: z.string(),
  found: z.int().nullable(),
  failure: z.string().nullable().describe('Why the last round could not look.'),
});

const answerSchema = pageOf(breachSchema).extend({
  rounds: z.array(roundSchema).describe('How the last round of each part went.'),
});

export function listBreaches(deps: Pick<Service, 'admin' | 'cursors'>): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-breaches',
      method: 'GET',
      path: '/admin/reconciliation',
      summary: 'List contradictions',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'regular',
      reach: 'none',
      keepsUserId: true,
      description:
        'What the scheduled reconciliation found: the books against themselves, orders against the ' +
        'suppliers’ own logs, deposits against the payment providers. Newest first. ' +
        'Nothing is repaired automatically: correct the cause, and the next round clears the line.',
      query: pageQuery.extend({
        state: z.enum(['open', 'cleared', 'all']).optional().describe('`open` if absent.'),
        scope: z.string().max(32).optional().describe('Only this part.'),
      }),
      responses: {
        200: { description: 'A page of contradictions, and the state of the rounds.', schema: answerSchema },
      },
    }),
    async ({ query }) => {
      const { state = 'open', scope } = query;
      const binding: CursorBinding = { account: null, route: 'list-breaches', filter: { state, scope } };
      const request = readPage(query, deps.cursors, binding);
      const { platform } = deps.admin;
      const rows = await platform.breach.findMany({
        where: {
          ...given({
            cleared_at: state === 'all' ? undefined : state === 'open' ? null : { not: null },
            scope,
          }),
          ...seqBefore({ beforeSeq: request.after?.[0] ?? null }),
        },
        orderBy: { seq: 'desc' },
        take: request.limit + 1,
      });
      const rounds = await platform.reconciliation.findMany({
        select: { scope: true, ran_at: true, next_at: true, found: true, failure: true },
        orderBy: { scope: 'asc' },
      });
      return json(200, {
        ...toPage(rows, request, deps.cursors, binding, ({ seq }) => [seq.toString()], viewBreach),
        rounds: rounds.map((round) => ({
          ...round,
          ran_at: round.ran_at === null ? null : isoSeconds(round.ran_at),
          next_at: isoSeconds(round.next_at),
        })),
      });
    },
  );
}

function viewBreach(row: BreachModel): z.output<typeof breachSchema> {
  return {
    id: row.seq.toString(),
    scope: row.scope,
    rule: row.rule,
    subject: row.subject,
    detail: row.detail,
    seen: row.seen,
    first_seen_at: isoSeconds(row.first_seen_at),
    last_seen_at: isoSeconds(row.last_seen_at),
    cleared_at: row.cleared_at === null ? null : isoSeconds(row.cleared_at),
  };
}
