// The nodes that carry traffic, and what they say of themselves.
import { inTransaction, sql, type Database, type SqlRunner } from '@lumi/shared/db';
import { placeCode } from '../catalogue/place-code';
import { PRODUCTS } from '../catalogue/products';
import type { PrismaClient } from '../generated/db/client';
import type { NodeModel } from '../generated/db/models';
import type { Registration } from '../nodes/protocol';
import { closeEpochs, openEpoch } from './batches';

export type NodeRow = Readonly<NodeModel>;

/** Silent for longer, a node does not hold up what waits for its confirmation. */
export const REACHABLE_MS = 15_000;
/** Silent for longer, a node spends nothing more, and what it held is given to others. */
export const SILENT_MS = 15 * 60_000;

type NodeTable = Pick<PrismaClient, 'node'>;

export async function findNodeByToken(db: NodeTable, hash: Uint8Array): Promise<NodeRow | null> {
  return db.node.findUnique({ where: { token_hash: new Uint8Array(hash) } });
}

/** The node of `npm start`, whose token both processes are given. */
export async function enrolLocalNode(db: SqlRunner, id: string, hash: Uint8Array, now: Date): Promise<void> {
  // Raw SQL: two servers may do it at once.
  await db.$executeRaw(sql`
    INSERT INTO proxy.node (id, name, token_hash, created_at)
    VALUES (${id}, 'local', ${new Uint8Array(hash)}::bytea, ${now})
    ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash`);
}

export interface Registering extends Registration {
  readonly address: string;
  readonly keyVersion: number;
}

export interface Registered {
  readonly epoch: number;
  /** Of its addresses, those that are another node's. */
  readonly elsewhere: number;
  /** Addresses that were sold and that it no longer brings. */
  readonly gone: number;
}

const STATIC_PRODUCTS = PRODUCTS.filter(({ shape }) => shape === 'static').map(({ id }) => id);

/**
 * A process of the node begins. All earlier epochs are closed. A drain is over when the node has left: one that was
 * killed before goes on with it.
 */
export function registerNode(
  db: Pick<Database, 'platform'>,
  id: string,
  { version, address, entry_host: entryHost, ports, exits, allowed, keyVersion }: Registering,
  now: Date,
): Promise<Registered> {
  return inTransaction(db, async (tx) => {
    const epoch = await openEpoch(tx, id, now);
    const brought = exits.map((one) => ({ ...one, places: placesOf(one) }));
    // Raw SQL: a function. Before the feed's row is locked, as everywhere.
    const [counts] = await tx.$queryRaw<Omit<Registered, 'epoch'>[]>(sql`
      SELECT * FROM proxy.register_exits(${id}, ${JSON.stringify(brought)}::jsonb, ${STATIC_PRODUCTS}::text[],
        ${now}::timestamptz)`);
    // Raw SQL: in the transaction. With another key all digests that it has are of no use: it gets access as a whole.
    await tx.$executeRaw(sql`
      WITH anew AS (UPDATE proxy.access_feed SET number = number + 1
        WHERE EXISTS (SELECT 1 FROM proxy.node WHERE id = ${id} AND key_version <> ${keyVersion}::int)
        RETURNING number)
      UPDATE proxy.node SET version = ${version}, address = ${address}, port_first = ${ports.first}::int,
        port_last = ${ports.last}::int, port_http = ${ports.http}::int, port_socks = ${ports.socks}::int,
        entry_host = ${entryHost}::text,
        allowed = ${[...allowed]}::text[], registered_at = ${now}, heard_at = ${now}, left_at = NULL,
        access_number = 0, access_from = coalesce((SELECT number FROM anew), access_from),
        key_version = ${keyVersion}::int,
        state = CASE WHEN left_at IS NULL THEN state ELSE 'active' END,
        drain_s = CASE WHEN left_at IS NULL THEN drain_s END, drain_at = CASE WHEN left_at IS NULL THEN drain_at END
      WHERE id = ${id}`);
    return { epoch, elsewhere: counts?.elsewhere ?? 0, gone: counts?.gone ?? 0 };
  });
}

function placesOf({ region, city }: Registration['exits'][number]): string[] {
  return [region, city].flatMap((name) => (name === null ? [] : [placeCode(name)]));
}

export async function noteHeard(
  db: NodeTable,
  id: string,
  state: { readonly connections: number; readonly bytesPerS: number } | null,
  now: Date,
): Promise<void> {
  await db.node.updateMany({
    where: { id },
    data: {
      heard_at: now,
      ...(state === null
        ? {}
        : { connections: state.connections, bytes_per_s: Math.round(state.bytesPerS), used_at: now }),
    },
  });
}

/** Everything up to `number` is in force at this node. */
export async function noteConfirmed(db: NodeTable, id: string, number: number, now: Date): Promise<void> {
  await db.node.updateMany({ where: { id }, data: { heard_at: now, access_number: number } });
}

export async function leaveNode(
  db: Pick<Database, 'platform'>,
  id: string,
  epoch: number,
  now: Date,
): Promise<{ readonly hasLeft: boolean }> {
  return inTransaction(db, async (tx) => {
    // Raw SQL: in the transaction.
    const rows = await tx.$queryRaw<unknown[]>(sql`
      UPDATE proxy.node SET left_at = ${now}, connections = 0, bytes_per_s = 0
      WHERE id = ${id} AND epoch = ${epoch}::int RETURNING id`);
    if (rows.length === 0) return { hasLeft: false };
    await closeEpochs(tx, id, epoch + 1, now);
    return { hasLeft: true };
  });
}

/** How many carry traffic now, as far as they were heard of. */
export async function reachableNodes(db: NodeTable, now: Date): Promise<number> {
  return db.node.count({
    where: { state: 'active', left_at: null, heard_at: { gt: new Date(now.getTime() - REACHABLE_MS) } },
  });
}

/** Addresses that are nodes themselves: no target for any customer. */
export async function nodeAddresses(db: NodeTable): Promise<string[]> {
  const rows = await db.node.findMany({
    where: { state: { not: 'retired' }, address: { not: null } },
    select: { address: true },
    distinct: ['address'],
  });
  return rows.flatMap(({ address }) => (address === null ? [] : [address]));
}

type ExitTable = Pick<PrismaClient, 'nodeExit'>;

/** All addresses and blocks by which customers leave nodes: no target for any customer either. */
export async function exitsOfNodes(db: ExitTable): Promise<string[]> {
  const rows = await db.nodeExit.findMany({
    where: { node: { state: { not: 'retired' } } },
    select: { address: true },
    distinct: ['address'],
    orderBy: { address: 'asc' },
  });
  return rows.map(({ address }) => address);
}

export interface ExitOfNode {
  readonly address: string;
  readonly country: string;
  readonly region: string | null;
  readonly city: string | null;
  readonly asn: number | null;
}

/** Those of one node, by the pool that they are of. */
export async function poolsOfNode(db: ExitTable, id: string): Promise<Readonly<Record<string, readonly ExitOfNode[]>>> {
  const rows = await db.nodeExit.findMany({
    where: { node_id: id, product: { notIn: STATIC_PRODUCTS } },
    orderBy: { address: 'asc' },
  });
  const pools: Record<string, ExitOfNode[]> = {};
  for (const { product, address, country, region, city, asn } of rows)
    (pools[ownPool(product)] ??= []).push({ address, country, region, city, asn });
  return pools;
}

/** What a pool of the nodes' own exits is called at nodes, beside that of the sandbox. */
export function ownPool(pool: string): string {
  return `own/${pool}`;
}
