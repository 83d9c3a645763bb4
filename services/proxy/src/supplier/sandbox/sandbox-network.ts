// The sandbox proxy network: believable stock, timing and endings, and a log of what it executed. It opens no sockets and routes nothing.
// Its books are tables of their own (sandbox_*); a command and its log line commit together.
import { setTimeout } from 'node:timers/promises';
import { sql, type Database, type Tx } from '@lumi/shared/db';
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { Clock } from '@lumi/shared/runtime';
import { PRODUCTS, findProduct } from '../../catalogue/products';
import type {
  Access, AccessReading, AllocateRequest, Allocated, Exit, ExitAddress, ExitReading, ExtendRequest, Health, Location, ProxyNetwork, ReplaceRequest, RotateRequest, Rotated, TrafficAdded, TrafficReading, TrafficRequest, UsageDelta,
} from '../proxy-network';
import { addressOf, withSubnet } from './addresses';
import { SandboxCommands, type Command, type Executed, type Refused } from './commands';
import { endingOf, type Ending } from './endings';
import { PLACES, PRICE_DRIFTS_IN, UNHEALTHY_IN, placeCode, placeOf, type Place } from './places';
import { SandboxMeter } from './meter';

const OUT_OF_STOCK: Refused = { kind: 'refused', code: 'out_of_stock', text: 'This went out of stock; nothing was charged.' };
/** Endings that concern one country of an order; all others concern the order. */
const BY_ITEM: readonly Ending[] = ['refuse', 'out-of-stock', 'half'];
const PORT_FIRST = 10_000;
const PORT_SOCKS_FIRST = 35_000;
const PORTS = 25_000;
const DAY_MS = 86_400_000;
const DRIFT_DAYS = 10;
/** To the other half of the block that the sandbox hands out from. */
const DRIFT_ADDRESSES = 2 ** 26;

export class SandboxNetwork implements ProxyNetwork {
  private readonly commands: SandboxCommands;
  private readonly meter: SandboxMeter;
  private seeded: Promise<unknown> | null = null;

  constructor(private readonly db: Pick<Database, 'platform'>, private readonly clock: Clock, private readonly times: { readonly slowMs: number }) {
    this.commands = new SandboxCommands(db, clock, {
      allocate: (tx, command) => this.doAllocate(tx, command.reference, command.request as unknown as AllocateRequest, command.ending), // as it was sent
      extend: (tx, command) => doExtend(tx, command.request as unknown as ExtendRequest),
      replace: (tx, command) => this.doReplace(tx, command.reference, command.request as unknown as ReplaceRequest),
      rotate: (tx, command) => this.doRotate(tx, command),
      'add-traffic': (tx, command) => this.doAddTraffic(tx, command),
    });
    this.meter = new SandboxMeter(db, clock);
  }

  async locations(productId: string): Promise<readonly Location[]> {
    await this.seed();
    const product = findProduct(productId);
    if (product === null) return [];
    const rows = await this.db.platform.$queryRaw<{ country: string; left: number }[]>(sql`
      SELECT country, capacity - taken AS left FROM proxy.sandbox_stock WHERE product_id = ${productId}`);
    const left = new Map(rows.map((row) => [row.country, row.left]));
    return PLACES.flatMap((place) => {
      const stock = product.shape === 'traffic' ? null : (left.get(place.country) ?? 0);
      const surcharge = this.surchargeOf(place);
      const base = { country: place.country, stock, surcharge } as const;
      return [
        { ...base, level: 'country', code: place.country, name: place.name },
        { ...base, level: 'asn', code: `as${String(place.asn)}`, name: `${place.name} Network ${String(place.asn)}` },
        ...place.cities.flatMap((city) => [
          { ...base, level: 'region', code: placeCode(city), name: city } as const,
          { ...base, level: 'city', code: placeCode(city), name: city } as const,
        ]),
      ] satisfies Location[];
    });
  }

  async allocate(reference: string, request: AllocateRequest, signal: AbortSignal): Promise<Outcome<Allocated>> {
    await this.seed();
    const placeEnding = request.items.map((item) => placeOf(item.country)?.ending).find((ending) => ending !== undefined && !BY_ITEM.includes(ending));
    return this.send('allocate', reference, { ...request }, endingOf(request.note, placeEnding), signal);
  }

  async extend(reference: string, request: ExtendRequest, signal: AbortSignal): Promise<Outcome<Record<string, unknown>>> {
    return this.send('extend', reference, { ...request }, endingOf(request.note, undefined), signal);
  }

  async replace(reference: string, request: ReplaceRequest, signal: AbortSignal): Promise<Outcome<Allocated>> {
    await this.seed();
    return this.send('replace', reference, { ...request }, endingOf(request.note, request.country === null ? undefined : placeOf(request.country)?.ending), signal);
  }

  async rotate(reference: string, request: RotateRequest, signal: AbortSignal): Promise<Outcome<Rotated>> {
    return this.send('rotate', reference, { ...request }, endingOf(request.note, undefined), signal);
  }

  async addTraffic(reference: string, request: TrafficRequest, signal: AbortSignal): Promise<Outcome<TrafficAdded>> {
    return this.send('add-traffic', reference, { ...request }, endingOf(request.note, undefined), signal);
  }

  lookUp<R extends Record<string, unknown>>(reference: string): Promise<LookUp<R>> {
    return this.commands.lookUp<R>(reference);
  }

  async readAccess(subjects: readonly string[]): Promise<readonly AccessReading[]> {
    const rows = await this.db.platform.$queryRaw<{ subject: string; version: number; is_enabled: boolean; usernames: string[]; blocks: string[] }[]>(sql`
      SELECT subject, version, is_enabled, usernames, blocks FROM proxy.sandbox_access WHERE subject = ANY (${[...subjects]}::text[])`);
    return rows.map((row) => ({ subject: row.subject, version: row.version, isEnabled: row.is_enabled, usernames: row.usernames, allowedBlocks: row.blocks }));
  }

  async applyAccess(access: readonly Access[]): Promise<void> {
    for (const one of access) {
      await this.db.platform.$executeRaw(sql`
        INSERT INTO proxy.sandbox_access AS a (subject, network_id, version, is_enabled, usernames, blocks, note, metered_at)
        VALUES (${one.subject}, ${one.networkId}, ${one.version}::int, ${one.isEnabled}, ${one.credentials.map((pair) => pair.username)}::text[], ${[...one.allowedBlocks]}::text[], ${one.note}::text, ${this.clock.now()})
        ON CONFLICT (subject) DO UPDATE SET network_id = excluded.network_id, version = excluded.version, is_enabled = excluded.is_enabled, usernames = excluded.usernames,
          blocks = excluded.blocks, note = excluded.note WHERE a.version <= excluded.version`);
    }
  }

  async withdraw(networkIds: readonly string[]): Promise<void> {
    await this.db.platform.$executeRaw(sql`
      WITH gone AS (UPDATE proxy.sandbox_exit SET is_in_use = false WHERE network_id = ANY (${[...networkIds]}::text[]) AND is_in_use RETURNING product_id, country)
      UPDATE proxy.sandbox_stock s SET taken = s.taken - g.count FROM (SELECT product_id, country, count(*)::int AS count FROM gone GROUP BY 1, 2) g
      WHERE s.product_id = g.product_id AND s.country = g.country`);
  }

  usageAfter(position: string | null, limit: number): Promise<{ deltas: readonly UsageDelta[]; position: string | null }> {
    return this.meter.usageAfter(position, limit);
  }

  async health(networkIds: readonly string[]): Promise<readonly Health[]> {
    const rows = await this.db.platform.$queryRaw<{ network_id: string; country: string; is_in_use: boolean }[]>(sql`
      SELECT network_id, country, is_in_use FROM proxy.sandbox_exit WHERE network_id = ANY (${[...networkIds]}::text[])`);
    return rows.map((row) => {
      const isHealthy = row.is_in_use && row.country !== UNHEALTHY_IN;
      return { networkId: row.network_id, isHealthy, latencyMs: isHealthy ? 40 + (row.network_id.charCodeAt(row.network_id.length - 1) % 60) : null, exitCountry: isHealthy ? row.country : null };
    });
  }

  async readExits(networkIds: readonly string[]): Promise<readonly ExitReading[]> {
    const rows = await this.db.platform.$queryRaw<{ network_id: string; exit_ip: string; country: string; city: string; until: Date | null }[]>(sql`
      SELECT network_id, exit_ip, country, city, until FROM proxy.sandbox_exit WHERE network_id = ANY (${[...networkIds]}::text[]) AND is_in_use`);
    return rows.map((row) => ({ networkId: row.network_id, ...exitAddress(row), until: row.until?.toISOString() ?? null }));
  }

  async readTraffic(networkIds: readonly string[]): Promise<readonly TrafficReading[]> {
    const rows = await this.db.platform.$queryRaw<{ network_id: string; host: string; port: number; port_socks: number }[]>(sql`SELECT * FROM proxy.sandbox_traffic WHERE network_id = ANY (${[...networkIds]}::text[])`);
    return rows.map((row) => ({ networkId: row.network_id, host: row.host, port: row.port, portSocks: row.port_socks }));
  }

  private async send<R extends Record<string, unknown>>(name: string, reference: string, request: Record<string, unknown>, ending: Ending, signal: AbortSignal): Promise<Outcome<R>> {
    if (ending === 'slow') await setTimeout(this.times.slowMs, undefined, { signal });
    return this.commands.send<R>({ reference, name, request, ending });
  }

  private async doAllocate(tx: Tx, reference: string, request: AllocateRequest, ending: Ending): Promise<Executed | Refused> {
    const left = await lockStock(tx, request.productId, request.items.map((item) => item.country));
    const wanted = request.items.map((item) => ({ ...item, deliver: this.share(item, ending, left) }));
    const total = wanted.reduce((sum, item) => sum + item.deliver, 0);
    const asked = request.items.reduce((sum, item) => sum + item.quantity, 0);
    if (total === 0 && request.items.some((item) => placeOf(item.country)?.ending === 'refuse')) return { kind: 'refused', code: 'supplier_error', text: 'The proxy network refused this request; nothing was charged.' };
    if (total === 0 || (total < asked && !request.allowPartial)) return OUT_OF_STOCK;
    const exits: Exit[] = [];
    const startsAt = this.clock.now();
    const until = new Date(startsAt.getTime() + request.periodDays * DAY_MS);
    for (const item of wanted) exits.push(...(await this.takeExits(tx, { reference, productId: request.productId, country: item.country, place: item.place, quantity: item.deliver, until })));
    await this.drift(tx, reference, ending);
    return { kind: 'executed', result: { exits, startsAt: startsAt.toISOString() } };
  }

  /** How many of an item there will be; takes them off `left`, so that a country named twice is not counted twice. */
  private share(item: AllocateRequest['items'][number], ending: Ending, left: Map<string, number>): number {
    const placeEnding = placeOf(item.country)?.ending;
    const isHalf = ending === 'half' || placeEnding === 'half';
    const willing = placeEnding === 'refuse' || placeEnding === 'out-of-stock' ? 0 : isHalf ? Math.floor(item.quantity / 2) : item.quantity;
    const available = left.get(item.country) ?? 0;
    const delivered = Math.min(willing, available);
    left.set(item.country, available - delivered);
    return delivered;
  }

  private async doReplace(tx: Tx, reference: string, request: ReplaceRequest): Promise<Executed | Refused> {
    const removed = await tx.$queryRaw<{ network_id: string; country: string; until: Date | null }[]>(sql`
      SELECT network_id, country, until FROM proxy.sandbox_exit WHERE network_id = ANY (${[...request.remove]}::text[]) ORDER BY network_id`);
    const countryOf = new Map(removed.map((row) => [row.network_id, row.country]));
    const targets = request.remove.map((networkId) => request.country ?? countryOf.get(networkId) ?? '');
    const left = await lockStock(tx, request.productId, [...targets, ...removed.map((row) => row.country)]);
    for (const country of targets) left.set(country, (left.get(country) ?? 0) - 1);
    if ([...left.values()].some((count) => count < 0)) return OUT_OF_STOCK;
    const exits: Exit[] = [];
    const untilOf = new Map(removed.map((row) => [row.network_id, row.until]));
    for (const [i, country] of targets.entries()) exits.push(...(await this.takeExits(tx, { reference, productId: request.productId, country, place: null, quantity: 1, until: untilOf.get(request.remove[i] ?? '') ?? null })));
    return { kind: 'executed', result: { exits, startsAt: this.clock.now().toISOString() } };
  }

  private async doRotate(tx: Tx, command: Command): Promise<Executed | Refused> {
    const { networkId } = command.request as unknown as RotateRequest;
    const rows = await tx.$queryRaw<{ product_id: string; country: string; city: string; exit_ip: string; rotations: number }[]>(sql`
      UPDATE proxy.sandbox_exit SET rotations = rotations + 1 WHERE network_id = ${networkId} AND is_in_use RETURNING product_id, country, city, exit_ip, rotations`);
    const exit = rows[0];
    if (exit === undefined) return { kind: 'refused', code: 'state_conflict', text: 'The proxy is no longer in use.' };
    const place = indexesOf(exit.product_id, exit.country);
    // Modems draw from the far end of the block, where no proxy of its own is handed out.
    const next = command.ending === 'same-ip' ? exit.exit_ip : addressOf('ipv4', place, 700_000 + ((hashOf(networkId) + exit.rotations * 7) % 300_000)).exitIp;
    await tx.$executeRaw(sql`UPDATE proxy.sandbox_exit SET exit_ip = ${next} WHERE network_id = ${networkId}`);
    return { kind: 'executed', result: { oldIp: exit.exit_ip, exit: exitAddress({ ...exit, exit_ip: next }) } satisfies Rotated };
  }

  private async doAddTraffic(tx: Tx, { reference, request: raw, ending }: Command): Promise<Executed | Refused> {
    const request = raw as unknown as TrafficRequest; // as it was sent
    const networkId = request.networkId ?? `sbt-${reference}`;
    const at = { host: `${request.pool.replaceAll('_', '-')}.sandbox.invalid`, port: 8_080, portSocks: 1_080 };
    if (request.networkId === null) {
      const host = ending === 'drift-host' ? `moved-${at.host}` : at.host;
      if (ending !== 'drift-gone') await tx.$executeRaw(sql`INSERT INTO proxy.sandbox_traffic (network_id, host, port, port_socks) VALUES (${networkId}, ${host}, ${at.port}::int, ${at.portSocks}::int)`);
    } else {
      const rows = await tx.$queryRaw<unknown[]>(sql`SELECT 1 FROM proxy.sandbox_traffic WHERE network_id = ${networkId}`);
      if (rows.length === 0) return { kind: 'refused', code: 'state_conflict', text: 'The network does not know this plan any more; nothing was charged.' };
    }
    return { kind: 'executed', result: { networkId, ...at, startsAt: this.clock.now().toISOString() } };
  }

  /** Changes what was just handed out without a word to us. */
  private async drift(tx: Tx, reference: string, ending: Ending): Promise<void> {
    if (ending === 'drift-expiry') await tx.$executeRaw(sql`UPDATE proxy.sandbox_exit SET until = until + make_interval(days => ${DRIFT_DAYS}::int) WHERE reference = ${reference}`);
    if (ending === 'drift-ip') await tx.$executeRaw(sql`UPDATE proxy.sandbox_exit SET exit_ip = host(exit_ip::inet + ${DRIFT_ADDRESSES}::bigint) WHERE reference = ${reference}`);
    if (ending !== 'drift-gone') return;
    await tx.$executeRaw(sql`
      WITH gone AS (UPDATE proxy.sandbox_exit SET is_in_use = false WHERE reference = ${reference} RETURNING product_id, country)
      UPDATE proxy.sandbox_stock s SET taken = s.taken - g.count FROM (SELECT product_id, country, count(*)::int AS count FROM gone GROUP BY 1, 2) g WHERE s.product_id = g.product_id AND s.country = g.country`);
  }

  private async takeExits(tx: Tx, wanted: { reference: string; productId: string; country: string; place: string | null; quantity: number; until: Date | null }): Promise<Exit[]> {
    if (wanted.quantity === 0) return [];
    const rows = await tx.$queryRaw<{ issued: number }[]>(sql`
      UPDATE proxy.sandbox_stock SET taken = taken + ${wanted.quantity}::int, issued = issued + ${wanted.quantity}::int
      WHERE product_id = ${wanted.productId} AND country = ${wanted.country} RETURNING issued`);
    const issued = rows[0]?.issued;
    const place = placeOf(wanted.country);
    if (issued === undefined || place === null) throw new Error('stock was locked but is not there');
    const first = issued - wanted.quantity;
    const exits = Array.from({ length: wanted.quantity }, (_, index) => exitOf(wanted, place, first + index));
    await tx.$executeRaw(sql`
      INSERT INTO proxy.sandbox_exit (network_id, product_id, country, city, exit_ip, reference, until)
      SELECT e.id, ${wanted.productId}, ${wanted.country}, e.city, e.ip, ${wanted.reference}, ${wanted.until}::timestamptz
      FROM unnest(${exits.map((exit) => exit.networkId)}::text[], ${exits.map((exit) => exit.exitIp)}::text[], ${exits.map((exit) => exit.city)}::text[]) AS e(id, ip, city)`);
    return exits;
  }

  /** A minute-wise price is there to be missed: it lets users meet `price_changed`. */
  private surchargeOf(place: Place): bigint {
    return place.country === PRICE_DRIFTS_IN ? place.surcharge * BigInt(1 + (this.clock.now().getUTCMinutes() % 60)) : place.surcharge;
  }

  private async seed(): Promise<void> {
    this.seeded ??= this.db.platform.$executeRaw(seedStatement());
    try {
      await this.seeded;
    } catch (err) {
      this.seeded = null; // the next caller tries again
      throw err;
    }
  }
}

async function lockStock(tx: Tx, productId: string, countries: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.$queryRaw<{ country: string; left: number }[]>(sql`
    SELECT country, capacity - taken AS left FROM proxy.sandbox_stock WHERE product_id = ${productId} AND country = ANY (${[...countries]}::text[]) ORDER BY country FOR UPDATE`);
  return new Map(rows.map((row) => [row.country, row.left]));
}

async function doExtend(tx: Tx, request: ExtendRequest): Promise<Executed | Refused> {
  const extended = await tx.$executeRaw(sql`
    UPDATE proxy.sandbox_exit e SET until = u.until FROM unnest(${[...request.networkIds]}::text[], ${[...request.until]}::timestamptz[]) AS u(id, until)
    WHERE e.network_id = u.id AND e.is_in_use`);
  if (extended !== request.networkIds.length) return { kind: 'refused', code: 'state_conflict', text: 'A proxy is no longer in use; nothing was charged.' };
  return { kind: 'executed', result: { until: [...request.until] } };
}

function exitOf(wanted: { productId: string; country: string; place: string | null }, place: Place, number: number): Exit {
  const port = number % PORTS;
  return {
    networkId: `sbx-${wanted.productId}-${wanted.country.toLowerCase()}-${String(number)}`,
    country: wanted.country,
    city: place.cities.find((city) => placeCode(city) === wanted.place) ?? place.cities[number % place.cities.length] ?? place.name,
    asn: place.asn,
    host: `${wanted.country.toLowerCase()}.sandbox.invalid`, port: PORT_FIRST + port, portSocks: PORT_SOCKS_FIRST + port,
    ...addressOf(wanted.productId === 'ipv6' ? 'ipv6' : 'ipv4', indexesOf(wanted.productId, wanted.country), number),
  };
}

function exitAddress(row: { exit_ip: string; country: string; city: string }): ExitAddress {
  const { exitIp, subnet } = withSubnet(row.exit_ip);
  return { exitIp, subnet, country: row.country, city: row.city, asn: placeOf(row.country)?.asn ?? 0 };
}

function indexesOf(productId: string, country: string): { productIndex: number; placeIndex: number } {
  return { productIndex: PRODUCTS.findIndex((product) => product.id === productId), placeIndex: PLACES.findIndex((place) => place.country === country) };
}

function hashOf(text: string): number {
  let hash = 7;
  for (const char of text) hash = (hash * 31 + char.charCodeAt(0)) % 1_000_003;
  return hash;
}

function seedStatement() {
  const rows = PLACES.flatMap((place) => Object.entries(place.capacity).map(([productId, capacity]) => ({ productId, country: place.country, capacity })));
  return sql`
    INSERT INTO proxy.sandbox_stock (product_id, country, capacity)
    SELECT * FROM unnest(${rows.map((row) => row.productId)}::text[], ${rows.map((row) => row.country)}::text[], ${rows.map((row) => row.capacity)}::int[])
    ON CONFLICT DO NOTHING`;
}

