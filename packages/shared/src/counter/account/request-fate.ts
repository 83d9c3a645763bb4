// How a request ended, by its Idempotency-Key, in exactly the scope in which that key is stored.
import { z } from 'zod';
import { isId } from '../../ground/contract';
import { sql, type SqlRunner } from '../../base/db';
import { claimScope } from '../../base/idempotency';
import type { Principal } from '../../base/principal';
import { operationIdOf } from '../../work/purchase';
import { isoSeconds } from '../../ground/runtime';

export const requestFateSchema = z
  .object({
    idempotency_key: z.string(),
    state: z
      .enum(['none', 'in_progress', 'done'])
      .describe('`none`: nothing is remembered under this key; sending the request executes it.'),
    status_code: z.int().nullable(),
    response: z.unknown().describe('The answer as it was given; null while there is none, and where it held a key.'),
    operation_id: z.string().nullable(),
    order_id: z.string().nullable(),
    deposit_id: z.string().nullable(),
    request_id: z.string().nullable().describe('The `X-Request-Id` of the request that executed.'),
    created_at: z.string().nullable(),
    done_at: z.string().nullable(),
  })
  .meta({ id: 'RequestFate' });

export type RequestFate = z.output<typeof requestFateSchema>;

export async function findRequestFate(db: SqlRunner, principal: Principal, key: string): Promise<RequestFate> {
  // Raw SQL: callers poll it, and with the typed client it was more than 10 % slower (docs/decisions/0008).
  const [row] = await db.$queryRaw<FateRow[]>(sql`
    SELECT state, status, CASE WHEN NOT sealed THEN body END AS body, subject, request_id, created_at, done_at
      FROM platform.idempotency
    WHERE scope = ${claimScope(principal)} AND product = ${principal.product} AND key = ${key}`);
  if (row === undefined) {
    return {
      idempotency_key: key,
      state: 'none',
      status_code: null,
      response: null,
      operation_id: null,
      order_id: null,
      deposit_id: null,
      request_id: null,
      created_at: null,
      done_at: null,
    };
  }
  const orderId = isId(row.subject ?? '', 'ord') ? row.subject : null;
  return {
    idempotency_key: key,
    state: row.state === 'done' ? 'done' : 'in_progress',
    status_code: row.status,
    response: row.body === null ? null : parsed(row.body),
    operation_id: orderId === null ? null : operationIdOf(orderId),
    order_id: orderId,
    deposit_id: isId(row.subject ?? '', 'dep') ? row.subject : null,
    request_id: row.request_id,
    created_at: isoSeconds(row.created_at),
    done_at: row.done_at === null ? null : isoSeconds(row.done_at),
  };
}

interface FateRow {
  readonly state: string;
  readonly status: number | null;
  readonly body: Uint8Array | null;
  readonly subject: string | null;
  readonly request_id: string;
  readonly created_at: Date;
  readonly done_at: Date | null;
}

function parsed(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString('utf8')); // written by the money endpoints, which answer JSON only
}
