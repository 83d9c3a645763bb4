// What the supplier has and has sold: plans, their proxies, and replacements.
import { randomBytes } from 'node:crypto';

export type CountMap = Readonly<Record<string, number>>;

export interface SoldProxy {
  readonly id: string;
  readonly planId: number;
  readonly country: string;
  readonly username: string;
  readonly password: string;
  readonly createdAt: string;
  readonly address: string;
  readonly port: number;
  isValid: boolean;
}

export interface Plan {
  readonly id: number;
  readonly note: string;
  readonly countries: CountMap;
  readonly createdAt: string;
  status: 'active' | 'cancelled';
  /** How often its list is still asked for before it is ready. */
  readsUntilReady: number;
  proxies: SoldProxy[];
}

export interface Replacement {
  readonly id: number;
  readonly planId: number;
  readonly note: string;
  readonly isDryRun: boolean;
  readonly removed: readonly string[];
  readonly createdAt: string;
  state: 'validating' | 'validated' | 'processing' | 'completed' | 'failed';
}

export interface Replaced {
  readonly id: number;
  readonly planId: number;
  readonly replacementId: number | null;
  readonly reason: 'proxy_replaced' | 'auto_invalidated';
  readonly from: SoldProxy;
  readonly to: SoldProxy;
}

/** Opens an endpoint for a proxy, and says at which port; and closes it. */
export interface Endpoints {
  open(proxy: Omit<SoldProxy, 'port'>): Promise<number>;
  close(address: string): Promise<void>;
}

export class Stock {
  readonly plans: Plan[] = [];
  readonly replacements: Replacement[] = [];
  readonly replaced: Replaced[] = [];
  private readonly left: Map<string, number>;
  private made = 0;

  constructor(
    countries: CountMap,
    private readonly endpoints: Endpoints,
    private readonly now: () => Date,
  ) {
    this.left = new Map(Object.entries(countries));
  }

  available(): CountMap {
    return Object.fromEntries(this.left);
  }

  /** Delivers what there is, `fewer` less than that. */
  async purchase(note: string, countries: CountMap, fewer: number, readsUntilReady: number): Promise<Plan> {
    const plan: Plan = {
      id: this.plans.length + 1,
      note,
      countries,
      createdAt: this.now().toISOString(),
      status: 'active',
      readsUntilReady,
      proxies: [],
    };
    this.plans.push(plan);
    let missing = fewer;
    for (const [country, count] of Object.entries(countries))
      for (let i = 0; i < count; i += 1) {
        if (missing > 0) missing -= 1;
        else if ((this.left.get(country) ?? 0) > 0) plan.proxies.push(await this.make(plan.id, country));
      }
    return plan;
  }

  async cancel(plan: Plan): Promise<void> {
    if (plan.status === 'cancelled') return;
    plan.status = 'cancelled';
    for (const proxy of plan.proxies) await this.giveBack(proxy);
  }

  /** All of them or none. */
  async replace(replacement: Replacement, countries: readonly string[]): Promise<void> {
    const plan = this.plans.find(({ id }) => id === replacement.planId);
    const olds = plan?.proxies.filter(({ address }) => replacement.removed.includes(address)) ?? [];
    const isStocked = countries.every(
      (country) => (this.left.get(country) ?? 0) >= countries.filter((one) => one === country).length,
    );
    if (plan === undefined || olds.length !== countries.length || !isStocked) {
      replacement.state = 'failed';
      return;
    }
    if (replacement.isDryRun) {
      replacement.state = 'validated';
      return;
    }
    for (const [i, old] of olds.entries())
      await this.exchange(plan, old, countries[i] ?? old.country, replacement.id, 'proxy_replaced');
    replacement.state = 'completed';
  }

  /** Without a request: the supplier found the address to be bad. */
  async changeByItself(address: string): Promise<string> {
    const plan = this.plans.find(({ proxies }) => proxies.some((one) => one.address === address));
    const old = plan?.proxies.find((one) => one.address === address);
    if (plan === undefined || old === undefined) throw new Error(`no proxy has the address ${address}`);
    return (await this.exchange(plan, old, old.country, null, 'auto_invalidated')).address;
  }

  private async exchange(
    plan: Plan,
    old: SoldProxy,
    country: string,
    replacementId: number | null,
    reason: Replaced['reason'],
  ): Promise<SoldProxy> {
    const fresh = await this.make(plan.id, country);
    plan.proxies = [...plan.proxies.filter((one) => one !== old), fresh];
    this.replaced.push({ id: this.replaced.length + 1, planId: plan.id, replacementId, reason, from: old, to: fresh });
    await this.giveBack(old);
    return fresh;
  }

  /** Addresses of this machine (Linux: all of 127.0.0.0/8), each sold once. */
  private async make(planId: number, country: string): Promise<SoldProxy> {
    this.left.set(country, (this.left.get(country) ?? 0) - 1);
    this.made += 1;
    const address = `127.80.${String(Math.floor(this.made / 250))}.${String(1 + (this.made % 250))}`;
    const proxy = {
      id: `d-${String(10_000 + this.made)}`,
      planId,
      country,
      address,
      username: `u${randomBytes(6).toString('hex')}`,
      password: randomBytes(9).toString('hex'),
      createdAt: this.now().toISOString(),
      isValid: true,
    };
    // The endpoint reads the login from the same object.
    return Object.assign(proxy, { port: await this.endpoints.open(proxy) });
  }

  private async giveBack(proxy: SoldProxy): Promise<void> {
    this.left.set(proxy.country, (this.left.get(proxy.country) ?? 0) + 1);
    await this.endpoints.close(proxy.address);
  }
}
