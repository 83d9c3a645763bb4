import { z } from 'zod';
import { defineRoute, invalid, pageOf, pageQuery } from '../../ground/contract';
import { endpoint, json, type Endpoint, type Reach, type Reply } from '../endpoint';
import type { Principal } from '../../base/principal';
import { instantQuery } from '../../ground/times';
import type { AccountDeps } from './deps';
import { bySeq, instantOf, pageOfRows } from '../listing';
import { transactionsCsv } from './transaction-csv';
import { TRANSACTION_TYPES, listTransactions, type TransactionFilter } from './transaction-store';
import { transactionSchema, viewTransaction } from './transaction-view';

/** An export is built in memory and sent whole. */
const CSV_LINES_MAX = 20_000;

export function listTransactionsEndpoint(deps: AccountDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-transactions',
      method: 'GET',
      path: '/transactions',
      summary: 'List transactions',
      tag: 'Account',
      scope: 'read',
      class: 'regular',
      reach: 'account',
      description:
        'What changed the balance, newest first, over all products. Only posted lines: their sum is ' +
        `\`balance_usd\`. Money that is held shows in \`/balance\` and on the order. With \`format=csv\` the ` +
        `whole selection comes as one file of at most ${String(CSV_LINES_MAX)} lines.`,
      query: pageQuery.extend({
        type: z.enum(TRANSACTION_TYPES).optional().describe('Only lines of this type.'),
        order_id: z.string().max(64).optional().describe('Only lines of this order.'),
        from: instantQuery.describe('Only lines made at this time or later.'),
        to: instantQuery.describe('Only lines made before this time.'),
        format: z.enum(['json', 'csv']).optional().describe('`csv` for a file; `json` if absent.'),
      }),
      responses: {
        200: {
          description: 'A page of transactions, or the file.',
          schema: pageOf(transactionSchema),
          contentType: 'text/csv',
        },
      },
    }),
    async ({ reach, query, principal }) => {
      const { type, order_id, from, to } = query;
      const filter: TransactionFilter = { type, orderId: order_id, from: instantOf(from), to: instantOf(to) };
      if (query.format === 'csv')
        return exportCsv(deps, {
          reach,
          principal,
          filter,
          isPaged: query.limit !== undefined || query.cursor !== undefined,
        });
      const page = await pageOfRows({
        route: 'list-transactions',
        reach,
        query: { ...query, format: undefined },
        cursors: deps.cursors,
        read: (at) => listTransactions(deps.db.platform, reach, filter, at),
        position: bySeq,
        view: viewTransaction(principal),
      });
      return json(200, page);
    },
  );
}

async function exportCsv(
  deps: AccountDeps,
  asked: { reach: Reach; principal: Principal; filter: TransactionFilter; isPaged: boolean },
): Promise<Reply> {
  if (asked.isPaged) throw invalid('format', 'csv is not paged; leave out limit and cursor');
  const rows = await listTransactions(deps.db.platform, asked.reach, asked.filter, {
    limit: CSV_LINES_MAX,
    beforeSeq: null,
  });
  if (rows.length > CSV_LINES_MAX)
    throw invalid('from', `the selection has more than ${String(CSV_LINES_MAX)} lines; narrow it with from and to`);
  return {
    status: 200,
    contentType: 'text/csv; charset=utf-8',
    headers: { 'Content-Disposition': 'attachment; filename="transactions.csv"' },
    bytes: Buffer.from(transactionsCsv(rows.map(viewTransaction(asked.principal))), 'utf8'),
  };
}
