import { z } from 'zod';
import {
  PRODUCTS,
  defineRoute,
  pageOf,
  pageQuery,
  readPage,
  toPage,
  type CursorBinding,
  type Product,
} from '../../ground/contract';
import { sql } from '../../base/db';
import { endpoint, json, type Endpoint } from '../../counter/endpoint';
import { isoSeconds } from '../../ground/runtime';
import { ADMIN_TAG, type AdminDeps } from './deps';

const record = z.record(z.string(), z.unknown()).nullable();
const entrySchema = z
  .object({
    id: z.string(),
    product: z.enum(PRODUCTS).nullable().describe('Null: it was done from the command line.'),
    actor: z.enum(['operator', 'reseller', 'cli']).describe('Who asked: a key of this type, or the command line.'),
    key_id: z.string().nullable().describe('The key that asked; null for the command line.'),
    address: z.string().nullable().describe('Where the request came from.'),
    request_id: z.string().nullable().describe('The request that did it; null for the command line.'),
    action: z.string().describe('What was done.').meta({ example: 'key.issue' }),
    subject: z.string().describe('The id of what it was done to.').meta({ example: 'key_01k000000000000000000000' }),
    user_id: z.string().nullable(),
    before: record.describe('What was so before; null where there was nothing.'),
    after: record.describe('What is so since. Nothing in it is secret.'),
    created_at: z.string(),
  })
  .meta({ id: 'AuditLogEntry' });

export function listAuditLog(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'list-audit-log',
      method: 'GET',
      path: '/admin/audit-log',
      summary: 'List what led to money',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'regular',
      reach: 'none',
      keepsUserId: true,
      description:
        'Keys issued, rolled and revoked, accounts created, balances adjusted, unfinished work decided, automatic ' +
        'renewal switched on or set: the actor, the address, and the state before and after. Of this product and of ' +
        'the command line, newest first. An entry is written in the same transaction as its action and cannot be ' +
        'changed.',
      query: pageQuery.extend({
        action: z.string().max(64).optional().describe('Only this action.'),
        subject: z.string().max(300).optional().describe('Only what was done to this.'),
        user_id: z.string().max(64).optional().describe('Only what concerns this account.'),
        key_id: z.string().max(64).optional().describe('Only what this key did.'),
      }),
      responses: { 200: { description: 'A page of entries.', schema: pageOf(entrySchema) } },
    }),
    async ({ query }) => {
      const { action, subject, user_id: userId, key_id: keyId } = query;
      const binding: CursorBinding = {
        account: null,
        route: 'list-audit-log',
        filter: { action, subject, user_id: userId, key_id: keyId },
      };
      const request = readPage(query, deps.cursors, binding);
      const wanted = (column: string | undefined) => column ?? null;
      // Raw SQL: an entry without a product belongs to the product inside its data, which `where` cannot express.
      const rows = await deps.admin.platform.$queryRaw<EntryRow[]>(sql`
        SELECT seq, product, actor, key_id, address, request_id, action, subject, account_id, before, after, created_at
          FROM platform.audit_log
        WHERE coalesce(product, after->>'product', ${deps.product}) = ${deps.product}
          AND (${wanted(action)}::text IS NULL OR action = ${wanted(action)}::text)
            AND (${wanted(subject)}::text IS NULL OR subject = ${wanted(subject)}::text)
          AND (${wanted(userId)}::text IS NULL OR account_id = ${wanted(userId)}::text)
            AND (${wanted(keyId)}::text IS NULL OR key_id = ${wanted(keyId)}::text)
          AND (${request.after?.[0] ?? null}::bigint IS NULL OR seq < ${request.after?.[0] ?? null}::bigint)
            ORDER BY seq DESC LIMIT ${request.limit + 1}::int`);
      return json(
        200,
        toPage(rows, request, deps.cursors, binding, ({ seq }) => [seq.toString()], viewEntry),
      );
    },
  );
}

interface EntryRow {
  readonly seq: bigint;
  readonly product: Product | null;
  readonly actor: 'operator' | 'reseller' | 'cli';
  readonly key_id: string | null;
  readonly address: string | null;
  readonly request_id: string | null;
  readonly action: string;
  readonly subject: string;
  readonly account_id: string | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly created_at: Date;
}

function viewEntry({ seq, account_id: userId, created_at: createdAt, ...row }: EntryRow): z.output<typeof entrySchema> {
  return { id: seq.toString(), ...row, user_id: userId, created_at: isoSeconds(createdAt) };
}
