// The effect of each command on the stock of nodes' addresses, inside its transaction.
// Raw SQL: inside the transaction of the command, on rows that it has locked.
import { sql, type Tx } from '@lumi/shared/db';
import type { Clock } from '@lumi/shared/runtime';
import { OUT_OF_STOCK, type Command, type Executed, type Executor, type Refused } from '../commands';
import type {
  AllocateRequest,
  Exit,
  ExtendRequest,
  ReplaceRequest,
  RotateRequest,
  Rotated,
  TrafficRequest,
} from '../proxy-network';
import { withSubnet } from '../subnet';

export interface OwnSettings {
  /** Of nodes that have no host of their own. */
  readonly entryHost: string;
  /** How long an address that was given up is not sold again. */
  readonly restS: number;
}

const GONE: Refused = {
  kind: 'refused',
  code: 'state_conflict',
  text: 'The address is not at our nodes any more; nothing was charged.',
};
const NO_OTHER: Refused = { kind: 'refused', code: 'out_of_stock', text: 'There is no other address for it now.' };

interface At extends OwnSettings {
  readonly clock: Clock;
}

/** A request read from the books, as it was sent. */
export function executorsOf(clock: Clock, settings: OwnSettings): Readonly<Record<string, Executor>> {
  const at = { ...settings, clock };
  return {
    allocate: (tx, { reference, request }) => allocate(tx, at, reference, request as unknown as AllocateRequest),
    extend: (tx, { request }) => extend(tx, request as unknown as ExtendRequest),
    replace: (tx, { reference, request }) => replace(tx, at, reference, request as unknown as ReplaceRequest),
    rotate: (tx, { request }) => rotate(tx, at, request as unknown as RotateRequest),
    'add-traffic': (tx, command) => addTraffic(tx, at, command),
  };
}

interface Wanted {
  readonly productId: string;
  readonly items: readonly { readonly country: string; readonly place: string | null; readonly quantity: number }[];
  /** Blocks of which no address may be. */
  readonly avoid: readonly string[];
  readonly isPartial: boolean;
  readonly isDiverse: boolean;
}

async function take(tx: Tx, { clock, entryHost, restS }: At, reference: string, wanted: Wanted): Promise<Exit[]> {
  const { productId, items, avoid, isPartial, isDiverse } = wanted;
  const rows = await tx.$queryRaw<
    { network_id: string; exit_ip: string; country: string; city: string; asn: number; host: string; port: number }[]
  >(sql`
    SELECT t.network_id, host(t.exit_ip) AS exit_ip, t.country, t.city, t.asn, t.host, t.port
    FROM proxy.own_take(${reference}, ${productId}, ${JSON.stringify(items)}::jsonb, ${[...avoid]}::cidr[],
      ${isPartial}, ${isDiverse}, ${entryHost}, ${restS}::int, ${clock.now()}::timestamptz) t`);
  return rows.map(({ network_id: networkId, exit_ip: ip, country, city, asn, host, port }) => ({
    networkId,
    ...withSubnet(ip),
    country,
    city,
    asn,
    host,
    port,
    portSocks: port,
  }));
}

async function allocate(tx: Tx, at: At, reference: string, request: AllocateRequest): Promise<Executed | Refused> {
  const exits = await take(tx, at, reference, {
    productId: request.productId,
    items: request.items,
    avoid: [],
    isPartial: request.allowPartial,
    isDiverse: request.subnetDiversity,
  });
  if (exits.length === 0) return OUT_OF_STOCK;
  return { kind: 'executed', result: { exits, startsAt: at.clock.now().toISOString() } };
}

/** Of what our nodes bring and these proxies have: in the order of the ids. */
async function held(tx: Tx, networkIds: readonly string[]): Promise<Map<string, { country: string; subnet: string }>> {
  const rows = await tx.$queryRaw<{ network_id: string; country: string; exit_ip: string }[]>(sql`
    SELECT network_id, country, host(exit_ip) AS exit_ip FROM proxy.own_stock
    WHERE network_id = ANY (${[...networkIds]}::text[]) ORDER BY address FOR SHARE`);
  return new Map(rows.map((row) => [row.network_id, { country: row.country, subnet: withSubnet(row.exit_ip).subnet }]));
}

async function extend(tx: Tx, request: ExtendRequest): Promise<Executed | Refused> {
  const rows = await tx.$queryRaw<unknown[]>(sql`
    SELECT 1 FROM proxy.own_stock s JOIN proxy.node n ON n.id = s.node_id
    WHERE s.network_id = ANY (${[...request.networkIds]}::text[]) AND s.is_listed AND n.state <> 'retired'
    ORDER BY s.address FOR SHARE OF s`);
  if (rows.length !== request.networkIds.length) return GONE;
  return { kind: 'executed', result: { until: [...request.until] } };
}

/** The addresses that are left are held until they are withdrawn, so none of them comes back. */
async function replace(tx: Tx, at: At, reference: string, request: ReplaceRequest): Promise<Executed | Refused> {
  const before = await held(tx, request.remove);
  if (before.size !== request.remove.length) return GONE;
  const exits = await take(tx, at, reference, {
    productId: request.productId,
    items: request.remove.map((id) => ({
      country: request.country ?? before.get(id)?.country ?? '',
      place: null,
      quantity: 1,
    })),
    avoid: request.differentSubnet ? [...before.values()].map(({ subnet }) => subnet) : [],
    isPartial: false,
    isDiverse: false,
  });
  if (exits.length === 0) return OUT_OF_STOCK;
  return { kind: 'executed', result: { exits, startsAt: at.clock.now().toISOString() } };
}

async function rotate(tx: Tx, { clock, restS }: At, { networkId }: RotateRequest): Promise<Executed | Refused> {
  const [row] = await tx.$queryRaw<
    { is_there: boolean; old_ip: string; exit_ip: string; country: string; city: string; asn: number }[]
  >(sql`
    SELECT r.is_there, host(r.old_ip) AS old_ip, host(r.exit_ip) AS exit_ip, r.country, r.city, r.asn
    FROM proxy.own_rotate(${networkId}, ${restS}::int, ${clock.now()}::timestamptz) r`);
  if (row === undefined) return GONE;
  if (!row.is_there) return NO_OTHER;
  const { old_ip: oldIp, exit_ip: ip, country, city, asn } = row;
  const result: Rotated = { oldIp, exit: { ...withSubnet(ip), country, city, asn } };
  return { kind: 'executed', result };
}

async function addTraffic(tx: Tx, { clock, entryHost }: At, command: Command): Promise<Executed | Refused> {
  const request = command.request as unknown as TrafficRequest; // as it was sent
  const [entry] = await tx.$queryRaw<{ host: string; port: number; port_socks: number }[]>(sql`
    SELECT host, port_http AS port, port_socks
    FROM proxy.own_pool_entry(${request.pool}, ${entryHost}, ${clock.now()}::timestamptz)`);
  if (entry === undefined) return OUT_OF_STOCK;
  const networkId = request.networkId ?? `ownt-${command.reference}`;
  const { host, port, port_socks: portSocks } = entry;
  return { kind: 'executed', result: { networkId, host, port, portSocks, startsAt: clock.now().toISOString() } };
}
