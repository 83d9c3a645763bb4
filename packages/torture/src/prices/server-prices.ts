// What servers cost. The model keeps what is paid for each: its stretches of time and its plan.
import {
  ceilDiv,
  DAY_MS,
  days,
  found,
  min,
  sum,
  unitsOf,
  type Catalogue,
  type CostsOf,
  type EffectsOf,
  type Plan,
  type PlanPrice,
} from './catalogue';

export interface ServerPurchases {
  server_create: { server: string; plan: string; location: string; months: number; paidAt: number };
  server_renew: { server: string; months: number };
  server_resize: { server: string; plan: string };
}

interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly months: number;
}

interface Server {
  readonly location: string;
  plan: string;
  /** The period that was paid last. */
  months: number;
  anchorDay: number;
  stretches: Stretch[];
}

export class ServerPrices {
  private readonly plans: ReadonlyMap<string, Plan>;
  private readonly servers = new Map<string, Server>();

  constructor({ plans }: Pick<Catalogue, 'plans'>) {
    this.plans = new Map(plans.map((plan) => [plan.id, plan]));
  }

  readonly costs: CostsOf<ServerPurchases> = {
    server_create: ({ plan, location, months }) => {
      const price = this.price(plan, location, months);
      return { units: unitsOf(price.price_usd) + unitsOf(price.setup_usd) };
    },
    server_renew: ({ server, months }) => {
      const { plan, location } = this.server(server);
      return { units: unitsOf(this.price(plan, location, months).renew_price_usd) };
    },
    /**
     * Each stretch of paid time at the difference of its own period's renewal prices, for the days that are left of it;
     * a begun day counts whole.
     */
    server_resize: ({ server, plan }, at) => {
      const { plan: before, location, stretches } = this.server(server);
      if (this.expiryOf(server) <= at) return { refused: 'nothing is left of what is paid' };
      const parts = stretches
        .filter(({ until }) => until > at)
        .map(({ from, until, months }) => {
          const difference =
            unitsOf(this.price(plan, location, months).renew_price_usd) -
            unitsOf(this.price(before, location, months).renew_price_usd);
          return { share: difference * min(days(until - at), days(until - from)), whole: days(until - from) };
        });
      if (parts.some(({ share }) => share < 0n)) return { refused: 'the plan is smaller' };
      return { units: sum(parts.map(({ share, whole }) => ceilDiv(share, whole))) };
    },
  };

  readonly effects: EffectsOf<ServerPurchases> = {
    server_create: ({ server, plan, location, months, paidAt }) => {
      this.servers.set(server, {
        plan,
        location,
        months,
        anchorDay: new Date(paidAt).getUTCDate(),
        stretches: [{ from: paidAt, until: addMonths(paidAt, months), months }],
      });
    },
    server_renew: ({ server, months }) => {
      const known = this.server(server);
      const from = this.expiryOf(server);
      known.months = months;
      known.stretches.push({ from, until: addMonths(from, months, known.anchorDay), months });
    },
    server_resize: ({ server, plan }) => {
      this.server(server).plan = plan;
    },
  };

  has(server: string): boolean {
    return this.servers.has(server);
  }

  /** In months: the period that was paid last. */
  periodOf(server: string): number {
    return this.server(server).months;
  }

  expiryOf(server: string): number {
    return found(this.server(server).stretches.at(-1), `paid time of ${server}`).until;
  }

  /** As if it had been bought so that its first period ends at `until`. */
  age(server: string, until: number): void {
    const known = this.server(server);
    known.anchorDay = new Date(until).getUTCDate();
    known.stretches = [{ from: addMonths(until, -known.months), until, months: known.months }];
  }

  private server(id: string): Server {
    return found(this.servers.get(id), `server ${id}`);
  }

  private plan(id: string): Plan {
    return found(this.plans.get(id), `plan ${id}`);
  }

  private price(plan: string, location: string, months: number): PlanPrice {
    return found(
      this.plan(plan).prices.find((price) => price.location_id === location && price.period_months === months),
      `price of ${plan} in ${location} for ${months} months`,
    );
  }
}

/**
 * Calendar months in UTC; a day that the month does not have is its last. `anchorDay`: the day that is meant, whatever
 * the month before had.
 */
function addMonths(at: number, months: number, anchorDay = new Date(at).getUTCDate()): number {
  const date = new Date(at);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0)).getUTCDate();
  return first + (Math.min(anchorDay, lastDay) - 1) * DAY_MS + (at % DAY_MS);
}
