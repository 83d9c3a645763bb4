// The view of a node for operators. Its token is shown once, when it is enrolled.
import { z } from 'zod';
import { isoSeconds } from '@lumi/shared/runtime';
import type { ListedNode } from '../store/node-list';
import { REACHABLE_MS, type NodeRow } from '../store/nodes';

const BITS_PER_MBIT = 1_000_000;

export const nodeSchema = z
  .object({
    id: z.string().meta({ example: 'node_01k000000000000000000000' }),
    name: z.string(),
    state: z
      .enum(['enrolled', 'up', 'silent', 'draining', 'left', 'retired'])
      .describe(
        '`enrolled`: it has not come yet. `silent`: nothing was heard for 15 seconds; after 15 minutes what it held ' +
          'is given to others. `left`: it ended by itself and will be back.',
      ),
    version: z.string().nullable().describe('Of the program that it runs.'),
    ports: z
      .object({
        first: z.int().describe('The first port of static proxies.'),
        last: z.int().describe('The last of them.'),
        http: z.int().describe('For pools, over HTTP.'),
        socks: z.int().describe('For pools, over SOCKS5.'),
      })
      .nullable()
      .describe('Where it listens; null: it has not come yet.'),
    entry_host: z
      .string()
      .nullable()
      .describe('The host of proxies that leave by its own exits; null: `PROXY_ENTRY_HOST` of the service.'),
    exits: z.int().describe('Addresses of its own that it has registered.'),
    stock: z
      .object({
        free: z.int(),
        held: z.int().describe('Taken by orders that are not delivered yet.'),
        sold: z.int().describe('Addresses of proxies that are in use.'),
        resting: z.int().describe('Given up by their proxies; sold again `PROXY_EXIT_REST_S` after that.'),
        withdrawn: z.int().describe('Not in its file any more.'),
      })
      .describe('Those of its addresses that are sold one by one; a network of 64 bits is one.'),
    targets_allowed: z
      .array(z.string().meta({ example: '127.0.0.1/32:18111-18114' }))
      .describe('Private targets that its operator has allowed. Anything here is a risk outside a sandbox.'),
    connections: z.int().describe('Open connections of customers.'),
    mbit_per_s: z.number().describe('What passes now, both ways together.'),
    access_lag_s: z.int().nullable().describe('Age of the oldest change of access that it has not confirmed; 0: none.'),
    usage_lag_s: z.int().nullable().describe('Seconds since it last told what was used; null: never.'),
    drain_s: z.int().nullable().describe('While it drains: seconds in which its connections end.'),
    registered_at: z.string().nullable().describe('When its present process began; null: it has not come yet.'),
    heard_at: z.string().nullable().describe('When it last reported; null: never.'),
    created_at: z.string(),
    retired_at: z.string().nullable().describe('When it was ended for ever.'),
  })
  .meta({ id: 'ProxyNode' });

export type NodeView = z.output<typeof nodeSchema>;

/** A node, and what is counted beside its row. */
export interface NodeFacts {
  readonly row: Omit<NodeRow, 'token_hash'>;
  readonly exits: number;
  readonly stock: ListedNode['stock'];
  /** Since when the oldest change waits for its confirmation; null: it has confirmed all. */
  readonly unconfirmedSince: Date | null;
}

export function viewNode({ row, exits, stock, unconfirmedSince }: NodeFacts, now: Date): NodeView {
  const { port_first: first, port_last: last, port_http: http, port_socks: socks } = row;
  const since = (date: Date): number => Math.max(0, Math.round((now.getTime() - date.getTime()) / 1000));
  const iso = (date: Date | null): string | null => (date === null ? null : isoSeconds(date));
  return {
    id: row.id,
    name: row.name,
    state: stateOf(row, now),
    version: row.version,
    ports: first === null || last === null || http === null || socks === null ? null : { first, last, http, socks },
    entry_host: row.entry_host,
    exits,
    stock: { free: 0, held: 0, sold: 0, resting: 0, withdrawn: 0, ...stock },
    targets_allowed: row.allowed,
    connections: row.connections,
    mbit_per_s: Math.round((Number(row.bytes_per_s) * 80) / BITS_PER_MBIT) / 10,
    access_lag_s: row.registered_at === null ? null : unconfirmedSince === null ? 0 : since(unconfirmedSince),
    usage_lag_s: row.used_at === null ? null : since(row.used_at),
    drain_s: row.state === 'draining' ? row.drain_s : null,
    registered_at: iso(row.registered_at),
    heard_at: iso(row.heard_at),
    created_at: isoSeconds(row.created_at),
    retired_at: iso(row.retired_at),
  };
}

function stateOf(row: NodeFacts['row'], now: Date): NodeView['state'] {
  if (row.state === 'retired') return 'retired';
  if (row.registered_at === null || row.heard_at === null) return 'enrolled';
  if (row.left_at !== null) return 'left';
  if (row.heard_at.getTime() < now.getTime() - REACHABLE_MS) return 'silent';
  return row.state === 'draining' ? 'draining' : 'up';
}
