// What customers heard once and for all is held against the rows.
import type { Fact, History } from '../customers/client';
import type { System } from '../system/system';
import type { Breach } from './breach';

const STATE_SHOWN: Readonly<Record<string, string>> = {
  captured: 'completed',
  released: 'failed',
  acting: 'processing',
  pending: 'processing',
};

interface OrderRow {
  readonly id: string;
  readonly state: string;
  readonly charged: string | null;
}

interface StateRow {
  readonly id: string;
  readonly state: string;
}

interface RenewalRow {
  readonly name: string;
  readonly expires_at: Date;
  readonly times: number;
}

interface Rows {
  readonly orders: ReadonlyMap<string, OrderRow>;
  readonly deposits: ReadonlyMap<string, StateRow>;
  /** Of orders and of operations. */
  readonly works: ReadonlyMap<string, StateRow>;
  readonly renewals: ReadonlyMap<string, RenewalRow>;
}

export async function judgeFacts(system: System, history: History): Promise<Breach[]> {
  const rows = await readRows(system);
  return history.facts.flatMap((fact) => breachOf(fact, rows) ?? []);
}

async function readRows(system: System): Promise<Rows> {
  const { rows: orders } = await system.query<OrderRow>('SELECT id, state, charged FROM platform.orders');
  const { rows: deposits } = await system.query<StateRow>('SELECT id, state FROM platform.deposit');
  const { rows: operations } = await system.query<StateRow>('SELECT id, state FROM platform.operation');
  const { rows: renewals } = await system.query<RenewalRow>(`
    SELECT d.name, d.expires_at, count(o.id)::int AS times FROM domains.domain d LEFT JOIN platform.orders o
      ON o.subject = d.name AND o.kind = 'domain_renew' AND o.idem_scope = 'auto' AND o.state = 'captured'
    WHERE d.auto_renew GROUP BY d.name, d.expires_at`);
  const byId = <T extends { readonly id: string }>(list: readonly T[]) => new Map(list.map((row) => [row.id, row]));
  return {
    orders: byId(orders),
    deposits: byId(deposits),
    works: byId<StateRow>([...orders, ...operations]),
    renewals: new Map(renewals.map((row) => [row.name, row])),
  };
}

function breachOf(fact: Fact, rows: Rows): Breach | null {
  switch (fact.kind) {
    case 'broken':
      return { rule: 'every answer a customer saw is still true', subject: 'client', detail: fact.text };
    case 'order':
      return orderBreach(fact, rows.orders.get(fact.id));
    case 'decided': {
      const state = rows.works.get(fact.id)?.state;
      return state !== undefined && fact.state.includes(state)
        ? null
        : {
            rule: 'what an operator decided stays decided',
            subject: fact.id,
            detail: `decided ${fact.state.join(' or ')}, is ${state ?? 'unknown'}`,
          };
    }
    case 'renews': {
      const renewed = rows.renewals.get(fact.domain);
      return renewed?.times === 1 && renewed.expires_at > fact.from
        ? null
        : {
            rule: 'what renews itself is renewed once',
            subject: fact.domain,
            detail:
              `renewed ${renewed?.times ?? 0} times from ${fact.from.toISOString()}, expires ` +
              (renewed?.expires_at.toISOString() ?? 'never'),
          };
    }
    case 'credited':
    case 'paid': {
      const state = rows.deposits.get(fact.id)?.state;
      return state === 'credited'
        ? null
        : {
            rule: 'a payment that was confirmed to the payer is credited',
            subject: fact.id,
            detail: `told ${fact.kind}, is ${state ?? 'unknown'}`,
          };
    }
    case 'aged':
      return null; // for the model of prices
  }
}

function orderBreach(fact: Extract<Fact, { kind: 'order' }>, order: OrderRow | undefined): Breach | null {
  const isCharge = () => Math.round(Number(fact.captured) * 10_000) === Number(order?.charged ?? 0);
  const isTrue =
    order !== undefined &&
    (fact.state === null || (STATE_SHOWN[order.state] === fact.state && (fact.captured === undefined || isCharge())));
  return isTrue
    ? null
    : {
        rule: 'every answer a customer saw is still true',
        subject: fact.id,
        detail:
          `told ${fact.state ?? 'accepted'} ${fact.captured ?? ''}, is ${order?.state ?? 'unknown'} ` +
          (order?.charged ?? ''),
      };
}
