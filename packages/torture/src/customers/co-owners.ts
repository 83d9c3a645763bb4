// Co-owners: customers who share a few things of one account and do to them at once all that has a price. They buy,
// upgrade, renew singly and in bulk, replace, top up, ask for quotes and buy at them, while the things renew themselves
// and run out. Several act at a time, and none waits for another. The model of prices judges what they were charged.
import type { Product } from '@lumi/shared/contract';
import type { Random } from '../random';
import type { Buyer } from '../system/accounts';
import type { System } from '../system/system';
import { pause, soon } from '../waiting';
import type { Answer } from './answer';
import type { Asking } from './asking';
import { batchOf } from './bulk-customer';
import { unremembered, type About, type BuyerRequest, type GatewayClient, type History } from './client';
import {
  RUNS_OUT_MS,
  SHARED,
  type Looking,
  type SharedProduct,
  type SharedRequest,
  type SharedThing,
  type ThingKind,
} from './shared-things';

const MONEY = 1_000_000 * 10_000;
const AT_ONCE = 2;
const THINGS_MAX = 5;
const QUOTES_MAX = 12;
/** A worker looks every second. */
const RENEWS_ITSELF_MS = 5_000;
const SOON_MS = 20_000;
const SOON_EVERY_MS = 100;

/** A key of one product, and what its co-owners share of it. */
export interface SharedAccount {
  readonly buyer: Buyer;
  readonly things: SharedThing[];
  readonly quotes: { readonly id: string; readonly request: SharedRequest }[];
}

/** How a state that a run requires comes about: a thing of this kind, and what is done to it. */
export interface WayToState {
  readonly kind: ThingKind;
  readonly action: string | null;
}

interface CoOwnersOptions {
  readonly system: System;
  readonly history: History;
  readonly gateways: GatewayClient;
  readonly customers: Asking;
  readonly account: SharedAccount;
  readonly random: Random;
}

/** One account with a key for each product. */
export async function makeSharedAccounts(system: System): Promise<SharedAccount[]> {
  const accounts: SharedAccount[] = [];
  for (const product of system.products) {
    const account = accounts[0]?.buyer;
    const buyer = await system.makeBuyer({ name: 'co-owner', money: MONEY, product, account });
    accounts.push({ buyer, things: [], quotes: [] });
  }
  return accounts;
}

export class CoOwners implements Looking {
  readonly system: System;
  readonly history: History;
  readonly account: SharedAccount;
  private readonly customers: Asking;
  private readonly gateways: GatewayClient;
  private readonly random: Random;
  private readonly shared: SharedProduct;

  constructor({ system, history, gateways, customers, account, random }: CoOwnersOptions) {
    this.system = system;
    this.history = history;
    this.gateways = gateways;
    this.customers = customers;
    this.account = account;
    this.random = random;
    this.shared = SHARED[account.buyer.product];
  }

  get product(): Product {
    return this.account.buyer.product;
  }

  /** Brings a required state about on purpose. */
  async reach({ kind, action }: WayToState): Promise<void> {
    const { random } = this;
    // The others get it afterwards: they would renew it before its time.
    const thing = await this.buy(random, kind, kind !== 'runs out' && kind !== 'renews itself');
    if (thing === undefined) return;
    if (kind === 'runs out') await pause(RUNS_OUT_MS + 1_500); // it ends with a whole second
    if (kind === 'renews itself') await pause(RENEWS_ITSELF_MS);
    if (action === 'in bulk') await this.renewInBulk(random);
    else if (action === 'at a quote') {
      await this.quote(random, thing);
      await this.buyAtQuote(random);
    } else if (action !== null) await this.do(action, random, thing);
    this.share(thing);
  }

  /** Until the customers go home. */
  async work(): Promise<void> {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => this.loop(this.random.stream(`co-owner-${i}`))));
  }

  private async loop(random: Random): Promise<void> {
    const { things } = this.account;
    while (!this.customers.isOver) {
      const isFull = things.length >= THINGS_MAX;
      await random.weighted<() => Promise<unknown>>([
        [things.length === 0 ? 100 : isFull ? 1 : 2, () => this.buy(random)],
        ...Object.entries(this.shared.actions).map(
          ([name, { weight }]) => [weight, () => this.do(name, random)] as const,
        ),
        [4, () => this.quote(random)],
        [5, () => this.buyAtQuote(random)],
        [2, () => this.renewInBulk(random)],
      ])();
      await pause(random.between(50, 400));
    }
  }

  private async buy(
    random: Random,
    kind = random.pick(this.shared.kinds),
    isShared = true,
  ): Promise<SharedThing | undefined> {
    const reference = this.customers.label();
    const request = this.ask(this.shared.path, { ...this.shared.body(reference, kind), reference }, { reference });
    await this.customers.insist(request, random);
    const thing = await this.shared.take(this, reference, kind);
    if (thing !== undefined && isShared) this.share(thing);
    return thing;
  }

  /** The oldest makes room for it: nobody can renew one thing for ever. */
  private share(thing: SharedThing): void {
    const { things } = this.account;
    if (things.includes(thing)) return;
    things.push(thing);
    if (things.length > THINGS_MAX) things.shift();
  }

  private async do(name: string, random: Random, thing = this.pick(random)): Promise<void> {
    const action = this.shared.actions[name];
    if (action === undefined) throw new Error(`co-owners of ${this.product} do not know how to ${name}`);
    const request = thing === undefined ? null : await action.request(this, thing, random);
    if (request !== null) await this.customers.insist(this.ask(request.path, request.body), random);
  }

  private async quote(random: Random, thing = this.pick(random)): Promise<void> {
    if (thing === undefined) return;
    const quotable = Object.values(this.shared.actions).flatMap(({ request, quoted }) =>
      quoted === undefined ? [] : [{ request, quoted }],
    );
    const chosen = random.pick(quotable);
    const request = await chosen.request(this, thing, random);
    if (request === null) return;
    const { operation, item } = chosen.quoted(thing, request);
    const made = await this.gateways.send(this.quoteRequest(operation, item), random.between(0, 1));
    const id = made.json?.id;
    if (made.status !== 201 || id === undefined) return;
    const { quotes } = this.account;
    quotes.push({ id, request });
    if (quotes.length > QUOTES_MAX) quotes.shift();
  }

  quoteRequest(operation: string, item: object): BuyerRequest {
    const { buyer } = this.account;
    return this.history.request({
      buyer,
      path: '/quotes',
      body: { operation, items: [item] },
      about: { what: 'quote' },
    });
  }

  /** Perhaps much later, and perhaps not by the one who asked for it. */
  private async buyAtQuote(random: Random): Promise<void> {
    const { quotes } = this.account;
    const [quote] = quotes.length === 0 ? [] : quotes.splice(random.between(0, quotes.length - 1), 1);
    if (quote === undefined) return;
    const { path, body } = quote.request;
    await this.customers.insist(this.ask(path, { ...body, quote_id: quote.id }), random);
  }

  private async renewInBulk(random: Random): Promise<void> {
    const items: object[] = [];
    for (const thing of this.account.things) items.push(...(await this.shared.bulkItems(this, thing, random)));
    if (items.length === 0) return;
    const refs = items.map((_, i) => `${i}`);
    const body = { items: items.map((item, i) => ({ ...item, ref: `${i}` })) };
    const request = this.ask(this.shared.bulkRenewPath, body, { what: 'bulk', refs });
    await this.customers.insist(request, random);
    const batchId = batchOf(request);
    if (batchId !== undefined) this.history.batches.set(batchId, { buyer: this.account.buyer, refs });
  }

  /** A request of theirs, under a new key. */
  ask(path: string, body: object, about: Partial<About> = {}): BuyerRequest {
    return this.history.request({
      buyer: this.account.buyer,
      path,
      body,
      key: this.customers.key(),
      about: { what: 'shared', ...about },
    });
  }

  async read(path: string): Promise<Answer | null> {
    const request = unremembered({ buyer: this.account.buyer, method: 'GET', path });
    const send = await this.gateways.send(request, this.random.between(0, 1));
    return send.status === 200 ? (send.json ?? null) : null;
  }

  soon<T>(find: () => Promise<T | undefined>, limitMs = SOON_MS): Promise<T | undefined> {
    return soon(find, limitMs * this.system.stretch, SOON_EVERY_MS);
  }

  private pick(random: Random): SharedThing | undefined {
    const { things } = this.account;
    return things.length === 0 ? undefined : random.pick(things);
  }
}
