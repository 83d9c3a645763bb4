// The sandbox proxy network: realistic stock, timing and endings, and a log of what it executed. It opens no sockets:
// traffic is carried by nodes, where some are registered. Its books are separate tables (sandbox_*); a command and its
// log line commit together.
import { setTimeout } from 'node:timers/promises';
import { sql, type Database } from '@lumi/shared/db';
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { Clock } from '@lumi/shared/runtime';
import { placeCode } from '../../catalogue/place-code';
import { findProduct } from '../../catalogue/products';
import type { PrismaClient } from '../../generated/db/client';
import type {
  Access,
  AccessReading,
  AllocateRequest,
  Allocated,
  ExitReading,
  ExtendRequest,
  Health,
  Location,
  ProxyNetwork,
  ReplaceRequest,
  RotateRequest,
  Rotated,
  TrafficAdded,
  TrafficReading,
  TrafficRequest,
  UsageLine,
} from '../proxy-network';
import { inForce, tellAccess } from '../../store/feed';
import { SandboxCommands } from './commands';
import { endingOf, type Ending } from './endings';
import { PLACES, PRICE_DRIFTS_IN, UNHEALTHY_IN, placeOf, type Place } from './places';
import { SandboxMeter } from './meter';
import { executorsOf } from './executors';
import { exitAddress, seedStatement } from './exits';

type Held = NonNullable<AccessReading['held']>;

/** Endings of one country of an order. All other endings concern the whole order. */
const BY_ITEM: readonly Ending[] = ['refuse', 'out-of-stock', 'half'];

export class SandboxNetwork implements ProxyNetwork {
  private readonly commands: SandboxCommands;
  private readonly meter: SandboxMeter;
  private seeded: Promise<unknown> | null = null;

  constructor(
    private readonly db: Pick<Database, 'platform'>,
    private readonly tables: PrismaClient,
    private readonly clock: Clock,
    private readonly settings: { readonly slowMs: number; readonly entryHost: string },
  ) {
    this.commands = new SandboxCommands(db, clock, executorsOf(clock, settings.entryHost));
    this.meter = new SandboxMeter(db, tables, clock);
  }

  async locations(productId: string): Promise<readonly Location[]> {
    await this.seed();
    const product = findProduct(productId);
    if (product === null) return [];
    const rows = await this.tables.sandboxStock.findMany({ where: { product_id: productId } });
    const left = new Map(rows.map((row) => [row.country, row.capacity - row.taken]));
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
    const placeEnding = request.items
      .map((item) => placeOf(item.country)?.ending)
      .find((ending) => ending !== undefined && !BY_ITEM.includes(ending));
    return this.send('allocate', reference, { ...request }, endingOf(request.note, placeEnding), signal);
  }

  async extend(
    reference: string,
    request: ExtendRequest,
    signal: AbortSignal,
  ): Promise<Outcome<Record<string, unknown>>> {
    return this.send('extend', reference, { ...request }, endingOf(request.note, undefined), signal);
  }

  async replace(reference: string, request: ReplaceRequest, signal: AbortSignal): Promise<Outcome<Allocated>> {
    await this.seed();
    return this.send(
      'replace',
      reference,
      { ...request },
      endingOf(request.note, request.country === null ? undefined : placeOf(request.country)?.ending),
      signal,
    );
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
    // Raw SQL: blocks with their ends, which are two arrays.
    const rows = await this.db.platform.$queryRaw<(Held & Pick<AccessReading, 'subject' | 'version'>)[]>(sql`
      SELECT a.subject, a.version, a.is_enabled AS "isEnabled", a.usernames,
        ARRAY(SELECT u.block FROM unnest(a.blocks, a.block_ends) AS u(block, until)
          WHERE u.until IS NULL OR u.until > ${this.clock.now()}::timestamptz) AS "allowedBlocks"
      FROM proxy.sandbox_access a WHERE a.subject = ANY (${[...subjects]}::text[])`);
    return rows.map(({ subject, version, ...held }) => ({ subject, version, held }));
  }

  /** Notes what was asked for, tells the nodes, and answers for which of it all of them have confirmed. */
  async applyAccess(access: readonly Access[]): Promise<readonly string[]> {
    const now = this.clock.now();
    const rows = access.map((one) => ({
      subject: one.subject,
      network_id: one.networkId,
      version: one.version,
      is_enabled: one.isEnabled,
      usernames: one.credentials.map((pair) => pair.username),
      blocks: one.allowedBlocks.map(({ block }) => block),
      block_ends: one.allowedBlocks.map(({ until }) => until?.toISOString() ?? null),
      note: one.note,
    }));
    // Raw SQL: an older version never replaces a newer one, which the client’s `upsert` cannot say.
    await this.db.platform.$executeRaw(sql`
      INSERT INTO proxy.sandbox_access AS a (subject, network_id, version, is_enabled, usernames, blocks, block_ends,
        note, metered_at)
      SELECT x.*, ${now} FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(subject text, network_id text,
        version int, is_enabled boolean, usernames text[], blocks text[], block_ends timestamptz[], note text)
      ORDER BY x.subject
      ON CONFLICT (subject) DO UPDATE SET network_id = excluded.network_id, version = excluded.version,
        is_enabled = excluded.is_enabled, usernames = excluded.usernames, blocks = excluded.blocks,
        block_ends = excluded.block_ends, note = excluded.note WHERE a.version <= excluded.version`);
    const told = access.map(({ subject, version, isOver }) => ({ subject, version, isRemoved: isOver }));
    await tellAccess(this.db.platform, 'sandbox', told, now);
    return inForce(this.db.platform, told, now);
  }

  async withdraw(networkIds: readonly string[]): Promise<void> {
    // Raw SQL: the exits, the stock and the ports in one statement.
    await this.db.platform.$executeRaw(sql`
      WITH ports AS (UPDATE proxy.entry_port SET network_id = NULL, freed_at = ${this.clock.now()}
        WHERE network_id = ANY (${[...networkIds]}::text[])),
      gone AS (UPDATE proxy.sandbox_exit SET is_in_use = false WHERE network_id = ANY (${[...networkIds]}::text[])
        AND is_in_use RETURNING product_id, country)
      UPDATE proxy.sandbox_stock s SET taken = s.taken - g.count
        FROM (SELECT product_id, country, count(*)::int AS count FROM gone GROUP BY 1, 2) g
      WHERE s.product_id = g.product_id AND s.country = g.country`);
  }

  usageAfter(
    position: string | null,
    limit: number,
  ): Promise<{ lines: readonly UsageLine[]; position: string | null }> {
    return this.meter.usageAfter(position, limit);
  }

  async health(networkIds: readonly string[]): Promise<readonly Health[]> {
    const rows = await this.tables.sandboxExit.findMany({ where: { network_id: { in: [...networkIds] } } });
    return rows.map((row) => {
      const isHealthy = row.is_in_use && row.country !== UNHEALTHY_IN;
      return {
        networkId: row.network_id,
        isHealthy,
        latencyMs: isHealthy ? 40 + (row.network_id.charCodeAt(row.network_id.length - 1) % 60) : null,
        exitCountry: isHealthy ? row.country : null,
      };
    });
  }

  async readExits(networkIds: readonly string[]): Promise<readonly ExitReading[]> {
    const rows = await this.tables.sandboxExit.findMany({
      where: { network_id: { in: [...networkIds] }, is_in_use: true },
    });
    return rows.map((row) => ({
      networkId: row.network_id,
      ...exitAddress(row),
      until: row.until?.toISOString() ?? null,
    }));
  }

  async readTraffic(networkIds: readonly string[]): Promise<readonly TrafficReading[]> {
    const rows = await this.tables.sandboxTraffic.findMany({ where: { network_id: { in: [...networkIds] } } });
    return rows.map((row) => ({
      networkId: row.network_id,
      host: row.host,
      port: row.port,
      portSocks: row.port_socks,
    }));
  }

  private async send<R extends Record<string, unknown>>(
    name: string,
    reference: string,
    request: Record<string, unknown>,
    ending: Ending,
    signal: AbortSignal,
  ): Promise<Outcome<R>> {
    if (ending === 'slow') await setTimeout(this.settings.slowMs, undefined, { signal });
    return this.commands.send<R>({ reference, name, request, ending });
  }

  /** The price changes every minute, so that users can get `price_changed`. */
  private surchargeOf(place: Place): bigint {
    return place.country === PRICE_DRIFTS_IN
      ? place.surcharge * BigInt(1 + (this.clock.now().getUTCMinutes() % 60))
      : place.surcharge;
  }

  private async seed(): Promise<void> {
    // Raw SQL: one array per column, and existing rows stay.
    this.seeded ??= this.db.platform.$executeRaw(seedStatement());
    try {
      await this.seeded;
    } catch (err) {
      this.seeded = null; // the next caller tries again
      throw err;
    }
  }
}
