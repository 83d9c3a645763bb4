import { z } from 'zod';
import { AppError, defineRoute, invalid, newId, notFound, type AppError as Refusal } from '@lumi/shared/contract';
import { endpoint, type Endpoint, type RequestContext } from '@lumi/shared/endpoint';
import { orderSchema, purchase, purchaseFields, purchaseReply, requestPart, type PurchaseAnswer } from '@lumi/shared/purchase';
import { serverCreate, type CreateItem } from '../purchases/server-create';
import { findImage, findPlan, fits, priceOf, type Plan, type Price } from '../store/catalogue';
import { ownedKeys } from '../store/ssh-keys';
import type { Vps } from '../vps';
import { hostnameField, labelField, requireScope, sshKeyIdsField, userDataField } from './fields';
import { serverSchema } from '../servers/server-view';

export const createBody = z.object({
  plan_id: z.string().max(32).describe('See `GET /plans`.').meta({ example: 's1' }),
  locations: z.array(z.string().max(32)).min(1).max(10).describe('In order of preference: the first one with stock is taken.').meta({ example: ['ams', 'fra'] }),
  image_id: z.string().max(64).describe('See `GET /images`.').meta({ example: 'debian-13' }),
  period_months: z.union([z.literal(1), z.literal(3), z.literal(6), z.literal(12)]).optional().describe('Paid in advance; 1 if absent.'),
  hostname: hostnameField,
  label: labelField,
  ssh_key_ids: sshKeyIdsField,
  password_mode: z.enum(['generate', 'none']).optional().describe('`generate` makes a root password, shown once on the operation. Without SSH keys that is the default.'),
  user_data: userDataField,
  auto_renew: z.boolean().optional().describe('Renew before it expires; needs `vps:write` as well.'),
  start: z.boolean().optional().describe('Start it when it is ready; true if absent.'),
  ...purchaseFields,
});

export type CreateBody = z.output<typeof createBody>;

export const acceptedSchema = z.object({ server: serverSchema, operation_id: z.string(), order: orderSchema });

export function createServer(vps: Vps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'create-server', method: 'POST', path: '/servers', summary: 'Buy a server', tag: 'Servers', scope: 'buy', class: 'money', reach: 'account', dryRun: true,
      description: 'The server exists at once, in state `provisioning`; poll the operation, which also tells a generated root password, once. Money is held first, charged when the server is ready, and released when it cannot be made.',
      body: createBody,
      bodyExample: { plan_id: 's1', locations: ['ams', 'fra'], image_id: 'debian-13', hostname: 'web-1.example.com', max_price_usd: '4.00' },
      responses: {
        200: { description: 'A dry run: what it would cost.', schema: z.object({ dry_run: z.literal(true), would_succeed: z.literal(true), kind: z.string(), subject: z.string(), price_usd: z.string() }) },
        202: { description: 'The server is being made.', schema: acceptedSchema },
      },
      errors: ['price_changed', 'out_of_stock', 'not_available', 'supplier_error'],
    }),
    async (context) => purchaseReply(await buyServer(vps, context)),
  );
}

/** The purchase of one server; a place that runs out between look and hold gives way to the next one. */
export async function buyServer(vps: Vps, context: RequestContext<unknown, unknown, CreateBody>): Promise<PurchaseAnswer> {
  const { body } = context;
  if (body.auto_renew === true) requireScope(context.principal, 'vps:write');
  const offer = await offerOf(vps, context.accountId, body);
  const serverId = newId('srv', vps.service.clock.nowMs());
  for (let choice = 0; ; choice += 1) {
    const price = offer.places[choice];
    const isLast = choice >= offer.places.length - 1;
    const refusal = offer.refusal ?? (price === undefined ? soldOut(body) : null);
    const paid = price ?? offer.known;
    try {
      return await purchase(vps.service.purchases, {
        thing: serverCreate(vps, { userData: body.user_data ?? null }), item: itemOf(serverId, body, { plan: offer.plan, price: paid }), subject: serverId, lockKey: null,
        price: paid === null ? 0n : paid.price + paid.setup, refusal, ...requestPart(context),
      });
    } catch (err) {
      if (isLast || !(err instanceof AppError) || err.code !== 'out_of_stock') throw err;
    }
  }
}

interface Offer {
  /** Where it can be placed now, in the caller's order. */
  readonly places: readonly Price[];
  /** A price to be told by cap and balance even when nothing is left. */
  readonly known: Price | null;
  readonly plan: Plan | null;
  readonly refusal: Refusal | null;
}

async function offerOf(vps: Vps, accountId: string, body: CreateBody): Promise<Offer> {
  const [plan, image, keysAreOwn] = await Promise.all([
    findPlan(vps.service.db.platform, body.plan_id), findImage(vps.db, body.image_id), ownedKeys(vps.service.db.platform, accountId, body.ssh_key_ids ?? []),
  ]);
  if (plan === null || plan.deprecatedAt !== null) return refused(invalid('plan_id', 'is not a plan on sale; see GET /plans'));
  const prices = body.locations.map((location) => priceOf(plan, location, body.period_months ?? 1));
  const missing = prices.findIndex((price) => price === null);
  const priced = prices.filter((price) => price !== null);
  const known = priced[0] ?? null;
  if (missing >= 0) return refused(invalid(`locations.${String(missing)}`, 'does not offer this plan for this period; see GET /plans'), known);
  if (image === null || image.deprecatedAt !== null) return refused(invalid('image_id', 'is not an image; see GET /images'), known);
  if (!fits(image, plan)) return refused(invalid('image_id', 'does not run on this plan; see GET /images?plan_id='), known);
  if (!image.cloudInit && ((body.ssh_key_ids ?? []).length > 0 || body.user_data !== undefined)) return refused(invalid('image_id', 'takes neither SSH keys nor user_data'), known);
  if (!keysAreOwn) return refused(notFound(), known);
  return { places: priced.filter((price) => hasStock(plan, price.locationId)), known, plan, refusal: null };
}

function refused(refusal: AppError, known: Price | null = null): Offer {
  return { places: [], known, plan: null, refusal };
}

function hasStock(plan: Plan, locationId: string): boolean {
  return plan.stock.some((stock) => stock.locationId === locationId && stock.state !== 'out');
}

function soldOut(body: CreateBody): AppError {
  return new AppError('out_of_stock', `Plan ${body.plan_id} is out of stock in every location asked for.`, { details: [{ path: 'locations', message: body.locations.join(', ') }] });
}

function itemOf(serverId: string, body: CreateBody, { plan, price }: { plan: Plan | null; price: Price | null }): CreateItem {
  const keys = body.ssh_key_ids ?? [];
  return {
    server_id: serverId, hostname: body.hostname, label: body.label ?? null, plan_id: body.plan_id, location_id: price?.locationId ?? '', image_id: body.image_id,
    size: { vcpu: plan?.vcpu ?? 0, ram_mb: plan?.ramMb ?? 0, disk_gb: plan?.diskGb ?? 0 },
    period_months: body.period_months ?? 1, ssh_key_ids: keys, password: (body.password_mode ?? (keys.length === 0 ? 'generate' : 'none')) === 'generate',
    auto_renew: body.auto_renew ?? false, start: body.start ?? true, renew_price: (price?.renewPrice ?? 0n).toString(),
  };
}
