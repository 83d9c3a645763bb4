// What can be bought: read only. Plans come with every price and with what is left in each location.
import type { Prisma, PrismaClient } from '../generated/db/client';

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

const WITH_OFFERS = { prices: { orderBy: [{ locationId: 'asc' }, { periodMonths: 'asc' }] }, stock: { orderBy: { locationId: 'asc' } } } satisfies Prisma.PlanInclude;

type PlanRow = Prisma.PlanGetPayload<{ include: typeof WITH_OFFERS }>;

/** In the order in which the catalogue shows them. */
export async function listPlans(db: PrismaClient): Promise<Plan[]> {
  const rows = await db.plan.findMany({ orderBy: { position: 'asc' }, include: WITH_OFFERS });
  return rows.map(withState);
}

export async function findPlan(db: PrismaClient, id: string): Promise<Plan | null> {
  const row = await db.plan.findUnique({ where: { id }, include: WITH_OFFERS });
  return row === null ? null : withState(row);
}

export function listLocations(db: PrismaClient): Promise<Location[]> {
  return db.location.findMany({ orderBy: { position: 'asc' } });
}

export function listImages(db: PrismaClient): Promise<Image[]> {
  return db.image.findMany({ orderBy: { position: 'asc' } });
}

export function findImage(db: PrismaClient, id: string): Promise<Image | null> {
  return db.image.findUnique({ where: { id } });
}

export function priceOf(plan: Plan, locationId: string, periodMonths: number): Price | null {
  return plan.prices.find((price) => price.locationId === locationId && price.periodMonths === periodMonths) ?? null;
}

/** An image made for this hardware and small enough for it. */
export function fits(image: Image, plan: Plan): boolean {
  return image.arch === plan.arch && image.minDiskGb <= plan.diskGb && image.minRamMb <= plan.ramMb;
}

function withState(row: PlanRow): Plan {
  return { ...row, stock: row.stock.map(({ locationId, free, lowBelow, checkedAt }) => ({ locationId, free, checkedAt, state: stockState(free, lowBelow) })) };
}

function stockState(free: number, lowBelow: number): StockState {
  if (free <= 0) return 'out';
  return free < lowBelow ? 'low' : 'in_stock';
}
