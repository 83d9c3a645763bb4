// The catalogue, read only. Each plan comes with all its prices and its stock in each location.
import { sql, type SqlRunner } from '@lumi/shared/db';
import type { PrismaClient } from '../generated/db/client';
import type { ImageModel, LocationModel } from '../generated/db/models';

export interface Price {
  readonly locationId: string;
  readonly periodMonths: number;
  readonly price: bigint;
  readonly setup: bigint;
  readonly renewPrice: bigint;
}

export type StockState = 'in_stock' | 'low' | 'out';

export interface Stock {
  readonly locationId: string;
  readonly free: number;
  readonly state: StockState;
  readonly checkedAt: Date;
}

export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly vcpu: number;
  readonly cpuType: string;
  readonly arch: string;
  readonly ramMb: number;
  readonly diskGb: number;
  readonly diskType: string;
  readonly trafficGb: number;
  readonly portMbps: number;
  readonly ipv4: number;
  readonly ipv6: string;
  readonly deprecatedAt: Date | null;
  readonly prices: readonly Price[];
  readonly stock: readonly Stock[];
}

export interface Location {
  readonly id: string;
  readonly name: string;
  readonly country: string;
  readonly city: string;
  readonly features: readonly string[];
  readonly lookingGlass: string | null;
  readonly testIpv4: string | null;
}

export interface Image {
  readonly id: string;
  readonly name: string;
  readonly os: string;
  readonly version: string;
  readonly arch: string;
  readonly minDiskGb: number;
  readonly minRamMb: number;
  readonly cloudInit: boolean;
  readonly defaultUser: string;
  readonly deprecatedAt: Date | null;
}

// One query for a plan with all its parts, because every purchase needs it. Amounts are text inside the JSON.
const SELECT = sql`
  SELECT p.*,
    coalesce((SELECT jsonb_agg(jsonb_build_object('location', o.location_id, 'months', o.period_months, 'price',
      o.price::text, 'setup', o.setup::text, 'renew', o.renew_price::text)
      ORDER BY o.location_id, o.period_months) FROM vps.plan_price o WHERE o.plan_id = p.id), '[]'::jsonb) AS prices,
    coalesce((SELECT jsonb_agg(jsonb_build_object('location', s.location_id, 'free', s.free, 'low_below', s.low_below,
      'checked_at', extract(epoch FROM s.checked_at)) ORDER BY s.location_id)
      FROM vps.stock s WHERE s.plan_id = p.id), '[]'::jsonb) AS stock
  FROM vps.plan p`;

/** In the catalogue's order. */
export async function listPlans(db: SqlRunner): Promise<Plan[]> {
  // Raw SQL: prices and stock come with the plans in one query.
  const rows = await db.$queryRaw<PlanRow[]>(sql`${SELECT} ORDER BY p.position`);
  return rows.map(planOfRow);
}

export async function findPlan(db: SqlRunner, id: string): Promise<Plan | null> {
  // Raw SQL: as above; every purchase runs it.
  const rows = await db.$queryRaw<PlanRow[]>(sql`${SELECT} WHERE p.id = ${id}`);
  return rows[0] === undefined ? null : planOfRow(rows[0]);
}

export async function listLocations(db: PrismaClient): Promise<Location[]> {
  return (await db.location.findMany({ orderBy: { position: 'asc' } })).map(locationOfRow);
}

export async function findLocation(db: PrismaClient, id: string): Promise<Location | null> {
  const row = await db.location.findUnique({ where: { id } });
  return row === null ? null : locationOfRow(row);
}

export async function listImages(db: PrismaClient): Promise<Image[]> {
  return (await db.image.findMany({ orderBy: { position: 'asc' } })).map(imageOfRow);
}

export async function findImage(db: PrismaClient, id: string): Promise<Image | null> {
  const row = await db.image.findUnique({ where: { id } });
  return row === null ? null : imageOfRow(row);
}

export function priceOf(plan: Plan, locationId: string, periodMonths: number): Price | null {
  return plan.prices.find((price) => price.locationId === locationId && price.periodMonths === periodMonths) ?? null;
}

/** Whether an image is made for this hardware and small enough for it. */
export function fits(image: Image, plan: Plan): boolean {
  return image.arch === plan.arch && image.minDiskGb <= plan.diskGb && image.minRamMb <= plan.ramMb;
}

interface PlanRow {
  readonly id: string;
  readonly name: string;
  readonly vcpu: number;
  readonly cpu_type: string;
  readonly arch: string;
  readonly ram_mb: number;
  readonly disk_gb: number;
  readonly disk_type: string;
  readonly traffic_gb: number;
  readonly port_mbps: number;
  readonly ipv4: number;
  readonly ipv6: string;
  readonly deprecated_at: Date | null;
  readonly prices: readonly { location: string; months: number; price: string; setup: string; renew: string }[];
  readonly stock: readonly { location: string; free: number; low_below: number; checked_at: number }[];
}

function planOfRow(row: PlanRow): Plan {
  return {
    id: row.id,
    name: row.name,
    vcpu: row.vcpu,
    cpuType: row.cpu_type,
    arch: row.arch,
    ramMb: row.ram_mb,
    diskGb: row.disk_gb,
    diskType: row.disk_type,
    trafficGb: row.traffic_gb,
    portMbps: row.port_mbps,
    ipv4: row.ipv4,
    ipv6: row.ipv6,
    deprecatedAt: row.deprecated_at,
    prices: row.prices.map(({ location, months, price, setup, renew }) => ({
      locationId: location,
      periodMonths: months,
      price: BigInt(price),
      setup: BigInt(setup),
      renewPrice: BigInt(renew),
    })),
    stock: row.stock.map((stock) => ({
      locationId: stock.location,
      free: stock.free,
      state: stockState(stock.free, stock.low_below),
      checkedAt: new Date(stock.checked_at * 1000),
    })),
  };
}

function stockState(free: number, lowBelow: number): StockState {
  if (free <= 0) return 'out';
  return free < lowBelow ? 'low' : 'in_stock';
}

function locationOfRow(row: LocationModel): Location {
  return {
    id: row.id,
    name: row.name,
    country: row.country,
    city: row.city,
    features: row.features,
    lookingGlass: row.looking_glass,
    testIpv4: row.test_ipv4,
  };
}

function imageOfRow(row: ImageModel): Image {
  return {
    id: row.id,
    name: row.name,
    os: row.os,
    version: row.version,
    arch: row.arch,
    minDiskGb: row.min_disk_gb,
    minRamMb: row.min_ram_mb,
    cloudInit: row.cloud_init,
    defaultUser: row.default_user,
    deprecatedAt: row.deprecated_at,
  };
}
