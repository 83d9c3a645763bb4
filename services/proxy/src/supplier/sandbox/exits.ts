// The exits that the sandbox assigns: the stock per country, and the next address.
// Raw SQL: inside the transaction of the command, on rows that it has locked.
import { sql, type Tx } from '@lumi/shared/db';
import { placeCode } from '../../catalogue/place-code';
import { PRODUCTS } from '../../catalogue/products';
import type { Exit, ExitAddress } from '../proxy-network';
import { withSubnet } from '../subnet';
import { ipv6Address } from './addresses';
import { PLACES, placeOf, type Place } from './places';

const PORT_FIRST = 10_000;
const PORT_SOCKS_FIRST = 35_000;
const PORTS = 25_000;

export function seedStatement() {
  const rows = PLACES.flatMap((place) =>
    Object.entries(place.capacity).map(([productId, capacity]) => ({ productId, country: place.country, capacity })),
  );
  return sql`
    INSERT INTO proxy.sandbox_stock (product_id, country, capacity)
    SELECT * FROM unnest(${rows.map((row) => row.productId)}::text[], ${rows.map((row) => row.country)}::text[],
      ${rows.map((row) => row.capacity)}::int[])
    ON CONFLICT DO NOTHING`;
}

export async function lockStock(tx: Tx, productId: string, countries: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.$queryRaw<{ country: string; left: number }[]>(sql`
    SELECT country, capacity - taken AS left FROM proxy.sandbox_stock WHERE product_id = ${productId}
      AND country = ANY (${[...countries]}::text[]) ORDER BY country FOR UPDATE`);
  return new Map(rows.map((row) => [row.country, row.left]));
}

/** How many exits can have an entry now, of so many; held until the end of the transaction. */
export async function holdEntries(tx: Tx, count: number, now: Date): Promise<number> {
  const rows = await tx.$queryRaw<{ held: number | null }[]>(
    sql`SELECT proxy.hold_ports(${count}::int, ${now}::timestamptz) AS held`,
  );
  return rows[0]?.held ?? count;
}

export async function takeExits(
  tx: Tx,
  wanted: {
    reference: string;
    productId: string;
    country: string;
    place: string | null;
    quantity: number;
    until: Date | null;
    entryHost: string;
    now: Date;
  },
): Promise<Exit[]> {
  if (wanted.quantity === 0) return [];
  const rows = await tx.$queryRaw<{ issued: number }[]>(sql`
    UPDATE proxy.sandbox_stock SET taken = taken + ${wanted.quantity}::int, issued = issued + ${wanted.quantity}::int
    WHERE product_id = ${wanted.productId} AND country = ${wanted.country} RETURNING issued`);
  const issued = rows[0]?.issued;
  const place = placeOf(wanted.country);
  if (issued === undefined || place === null) throw new Error('stock was locked but is not there');
  const first = issued - wanted.quantity;
  const planned = Array.from({ length: wanted.quantity }, (_, index) => exitOf(wanted, place, first + index));
  const exits = await atNode(tx, wanted, planned);
  await tx.$executeRaw(sql`
    INSERT INTO proxy.sandbox_exit (network_id, product_id, country, city, exit_ip, reference, until)
    SELECT e.id, ${wanted.productId}, ${wanted.country}, e.city, e.ip, ${wanted.reference}, ${wanted.until}::timestamptz
    FROM unnest(${exits.map((exit) => exit.networkId)}::text[], ${exits.map((exit) => exit.exitIp)}::text[],
      ${exits.map((exit) => exit.city)}::text[]) AS e(id, ip, city)`);
  return exits;
}

/** At a port of the node, where there is one; without a node an entry that leads nowhere. */
async function atNode(
  tx: Tx,
  { productId, entryHost, now }: { productId: string; entryHost: string; now: Date },
  planned: readonly PlannedExit[],
): Promise<Exit[]> {
  const ports = await tx.$queryRaw<{ network_id: string; port: number }[]>(
    sql`SELECT * FROM proxy.take_ports(${planned.map((exit) => exit.networkId)}::text[], ${now}::timestamptz)`,
  );
  const portOf = new Map(ports.map((row) => [row.network_id, row.port]));
  const addresses = productId === 'ipv6' ? [] : await nextAddresses(tx, planned.length);
  return planned.map(({ number, ...exit }, i) => {
    const port = portOf.get(exit.networkId);
    return {
      ...exit,
      ...(port === undefined ? {} : { host: entryHost, port, portSocks: port }),
      ...(addresses[i] === undefined
        ? ipv6Address(indexesOf(productId, exit.country), number)
        : withSubnet(addresses[i])),
    };
  });
}

export async function nextAddresses(tx: Tx, count: number): Promise<string[]> {
  const rows = await tx.$queryRaw<{ address: string }[]>(sql`
    SELECT host(proxy.sandbox_address_of(nextval('proxy.sandbox_address'))) AS address
    FROM generate_series(1, ${count}::int)`);
  return rows.map(({ address }) => address);
}

type PlannedExit = Omit<Exit, 'exitIp' | 'subnet'> & { readonly number: number };

function exitOf(
  wanted: { productId: string; country: string; place: string | null },
  place: Place,
  number: number,
): PlannedExit {
  const port = number % PORTS;
  return {
    number,
    networkId: `sbx-${wanted.productId}-${wanted.country.toLowerCase()}-${String(number)}`,
    country: wanted.country,
    city:
      place.cities.find((city) => placeCode(city) === wanted.place) ??
      place.cities[number % place.cities.length] ??
      place.name,
    asn: place.asn,
    host: `${wanted.country.toLowerCase()}.sandbox.invalid`,
    port: PORT_FIRST + port,
    portSocks: PORT_SOCKS_FIRST + port,
  };
}

export function exitAddress(row: { exit_ip: string; country: string; city: string }): ExitAddress {
  const { exitIp, subnet } = withSubnet(row.exit_ip);
  return { exitIp, subnet, country: row.country, city: row.city, asn: placeOf(row.country)?.asn ?? 0 };
}

function indexesOf(productId: string, country: string): { productIndex: number; placeIndex: number } {
  return {
    productIndex: PRODUCTS.findIndex((product) => product.id === productId),
    placeIndex: PLACES.findIndex((place) => place.country === country),
  };
}
