// Buying traffic: a new plan with gigabytes of a pool, or more gigabytes for a plan.
import { newId } from '@lumi/shared/contract';
import { fromStep, rider } from '@lumi/shared/db';
import { sealSecret } from '@lumi/shared/keys';
import { thingSold, viewOrder, type AnyThingSold, type LookUp, type Outcome, type Order } from '@lumi/shared/purchase';
import { DAY_MS } from '@lumi/shared/times';
import { orderCredentials } from '../access/credentials';
import { findProduct } from '../catalogue/products';
import { rowOfNewPlan, viewPlan } from '../views/plan-view';
import { insertPlan, termsToTopUp, type NewPlan } from '../store/traffic';
import { networkOf, type AtNetwork } from '../supplier/networks';
import type { TrafficAdded } from '../supplier/proxy-network';
import { withPlanTruth } from '../sync/sync-plan';
import type { ProxyDeps } from '../deps';

export const BYTES_PER_GB = 1_000_000_000;

export interface BuyTrafficItem extends AtNetwork {
  readonly [key: string]: unknown;
  readonly pool: string;
  readonly gb: number;
  readonly period_days: number;
  /** The sealed secret from which the plan's credentials are derived. */
  readonly auth: string;
  readonly label: string | null;
}

export interface TopUpTrafficItem extends AtNetwork {
  readonly [key: string]: unknown;
  readonly plan_id: string;
  readonly network_id: string;
  readonly pool: string;
  readonly gb: number;
  readonly period_days: number;
  readonly note: string | null;
}

interface TrafficResult {
  readonly [key: string]: unknown;
  readonly plan_id: string;
  readonly added: TrafficAdded;
}

export function buyTraffic(deps: ProxyDeps): AnyThingSold {
  return thingSold<BuyTrafficItem, TrafficResult>({
    kind: 'traffic_plan',
    termsNow: 'fixed', // there is no plan yet
    describe: (order) => `${String(order.item.gb)} GB of ${order.item.pool}`,
    act: async (order, signal) =>
      added(
        await deps.networks
          .at(order.item)
          .addTraffic(
            order.id,
            { pool: order.item.pool, networkId: null, bytes: order.item.gb * BYTES_PER_GB, note: order.item.label },
            signal,
          ),
        () => newId('tpl', deps.service.clock.nowMs()),
      ),
    lookUp: async (order, signal) =>
      added(await deps.networks.at(order.item).lookUp<TrafficAdded>(order.id, signal), () =>
        newId('tpl', deps.service.clock.nowMs()),
      ),
    deliver: (order, result) => [insertPlan(newPlan(deps, order, result))],
    answer: (order, result) => {
      const plan = newPlan(deps, order, result);
      return {
        status: 201,
        body: { order: viewOrder(order), plan: viewPlan(rowOfNewPlan(plan), plan.created_at) },
        location: `/traffic-plans/${result.plan_id}`,
      };
    },
    events: (order, result) => [
      {
        type: 'traffic.delivered',
        subject: result.plan_id,
        data: { traffic_plan_id: result.plan_id, order_id: order.id, gb: order.item.gb },
      },
    ],
  });
}

export function topUpTraffic(deps: ProxyDeps): AnyThingSold {
  return thingSold<TopUpTrafficItem, TrafficResult>({
    kind: 'traffic_topup',
    // The price depends on the pool, which a plan never changes, and on what is added.
    termsNow: ({ item }) => termsToTopUp(item.plan_id),
    refusalOfChange: { suspended: 'suspended' },
    describe: (order) => `${String(order.item.gb)} GB of ${order.item.pool}, top-up`,
    act: async (order, signal) =>
      withPlanTruth(
        deps,
        { accountId: order.accountId, planId: order.item.plan_id },
        added(
          await deps.networks.at(order.item).addTraffic(
            order.id,
            {
              pool: order.item.pool,
              networkId: order.item.network_id,
              bytes: order.item.gb * BYTES_PER_GB,
              note: order.item.note,
            },
            signal,
          ),
          () => order.item.plan_id,
        ),
      ),
    lookUp: async (order, signal) =>
      withPlanTruth(
        deps,
        { accountId: order.accountId, planId: order.item.plan_id },
        added(await deps.networks.at(order.item).lookUp<TrafficAdded>(order.id, signal), () => order.item.plan_id),
      ),
    deliver: (order, result) => [
      rider`
      UPDATE proxy.traffic_plan p SET bytes_total = p.bytes_total + ${order.item.gb * BYTES_PER_GB}::bigint,
        expires_at = greatest(p.expires_at, ${extendedTo(order, result)}),
        access_version = p.access_version + 1, updated_at = ${deps.service.clock.now()}
      ${fromStep('settled')} AND p.id = ${order.item.plan_id}`,
    ],
    answer: (order) => ({
      status: 200,
      body: { order: viewOrder(order), traffic_plan_id: order.item.plan_id, gb_added: order.item.gb },
    }),
    events: (order) => [
      {
        type: 'traffic.topped_up',
        subject: order.item.plan_id,
        data: { traffic_plan_id: order.item.plan_id, order_id: order.id, gb: order.item.gb },
      },
    ],
  });
}

function added<K extends Outcome<TrafficAdded> | LookUp<TrafficAdded>>(
  outcome: K,
  planId: () => string,
): Exclude<K, { kind: 'done' }> | Extract<Outcome<TrafficResult>, { kind: 'done' }> {
  // the compiler does not narrow a type parameter
  if (outcome.kind !== 'done') return outcome as Exclude<K, { kind: 'done' }>;
  return {
    kind: 'done',
    result: { plan_id: planId(), added: outcome.result },
    ...(outcome.supplierRef === undefined ? {} : { supplierRef: outcome.supplierRef }),
  };
}

function extendedTo(order: Order<TopUpTrafficItem>, result: TrafficResult): Date {
  return new Date(new Date(result.added.startsAt).getTime() + order.item.period_days * DAY_MS);
}

function newPlan(deps: ProxyDeps, order: Order<BuyTrafficItem>, result: TrafficResult): NewPlan {
  const { item } = order;
  const startsAt = new Date(result.added.startsAt);
  const pair = orderCredentials(deps.service.config.SECRET_RING, order.accountId, item.auth, 0);
  return {
    id: result.plan_id,
    account_id: order.accountId,
    order_id: order.id,
    pool: findProduct(item.pool)?.id ?? item.pool,
    network: networkOf(item),
    network_id: result.added.networkId,
    host: result.added.host,
    port: result.added.port,
    port_socks: result.added.portSocks,
    // User names of plans are unique across all accounts: a data plane knows a customer only by user name.
    username: `${pair.username}${result.plan_id.slice(-6)}`,
    password: sealSecret(deps.service.config.SECRET_RING, result.plan_id, pair.password),
    bytes_total: BigInt(item.gb) * BigInt(BYTES_PER_GB),
    expires_at: new Date(startsAt.getTime() + item.period_days * DAY_MS),
    label: item.label,
    tags: [...order.tags],
    reference: order.reference,
    metadata: order.metadata,
    created_at: startsAt,
  };
}
