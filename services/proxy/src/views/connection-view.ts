// How a connection through a node ended, for callers.
import { z } from 'zod';
import type { ConnectionModel } from '../generated/db/models';

export const connectionSchema = z
  .object({
    id: z.string().meta({ example: 'cnx_01k000000000000000000000' }),
    at: z.string().describe('When it began.'),
    proxy_id: z.string().nullable().describe('The proxy; null: it was a plan’s.'),
    traffic_plan_id: z.string().nullable().describe('The plan, also of a sub-user; null: it was a proxy’s.'),
    subuser_id: z.string().nullable().describe('The sub-user; null: it was not one’s.'),
    client_ip: z.string().describe('The address it came from.'),
    protocol: z.enum(['http', 'socks5']).describe('`http`: also CONNECT.'),
    target: z
      .string()
      .nullable()
      .describe('As much of the target as the operator keeps; null: it did not come to that.'),
    exit_ip: z.string().nullable().describe('The address that the target saw; null: none was chosen.'),
    bytes_up: z.int(),
    bytes_down: z.int(),
    duration_ms: z.int().describe('From the request to the end.'),
    error: z.string().nullable().describe('The word with which it was refused or ended; null: it ended by itself.'),
  })
  .meta({ id: 'ProxyConnection' });

export function viewConnection(row: ConnectionModel): z.output<typeof connectionSchema> {
  const { subject } = row;
  return {
    id: row.id,
    at: row.at.toISOString(),
    proxy_id: row.plan_id === null ? subject : null,
    traffic_plan_id: row.plan_id,
    subuser_id: row.plan_id === null || row.plan_id === subject ? null : subject,
    client_ip: row.client,
    protocol: row.protocol === 'socks5' ? 'socks5' : 'http',
    target: row.target,
    exit_ip: row.exit,
    bytes_up: Number(row.bytes_up),
    bytes_down: Number(row.bytes_down),
    duration_ms: row.ms,
    error: row.refusal,
  };
}
