// The offer of a new server: the first location of the caller's order that has it in stock.
import { z } from 'zod';
import { AppError, invalid, newId, notFound, orRefusal } from '@lumi/shared/contract';
import { autoRenewField, costLine, type Offer } from '@lumi/shared/purchase';
import { findImage, findPlan, fits, priceOf, type Image, type Plan, type Price } from '../catalogue/catalogue';
import { ownedKeys } from '../store/ssh-keys';
import {
  hostnameField,
  labelField,
  periodField,
  sshKeyIdsField,
  userDataBase64Field,
  userDataField,
  userDataOf,
} from '../servers/fields';
import { passwordWanted } from '../servers/login';
import type { VpsDeps } from '../deps';
import { serverCreate, type CreateItem } from './server-create';

/** The fields of a new server beyond those that all purchases have. */
export const createFields = {
  plan_id: z.string().max(32).describe('See `GET /plans`.').meta({ example: 's1' }),
  location_id: z
    .string()
    .max(32)
    .optional()
    .describe('Where it is to stand; see `GET /locations`.')
    .meta({ example: 'ams' }),
  locations: z
    .array(z.string().max(32))
    .min(1)
    .max(10)
    .optional()
    .describe('Instead of `location_id`, several ids in order of preference: the first one with stock is taken.')
    .meta({ example: ['ams', 'fra'] }),
  image_id: z.string().max(64).describe('See `GET /images`.').meta({ example: 'debian-13' }),
  period_months: periodField.describe('Paid in advance; 1 if absent.'),
  hostname: hostnameField,
  label: labelField,
  ssh_key_ids: sshKeyIdsField,
  password_mode: z
    .enum(['generate', 'none'])
    .optional()
    .describe('`generate` makes a root password, to be read on the operation. Without SSH keys that is the default.'),
  user_data: userDataField,
  user_data_base64: userDataBase64Field,
  auto_renew: autoRenewField,
  start: z.boolean().optional().describe('Start it when it is ready; true if absent.'),
};

const createShape = z.object(createFields);
export type CreateFields = z.output<typeof createShape>;

/** The possible locations, in the caller's order. Throws when the body names them in none or in two ways. */
export function placesOf({
  location_id: place,
  locations,
}: Pick<CreateFields, 'location_id' | 'locations'>): readonly string[] {
  if ((place === undefined) === (locations === undefined))
    throw invalid('location_id', 'is required, or locations, and not both');
  return locations ?? [place ?? ''];
}

/** One offer for each location with stock, in the caller's order; one refused offer when no location has stock. */
export async function createOffers(
  vps: VpsDeps,
  accountId: string,
  wanted: CreateFields,
): Promise<readonly [Offer, ...Offer[]]> {
  const months = wanted.period_months ?? 1;
  const places = placesOf(wanted);
  const [plan, image, keysAreOwn] = await Promise.all([
    findPlan(vps.service.db.platform, wanted.plan_id),
    findImage(vps.db, wanted.image_id),
    ownedKeys(vps.db, accountId, wanted.ssh_key_ids ?? []),
  ]);
  if (plan === null || plan.deprecatedAt !== null)
    return [
      offer(vps, wanted, {
        plan: null,
        price: null,
        refusal: invalid('plan_id', 'is not a plan on sale; see GET /plans'),
        access: NO_ACCESS,
      }),
    ];
  const prices = places.map((location) => priceOf(plan, location, months));
  const known = prices.find((price) => price !== null) ?? null;
  const refused = (refusal: AppError): [Offer] => [
    offer(vps, wanted, { plan, price: known, refusal, access: NO_ACCESS }),
  ];
  const missing = prices.indexOf(null);
  if (missing >= 0)
    return refused(
      invalid(
        wanted.locations === undefined ? 'location_id' : `locations.${String(missing)}`,
        'does not offer this plan for this period; see GET /plans',
      ),
    );
  if (image === null || image.deprecatedAt !== null)
    return refused(invalid('image_id', 'is not an image; see GET /images'));
  if (!fits(image, plan)) return refused(invalid('image_id', 'does not run on this plan; see GET /images?plan_id='));
  if (!keysAreOwn) return refused(notFound());
  const access = await orRefusal(() => accessOf(wanted, image));
  if (access instanceof AppError) return refused(access);
  const [first, ...others] = prices
    .filter((price): price is Price => price !== null && hasStock(plan, price.locationId))
    .map((price) => offer(vps, wanted, { plan, price, refusal: null, access }));
  return first === undefined ? refused(soldOut(wanted)) : [first, ...others];
}

/** How the buyer logs in to the server. */
interface Access {
  readonly userData: Uint8Array | null;
  readonly password: boolean;
}

const NO_ACCESS: Access = { userData: null, password: false };

function accessOf(wanted: CreateFields, image: Image): Access {
  const userData = userDataOf(wanted);
  const keys = wanted.ssh_key_ids?.length ?? 0;
  if (!image.cloudInit && (keys > 0 || userData !== null))
    throw invalid('image_id', 'takes neither SSH keys nor user_data');
  const password = passwordWanted({
    passwordMode: wanted.password_mode,
    keys,
    hasUserData: userData !== null,
    hasCloudInit: image.cloudInit,
  });
  if (password instanceof AppError) throw password;
  return { userData, password };
}

function offer(
  vps: VpsDeps,
  wanted: CreateFields,
  {
    plan,
    price,
    refusal,
    access,
  }: { plan: Plan | null; price: Price | null; refusal: AppError | null; access: Access },
): Offer {
  const months = wanted.period_months ?? 1;
  const serverId = newId('srv', vps.service.clock.nowMs());
  const setup = price === null || price.setup === 0n ? [] : [costLine('Set-up', price.setup)];
  return {
    thing: serverCreate(vps, { userData: access.userData }),
    subject: serverId,
    lockKey: serverId,
    refusal,
    item: itemOf(serverId, wanted, { plan, price, password: access.password }),
    terms: {
      facts: { plan_id: wanted.plan_id, location_id: price?.locationId ?? null, period_months: months },
      cost:
        price === null
          ? []
          : [
              costLine(`Server ${wanted.plan_id} in ${price.locationId}, ${String(months)} month(s)`, price.price),
              ...setup,
            ],
    },
  };
}

function hasStock(plan: Plan, locationId: string): boolean {
  return plan.stock.some((stock) => stock.locationId === locationId && stock.state !== 'out');
}

function soldOut(wanted: CreateFields): AppError {
  return new AppError('out_of_stock', `Plan ${wanted.plan_id} is out of stock in every location asked for.`, {
    details: [
      { path: wanted.locations === undefined ? 'location_id' : 'locations', message: placesOf(wanted).join(', ') },
    ],
  });
}

function itemOf(
  serverId: string,
  wanted: CreateFields,
  { plan, price, password }: { plan: Plan | null; price: Price | null; password: boolean },
): CreateItem {
  return {
    server_id: serverId,
    hostname: wanted.hostname,
    label: wanted.label ?? null,
    plan_id: wanted.plan_id,
    location_id: price?.locationId ?? '',
    image_id: wanted.image_id,
    size: { vcpu: plan?.vcpu ?? 0, ram_mb: plan?.ramMb ?? 0, disk_gb: plan?.diskGb ?? 0 },
    period_months: wanted.period_months ?? 1,
    ssh_key_ids: wanted.ssh_key_ids ?? [],
    password,
    auto_renew: wanted.auto_renew ?? false,
    start: wanted.start ?? true,
    renew_price: (price?.renewPrice ?? 0n).toString(),
  };
}
