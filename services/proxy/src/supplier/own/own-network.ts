// Addresses that our nodes bring, as one of our networks. What a node registers is stock; each address is one proxy's
// at most. Entries are at the node that has the address.
import { sql, type Database } from '@lumi/shared/db';
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { Clock } from '@lumi/shared/runtime';
import { placeCode } from '../../catalogue/place-code';
import { findProduct } from '../../catalogue/products';
import { inForce, readTold, tellAccess } from '../../store/feed';
import { nameOfCountry } from '../country-name';
import type {
  Access,
  AccessReading,
  AllocateRequest,
  Allocated,
  ExitReading,
  ExtendRequest,
  Health,
  Location,
  LocationLevel,
  ProxyNetwork,
  ReplaceRequest,
  RotateRequest,
  Rotated,
  TrafficAdded,
  TrafficReading,
  TrafficRequest,
  UsageLine,
} from '../proxy-network';
import { withSubnet } from '../subnet';
import { OwnCommands } from './commands';
import { executorsOf, type OwnSettings } from './executors';

interface Place {
  readonly country: string;
  readonly region: string | null;
  readonly city: string | null;
  readonly asn: number | null;
  readonly stock: number;
}

export class OwnNetwork implements ProxyNetwork {
  private readonly commands: OwnCommands;

  constructor(
    private readonly db: Pick<Database, 'platform'>,
    private readonly clock: Clock,
    private readonly settings: OwnSettings,
  ) {
    this.commands = new OwnCommands(db, clock, executorsOf(clock, settings));
  }

  /** Of places that nodes bring. Those of which nothing is free are shown with a stock of 0. */
  async locations(productId: string): Promise<readonly Location[]> {
    const product = findProduct(productId);
    if (product === null) return [];
    const places = product.shape === 'traffic' ? await this.poolPlaces(productId) : await this.stock(productId);
    const found = new Map<string, Location>();
    const add = (level: LocationLevel, code: string, name: string, { country, stock }: Place): void => {
      const key = `${level} ${country} ${code}`;
      const before = found.get(key)?.stock ?? 0;
      const counted = product.shape === 'traffic' ? null : before + stock;
      found.set(key, { level, code, country, name, stock: counted, surcharge: 0n });
    };
    for (const place of places) {
      add('country', place.country, nameOfCountry(place.country), place);
      if (place.region !== null) add('region', placeCode(place.region), place.region, place);
      if (place.city !== null) add('city', placeCode(place.city), place.city, place);
      if (place.asn !== null) add('asn', `as${String(place.asn)}`, `Network ${String(place.asn)}`, place);
    }
    return [...found.values()];
  }

  allocate(reference: string, request: AllocateRequest): Promise<Outcome<Allocated>> {
    return this.commands.send({ reference, name: 'allocate', request: { ...request } });
  }

  extend(reference: string, request: ExtendRequest): Promise<Outcome<Record<string, unknown>>> {
    return this.commands.send({ reference, name: 'extend', request: { ...request } });
  }

  replace(reference: string, request: ReplaceRequest): Promise<Outcome<Allocated>> {
    return this.commands.send({ reference, name: 'replace', request: { ...request } });
  }

  rotate(reference: string, request: RotateRequest): Promise<Outcome<Rotated>> {
    return this.commands.send({ reference, name: 'rotate', request: { ...request } });
  }

  addTraffic(reference: string, request: TrafficRequest): Promise<Outcome<TrafficAdded>> {
    return this.commands.send({ reference, name: 'add-traffic', request: { ...request } });
  }

  lookUp<R extends Record<string, unknown>>(reference: string): Promise<LookUp<R>> {
    return this.commands.lookUp<R>(reference);
  }

  /** Those whose address a node brings that is not retired. */
  async readExits(networkIds: readonly string[]): Promise<readonly ExitReading[]> {
    const rows = await this.held(networkIds);
    return rows.map(({ network_id: networkId, exit_ip: ip, country, city, asn }) => ({
      networkId,
      ...withSubnet(ip),
      country,
      city: city ?? '',
      asn: asn ?? 0,
      until: null,
    }));
  }

  /** Plans for whose pool a node has exits. */
  async readTraffic(networkIds: readonly string[]): Promise<readonly TrafficReading[]> {
    // Raw SQL: several tables.
    const rows = await this.db.platform.$queryRaw<
      { network_id: string; host: string; port: number; port_socks: number }[]
    >(sql`
      SELECT p.network_id, p.host, p.port, p.port_socks FROM proxy.traffic_plan p
      WHERE p.network = 'own' AND p.network_id = ANY (${[...networkIds]}::text[]) AND EXISTS (
        SELECT 1 FROM proxy.node_exit x JOIN proxy.node n ON n.id = x.node_id
        WHERE x.product = p.pool AND n.state <> 'retired')`);
    return rows.map(({ network_id: networkId, host, port, port_socks: portSocks }) => ({
      networkId,
      host,
      port,
      portSocks,
    }));
  }

  /** Where no entry can be tried: whether a node that serves brings the address. */
  async health(networkIds: readonly string[]): Promise<readonly Health[]> {
    const held = new Map((await this.held(networkIds)).map((row) => [row.network_id, row]));
    return networkIds.map((networkId) => {
      const row = held.get(networkId);
      const isHealthy = row?.is_served === true;
      return { networkId, isHealthy, latencyMs: null, exitCountry: isHealthy ? row.country : null };
    });
  }

  async readAccess(subjects: readonly string[]): Promise<readonly AccessReading[]> {
    return (await readTold(this.db.platform, 'own', subjects)).map((told) => ({ ...told, held: null }));
  }

  /** From the first access on it is sold: its proxy is there. */
  async applyAccess(access: readonly Access[]): Promise<readonly string[]> {
    const now = this.clock.now();
    const ids = access.flatMap(({ kind, networkId }) => (kind === 'proxy' ? [networkId] : []));
    // Raw SQL: rows are locked in the order of their addresses.
    if (ids.length > 0)
      await this.db.platform.$executeRaw(sql`
        WITH due AS MATERIALIZED (SELECT address FROM proxy.own_stock WHERE state = 'held'
          AND network_id = ANY (${ids}::text[]) ORDER BY address FOR NO KEY UPDATE)
        UPDATE proxy.own_stock s SET state = 'sold' FROM due WHERE s.address = due.address AND s.state = 'held'`);
    const told = access.map(({ subject, version, isOver }) => ({ subject, version, isRemoved: isOver }));
    await tellAccess(this.db.platform, 'own', told, now);
    return inForce(this.db.platform, told, now);
  }

  async withdraw(networkIds: readonly string[]): Promise<void> {
    // Raw SQL: a function.
    await this.db.platform.$queryRaw(
      sql`SELECT proxy.own_give_up(${[...networkIds]}::text[], ${this.clock.now()}::timestamptz)::text`,
    );
  }

  /** Nodes count what is used. */
  usageAfter(position: string | null): Promise<{ lines: readonly UsageLine[]; position: string | null }> {
    return Promise.resolve({ lines: [], position });
  }

  private async stock(productId: string): Promise<readonly Place[]> {
    const { restS } = this.settings;
    // Raw SQL: counted by a function's rows.
    return this.db.platform.$queryRaw<Place[]>(sql`
      SELECT s.country, s.region, s.city, s.asn, count(f.address)::int AS stock FROM proxy.own_stock s
      JOIN proxy.node n ON n.id = s.node_id AND n.state <> 'retired'
      LEFT JOIN proxy.own_free(${productId}, ${restS}::int, ${this.clock.now()}::timestamptz) f ON f.address = s.address
      WHERE s.product_id = ${productId} AND s.is_listed GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`);
  }

  private async poolPlaces(pool: string): Promise<readonly Place[]> {
    // Raw SQL: counted by place.
    return this.db.platform.$queryRaw<Place[]>(sql`
      SELECT x.country, x.region, x.city, x.asn, count(*)::int AS stock FROM proxy.node_exit x
      JOIN proxy.own_nodes(${this.clock.now()}::timestamptz) n ON n.id = x.node_id
      WHERE x.product = ${pool} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`);
  }

  private async held(networkIds: readonly string[]): Promise<
    {
      network_id: string;
      exit_ip: string;
      country: string;
      city: string | null;
      asn: number | null;
      is_served: boolean;
    }[]
  > {
    // Raw SQL: with the node that brings it.
    return this.db.platform.$queryRaw(sql`
      SELECT s.network_id, host(s.exit_ip) AS exit_ip, s.country, s.city, s.asn,
        EXISTS (SELECT 1 FROM proxy.own_nodes(${this.clock.now()}::timestamptz) o WHERE o.id = n.id) AS is_served
      FROM proxy.own_stock s JOIN proxy.node n ON n.id = s.node_id
      WHERE s.network_id = ANY (${[...networkIds]}::text[]) AND s.is_listed AND n.state <> 'retired'`);
  }
}
