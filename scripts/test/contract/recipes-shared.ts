// Recipes of the operations of every product. What a product sells for them is in its own recipes.
import { signedByCryptoPay } from './crypto-pay';
import { webhookRecipes } from './recipes-webhooks';
import type { Recipes, World } from './world';

/** A purchase of this product that ends at once, one with an outcome that stays unknown, and a bulk. */
export interface Goods {
  readonly path: string;
  readonly body: (world: World) => object;
  readonly undecided: (world: World) => object;
  readonly bulkPath: string;
  readonly item: (world: World) => object;
  readonly failing: (world: World) => object;
  /** One that the supplier made without an answer to us. */
  readonly untold: (world: World) => object;
}

/** The supplier's longest time for an action. */
const MADE_MS = 5_000;

interface Listed {
  readonly items: readonly { readonly id: string }[];
}

const first = async (world: World, path: string): Promise<string> =>
  (await world.get<Listed>(path)).items[0]?.id ?? 'none';
const deposit = (world: World): Promise<{ id: string; pay_url: string }> =>
  world.pay('/deposits', { amount_usd: '5', provider: 'sandbox' });
const token = async (world: World): Promise<string> =>
  new URL((await deposit(world)).pay_url).pathname.split('/').at(-1) ?? '';
const user = (world: World): Promise<string> =>
  world.once(
    'user',
    async () => (await world.administer<{ user_id: string }>('POST', '/admin/users', { name: 'Contract Ltd' })).user_id,
  );
const key = async (world: World): Promise<string> =>
  (
    await world.administer<{ id: string }>('POST', '/admin/keys', {
      user_id: await user(world),
      type: 'reseller',
      scopes: [`${world.product}:read`],
    })
  ).id;

export function sharedRecipes(goods: Goods): Recipes {
  const bought = (world: World): Promise<{ order: { id: string } }> =>
    world.once('bought', async () => {
      const { order, operation_id: operation = '' } = await world.pay<{
        order?: { id: string };
        operation_id?: string;
      }>(goods.path, goods.body(world), 'contract-bought-0001');
      await world.settle();
      return { order: order ?? { id: operation.replace('op_', 'ord_') } };
    });
  const open = async (world: World, body: object): Promise<{ id: string }> => ({
    id: (await world.pay<{ operation_id: string }>(goods.path, body)).operation_id,
  });
  const undecided = (world: World): Promise<{ id: string }> => open(world, goods.undecided(world));
  const batch = async (
    world: World,
    item: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ batch_id: string }> => {
    const { status, body, text } = await world.lumi.send('POST', `${world.base}${goods.bulkPath}`, {
      key: world.who.key,
      idempotencyKey: world.fresh('contract-batch'),
      body: JSON.stringify({ items: [item] }),
      headers: headers ?? {},
    });
    if (status !== 202) throw new Error(`the batch was answered ${String(status)}: ${text}`);
    return { batch_id: (body as { batch_id: string }).batch_id };
  };
  const LATER = { prefer: 'respond-async' };
  return {
    'list-batches': {
      call: async (world) => {
        await world.once('batch', () => batch(world, goods.item(world), LATER));
        return {};
      },
    },
    'get-batch': {
      call: async (world) => ({ params: await world.once('batch', () => batch(world, goods.item(world), LATER)) }),
    },
    'cancel-batch': { call: async (world) => ({ params: await batch(world, goods.item(world), LATER) }) },
    'retry-batch': {
      isFree: true,
      call: async (world) => {
        const params = await batch(world, goods.failing(world), LATER);
        await world.settle();
        return { params, body: {} };
      },
    },
    'forecast-renewals': { call: () => ({}) },
    'get-auto-renew-settings': { call: () => ({}) },
    'update-auto-renew-settings': {
      call: () => ({ body: { monthly_cap_usd: '500.00', priority: 'soonest', priority_tags: ['client-a'] } }),
    },
    'get-me': { call: () => ({}) },
    'update-balance': { call: () => ({ body: { low_balance_usd: '25.00' } }) },
    'get-balance': {
      call: async (world) => {
        await bought(world);
        return {};
      },
    },
    'list-transactions': {
      call: async (world) => {
        await bought(world);
        return {};
      },
      also: [{ what: 'as a table', call: () => ({ query: { format: 'csv' } }), status: 200 }],
    },
    'get-transaction': {
      call: async (world) => {
        await bought(world);
        return { params: { id: await first(world, '/transactions') } };
      },
    },
    'list-orders': {
      call: async (world) => {
        await bought(world);
        return {};
      },
    },
    'get-order': { call: async (world) => ({ params: { id: (await bought(world)).order.id } }) },
    'list-operations': {
      call: async (world) => {
        await bought(world);
        return {};
      },
    },
    'get-operation': {
      call: async (world) => ({ params: { id: (await bought(world)).order.id.replace('ord_', 'op_') } }),
    },
    'forget-operation-secret': {
      call: async (world) => ({ params: { id: (await bought(world)).order.id.replace('ord_', 'op_') } }),
    },
    'find-request': {
      call: async (world) => {
        await bought(world);
        return { query: { idempotency_key: 'contract-bought-0001' } };
      },
    },
    'get-request': {
      open: ['idempotency_key'],
      call: async (world) => {
        await bought(world);
        return { params: { idempotency_key: 'contract-bought-0001' } };
      },
      also: [
        {
          what: 'a key that was never used',
          call: () => ({ params: { idempotency_key: 'never-used-0001' } }),
          status: 200,
        },
      ],
    },
    'list-events': {
      call: async (world) => {
        await bought(world);
        return {};
      },
    },
    'get-event': {
      call: async (world) => {
        await bought(world);
        return { params: { id: await first(world, '/events') } };
      },
    },
    'acknowledge-event': {
      call: async (world) => {
        await bought(world);
        return { body: { consumer: 'erp', event_id: await first(world, '/events') } };
      },
      also: [
        {
          what: 'of an event that nobody has',
          call: () => ({ body: { consumer: 'erp', event_id: 'evt_unknown' } }),
          status: 404,
        },
      ],
    },
    'list-event-consumers': { call: () => ({}) },
    'delete-event-consumer': {
      call: async (world) => {
        await bought(world);
        const consumer = `of-${world.who.accountId}`;
        await world.send('POST', '/events/ack', { consumer, event_id: await first(world, '/events') });
        return { params: { consumer } };
      },
    },
    ...webhookRecipes,
    'list-errors': { call: () => ({}) },
    'list-event-types': { call: () => ({}) },
    'get-openapi': { call: () => ({}) },
    'list-deposit-providers': { call: () => ({}) },
    'list-deposits': {
      call: async (world) => {
        await deposit(world);
        return {};
      },
    },
    'create-deposit': { isFree: true, status: 201, call: () => ({ body: { amount_usd: '5', provider: 'sandbox' } }) },
    'get-deposit': { call: async (world) => ({ params: { id: (await deposit(world)).id } }) },
    'cancel-deposit': { call: async (world) => ({ params: { id: (await deposit(world)).id } }) },
    'take-payment-webhook': {
      status: 401,
      call: () => ({ params: { provider: 'cryptobot' }, body: { update_type: 'invoice_paid' } }),
      also: [
        {
          what: 'a genuine one',
          call: () => ({ params: { provider: 'cryptobot' }, ...signedByCryptoPay({ update_type: 'something_new' }) }),
          status: 200,
        },
      ],
    },
    'show-sandbox-pay-page': { call: async (world) => ({ params: { token: await token(world) } }) },
    'pay-sandbox-invoice': { call: async (world) => ({ params: { token: await token(world) } }) },
    'list-users': {
      call: async (world) => {
        await user(world);
        return {};
      },
    },
    'create-user': { call: () => ({ body: { name: 'Example Ltd' } }) },
    'get-user': { call: async (world) => ({ params: { user_id: await user(world) } }) },
    'adjust-user': {
      isFree: true,
      call: async (world) => ({
        params: { user_id: await user(world) },
        body: { amount_usd: '25.00', reason: 'Welcome credit' },
      }),
    },
    'list-audit-log': {
      call: async (world) => {
        await key(world);
        return {};
      },
    },
    'list-keys': {
      call: async (world) => {
        await key(world);
        return {};
      },
    },
    'issue-key': {
      call: async (world) => ({
        body: {
          user_id: await user(world),
          type: 'reseller',
          scopes: [`${world.product}:read`, `${world.product}:buy`],
          daily_cap_usd: '50',
          signing: 'v1',
        },
      }),
    },
    'get-key': { call: async (world) => ({ params: { id: await key(world) } }) },
    'revoke-key': { call: async (world) => ({ params: { id: await key(world) } }) },
    'roll-key': { call: async (world) => ({ params: { id: await key(world) }, body: { overlap_seconds: 3_600 } }) },
    'check-ledger': { call: () => ({}) },
    'list-open-operations': {
      call: async (world) => {
        await world.once('undecided', () => undecided(world));
        return {};
      },
    },
    'retry-operation': { status: 202, call: async (world) => ({ params: await undecided(world), body: {} }) },
    'mark-operation-done': {
      status: 200,
      call: async (world) => {
        const params = await open(world, goods.untold(world));
        await world.lumi.passTime(MADE_MS);
        return { params, body: { reason: 'They confirmed by phone.', supplier_ref: 'REG-1' } };
      },
    },
    'fail-operation': {
      status: 200,
      call: async (world) => ({ params: await undecided(world), body: { reason: 'They have no trace of it.' } }),
    },
    'list-breaches': { call: () => ({}) },
  };
}
