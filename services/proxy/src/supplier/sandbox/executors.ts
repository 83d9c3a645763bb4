// The effect of each command on the sandbox's books, inside its transaction.
// Raw SQL: inside the transaction of the command, on rows that it has locked.
import { sql, type Tx } from '@lumi/shared/db';
import type { Clock } from '@lumi/shared/runtime';
import { DAY_MS } from '@lumi/shared/times';
import type {
  AllocateRequest,
  Exit,
  ExtendRequest,
  ReplaceRequest,
  RotateRequest,
  Rotated,
  TrafficRequest,
} from '../proxy-network';
import { OUT_OF_STOCK, type Executed, type Executor, type Refused } from '../commands';
import { SUPPLIER_REFUSED, type SandboxCommand } from './commands';
import type { Ending } from './endings';
import { placeOf } from './places';
import { holdEntries, lockStock, takeExits, nextAddresses, exitAddress } from './exits';

const DRIFT_DAYS = 10;
/** Moves to the other half of the block from which the sandbox assigns. */
const DRIFT_ADDRESSES = 2 ** 20;

/** A request read from the books, as it was sent. */
export function executorsOf(clock: Clock, entryHost: string): Readonly<Record<string, Executor<SandboxCommand>>> {
  const at = { clock, entryHost };
  return {
    allocate: (tx, command) =>
      allocate(tx, at, command.reference, command.request as unknown as AllocateRequest, command.ending),
    extend: (tx, command) => extend(tx, command.request as unknown as ExtendRequest),
    replace: (tx, command) => replace(tx, at, command.reference, command.request as unknown as ReplaceRequest),
    rotate: (tx, command) => rotate(tx, command),
    'add-traffic': (tx, command) => addTraffic(tx, at, command),
  };
}

interface At {
  readonly clock: Clock;
  readonly entryHost: string;
}

async function allocate(
  tx: Tx,
  { clock, entryHost }: At,
  reference: string,
  request: AllocateRequest,
  ending: Ending,
): Promise<Executed | Refused> {
  const left = await lockStock(
    tx,
    request.productId,
    request.items.map((item) => item.country),
  );
  const startsAt = clock.now();
  const stocked = request.items.map((item) => ({ ...item, deliver: share(item, ending, left) }));
  const wanted = await withEntries(tx, stocked, startsAt);
  const total = sumOf(wanted);
  const asked = request.items.reduce((sum, item) => sum + item.quantity, 0);
  if (total === 0 && request.items.some((item) => placeOf(item.country)?.ending === 'refuse')) return SUPPLIER_REFUSED;
  if (total === 0 || (total < asked && !request.allowPartial)) return OUT_OF_STOCK;
  const exits: Exit[] = [];
  const until = new Date(startsAt.getTime() + request.periodDays * DAY_MS);
  for (const item of wanted)
    exits.push(
      ...(await takeExits(tx, {
        reference,
        productId: request.productId,
        country: item.country,
        place: item.place,
        quantity: item.deliver,
        until,
        entryHost,
        now: startsAt,
      })),
    );
  await drift(tx, reference, ending);
  return { kind: 'executed', result: { exits, startsAt: startsAt.toISOString() } };
}

/** Only as many as have an entry: a proxy without a port at a node would lead nowhere. */
async function withEntries<T extends { readonly deliver: number }>(
  tx: Tx,
  items: readonly T[],
  now: Date,
): Promise<T[]> {
  let left = await holdEntries(tx, sumOf(items), now);
  return items.map((item) => {
    const deliver = Math.min(item.deliver, left);
    left -= deliver;
    return { ...item, deliver };
  });
}

function sumOf(items: readonly { readonly deliver: number }[]): number {
  return items.reduce((sum, { deliver }) => sum + deliver, 0);
}

/** How many of an item there will be. They are taken off `left`, so that a country named twice is not counted twice. */
function share(item: AllocateRequest['items'][number], ending: Ending, left: Map<string, number>): number {
  const placeEnding = placeOf(item.country)?.ending;
  const isHalf = ending === 'half' || placeEnding === 'half';
  const willing =
    placeEnding === 'refuse' || placeEnding === 'out-of-stock'
      ? 0
      : isHalf
        ? Math.floor(item.quantity / 2)
        : item.quantity;
  const available = left.get(item.country) ?? 0;
  const delivered = Math.min(willing, available);
  left.set(item.country, available - delivered);
  return delivered;
}

async function extend(tx: Tx, request: ExtendRequest): Promise<Executed | Refused> {
  const extended = await tx.$executeRaw(sql`
    UPDATE proxy.sandbox_exit e SET until = u.until FROM unnest(${[...request.networkIds]}::text[],
      ${[...request.until]}::timestamptz[]) AS u(id, until)
    WHERE e.network_id = u.id AND e.is_in_use`);
  if (extended !== request.networkIds.length)
    return { kind: 'refused', code: 'state_conflict', text: 'A proxy is no longer in use; nothing was charged.' };
  return { kind: 'executed', result: { until: [...request.until] } };
}

async function replace(
  tx: Tx,
  { clock, entryHost }: At,
  reference: string,
  request: ReplaceRequest,
): Promise<Executed | Refused> {
  const removed = await tx.$queryRaw<{ network_id: string; country: string; until: Date | null }[]>(sql`
    SELECT network_id, country, until FROM proxy.sandbox_exit WHERE network_id = ANY (${[...request.remove]}::text[])
      ORDER BY network_id`);
  const countryOf = new Map(removed.map((row) => [row.network_id, row.country]));
  const targets = request.remove.map((networkId) => request.country ?? countryOf.get(networkId) ?? '');
  const left = await lockStock(tx, request.productId, [...targets, ...removed.map((row) => row.country)]);
  for (const country of targets) left.set(country, (left.get(country) ?? 0) - 1);
  if ([...left.values()].some((count) => count < 0)) return OUT_OF_STOCK;
  if ((await holdEntries(tx, targets.length, clock.now())) < targets.length) return OUT_OF_STOCK;
  const exits: Exit[] = [];
  const untilOf = new Map(removed.map((row) => [row.network_id, row.until]));
  for (const [i, country] of targets.entries())
    exits.push(
      ...(await takeExits(tx, {
        reference,
        productId: request.productId,
        country,
        place: null,
        quantity: 1,
        until: untilOf.get(request.remove[i] ?? '') ?? null,
        entryHost,
        now: clock.now(),
      })),
    );
  return { kind: 'executed', result: { exits, startsAt: clock.now().toISOString() } };
}

async function rotate(tx: Tx, command: SandboxCommand): Promise<Executed | Refused> {
  const { networkId } = command.request as unknown as RotateRequest;
  const rows = await tx.$queryRaw<{ country: string; city: string; exit_ip: string }[]>(sql`
    UPDATE proxy.sandbox_exit SET rotations = rotations + 1 WHERE network_id = ${networkId} AND is_in_use
      RETURNING country, city, exit_ip`);
  const exit = rows[0];
  if (exit === undefined) return { kind: 'refused', code: 'state_conflict', text: 'The proxy is no longer in use.' };
  const [next = exit.exit_ip] = command.ending === 'same-ip' ? [] : await nextAddresses(tx, 1);
  await tx.$executeRaw(sql`UPDATE proxy.sandbox_exit SET exit_ip = ${next} WHERE network_id = ${networkId}`);
  return {
    kind: 'executed',
    result: { oldIp: exit.exit_ip, exit: exitAddress({ ...exit, exit_ip: next }) } satisfies Rotated,
  };
}

async function addTraffic(
  tx: Tx,
  { clock, entryHost }: At,
  { reference, request: raw, ending }: SandboxCommand,
): Promise<Executed | Refused> {
  const request = raw as unknown as TrafficRequest; // as it was sent
  const networkId = request.networkId ?? `sbt-${reference}`;
  const [node] = await tx.$queryRaw<{ port: number; port_socks: number }[]>(sql`
    SELECT port_http AS port, port_socks FROM proxy.entry_node(${clock.now()}::timestamptz)`);
  const at =
    node === undefined
      ? { host: `${request.pool.replaceAll('_', '-')}.sandbox.invalid`, port: 8_080, portSocks: 1_080 }
      : { host: entryHost, port: node.port, portSocks: node.port_socks };
  if (request.networkId === null) {
    const host = ending === 'drift-host' ? `moved-${at.host}` : at.host;
    if (ending !== 'drift-gone')
      await tx.$executeRaw(
        sql`INSERT INTO proxy.sandbox_traffic (network_id, host, port, port_socks)
          VALUES (${networkId}, ${host}, ${at.port}::int, ${at.portSocks}::int)`,
      );
  } else {
    const rows = await tx.$queryRaw<unknown[]>(
      sql`SELECT 1 FROM proxy.sandbox_traffic WHERE network_id = ${networkId}`,
    );
    if (rows.length === 0)
      return {
        kind: 'refused',
        code: 'state_conflict',
        text: 'The network does not know this plan any more; nothing was charged.',
      };
  }
  return { kind: 'executed', result: { networkId, ...at, startsAt: clock.now().toISOString() } };
}

/** Changes what was just assigned, without a notice to us. */
async function drift(tx: Tx, reference: string, ending: Ending): Promise<void> {
  if (ending === 'drift-expiry')
    await tx.$executeRaw(
      sql`UPDATE proxy.sandbox_exit SET until = until + make_interval(days => ${DRIFT_DAYS}::int)
        WHERE reference = ${reference}`,
    );
  if (ending === 'drift-ip')
    await tx.$executeRaw(
      sql`UPDATE proxy.sandbox_exit SET exit_ip = host(exit_ip::inet + ${DRIFT_ADDRESSES}::bigint)
        WHERE reference = ${reference}`,
    );
  if (ending !== 'drift-gone') return;
  await tx.$executeRaw(sql`
    WITH gone AS (UPDATE proxy.sandbox_exit SET is_in_use = false WHERE reference = ${reference}
      RETURNING product_id, country)
    UPDATE proxy.sandbox_stock s SET taken = s.taken - g.count FROM (SELECT product_id, country, count(*)::int AS count
      FROM gone GROUP BY 1, 2) g WHERE s.product_id = g.product_id AND s.country = g.country`);
}
