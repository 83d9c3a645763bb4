// Another plan or another length from the next period on. The change is free: the renewal that begins the period is
// priced by it, and the machine is changed when the period begins.
import { fromStep, rider } from '@lumi/shared/db';
import { formatUsd } from '@lumi/shared/money';
import { thingSold, viewOrder, type AnyThingSold, type JsonObject, type ThingSold } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import { termsOfServer } from './terms-now';

export interface NextPeriodItem extends JsonObject {
  readonly server_id: string;
  readonly hostname: string;
  /** Null: the plan stays. */
  readonly next_plan_id: string | null;
  /** Null: the length stays. */
  readonly next_period_months: number | null;
  readonly plan_id: string;
  readonly period_months: number;
  readonly starts_at: string;
  /** Units as text. */
  readonly renew_price: string;
}

export function serverNextPeriod(): ThingSold<NextPeriodItem, JsonObject> & AnyThingSold {
  return thingSold<NextPeriodItem, JsonObject>({
    kind: 'server_next_period',
    describe: ({ item }) =>
      `Next period of server ${item.hostname}: ${item.plan_id}, ${String(item.period_months)} month(s)`,
    act: () => Promise.resolve({ kind: 'done', result: {} }),
    lookUp: () => Promise.resolve({ kind: 'done', result: {} }),
    termsNow: ({ item }, at) =>
      termsOfServer(item.server_id, at, ['state_to_renew', 'plan_id', 'location_id', 'expires_at']),
    deliver: ({ item }) => [
      rider`
      UPDATE vps.server SET next_plan_id = ${item.next_plan_id}::text,
        next_period_months = ${item.next_period_months}::int ${fromStep('settled')} AND id = ${item.server_id}`,
    ],
    answer: (order) => ({
      status: 200,
      body: {
        server_id: order.item.server_id,
        plan_id: order.item.plan_id,
        period_months: order.item.period_months,
        starts_at: order.item.starts_at,
        renew_price_usd: formatUsd(BigInt(order.item.renew_price)),
        order: viewOrder(order),
      },
    }),
    events: (order) => [
      {
        type: 'server.next_period_set',
        subject: order.item.server_id,
        data: {
          server_id: order.item.server_id,
          order_id: order.id,
          plan_id: order.item.plan_id,
          period_months: order.item.period_months,
          starts_at: isoSeconds(new Date(order.item.starts_at)),
        },
      },
    ],
  });
}
