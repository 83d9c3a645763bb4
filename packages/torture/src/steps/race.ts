// One race between a price and its hold: the thing it is about, and what both sides do to it.
import type { Product } from '@lumi/shared/contract';
import { ageServer, type ServerRow } from '../customers/ageing';
import type { Answer } from '../customers/answer';
import { codeOf, type BuyerRequest, type Send } from '../customers/client';
import { CoOwners } from '../customers/co-owners';
import { orderBought, serverBought } from '../customers/shared-things';
import { numberOf } from '../customers/shops';
import { nameOfMatch } from '../faults/faults';
import type { Run } from '../run-state';
import { until } from '../waiting';

export const DAY_MS = 86_400_000;
export const MIDDLE_MS = 20.5 * DAY_MS;
export const WAIT_MS = 15_000;

interface ServerOptions {
  /** How long it is still paid for. */
  readonly left?: number;
  /** When it ends, instead. */
  readonly until?: number;
  readonly body?: object;
}

export class Race {
  private readonly coOwners: CoOwners;

  constructor(
    readonly run: Run,
    private readonly product: Product,
  ) {
    const { system, history, gateways, customers } = run;
    const account = run.accounts.find(({ buyer }) => buyer.product === product);
    if (account === undefined) throw new Error(`nobody shares ${product} in this run`);
    const random = run.random.stream('races');
    this.coOwners = new CoOwners({ system, history, gateways, customers, account, random });
  }

  /** In the middle of its time, on plan s1. What is done with it later takes a second. */
  async server({ left = MIDDLE_MS, until: end = Date.now() + left, body = {} }: ServerOptions = {}) {
    const reference = this.run.customers.label();
    const request = this.ask('/servers', {
      plan_id: 's1',
      locations: ['ams'],
      image_id: 'debian-13',
      hostname: `sandbox-action-slow-${numberOf(reference)}.example.com`,
      reference,
      ...body,
    });
    await this.settled(request);
    const server = there(await serverBought(this.run.system, reference), 'the server of the race');
    await ageServer(this.run, server, end);
    this.coOwners.account.things.push({ id: server.id });
    return server;
  }

  /** Once more. The model knows the server by an earlier time already. */
  async age(server: ServerRow, left: number): Promise<void> {
    const { history, system } = this.run;
    const fact = there(
      history.factsOf('aged').find(({ id }) => id === server.id),
      'the earlier time of the server',
    );
    const { rows } = await system.query<ServerRow>('SELECT id, expires_at FROM vps.server WHERE id = $1', [server.id]);
    fact.until = Date.now() + left;
    await ageServer(this.run, there(rows[0], 'the server of the race'), fact.until);
  }

  /** An order of three, and their ids. */
  async proxies(): Promise<{ readonly order: string; readonly proxies: string[] }> {
    const reference = this.run.customers.label();
    await this.settled(
      this.ask('/orders', {
        product_id: 'ipv4',
        items: [{ country: 'US', quantity: 3 }],
        period_days: 30,
        reference,
      }),
    );
    const { id } = there(await orderBought(this.run.system, reference), 'the order of the race');
    this.coOwners.account.things.push({ id, proxies: [] });
    return { order: id, proxies: (await this.live(id)).map((proxy) => proxy.id) };
  }

  async live(orderId: string): Promise<{ readonly id: string; readonly expires_at: string }[]> {
    const { items = [] } = await this.seen(`/proxies?order_id=${orderId}&limit=50`);
    return items.flatMap(({ id, state, expires_at: expiry }) =>
      state === 'active' && id !== undefined && expiry != null ? [{ id, expires_at: expiry }] : [],
    );
  }

  ask(path: string, body: object): BuyerRequest {
    return this.coOwners.ask(path, body);
  }

  reference(): string {
    return `-race-${this.run.customers.label()}-`;
  }

  async renewal({ id }: ServerRow, months: number, more: object = {}): Promise<BuyerRequest> {
    const expiry = await this.expiryOf(id);
    return this.ask(`/servers/${id}/renew`, { current_expires_at: expiry, period_months: months, ...more });
  }

  async expiryOf(server: string): Promise<string | null | undefined> {
    return (await this.seen(`/servers/${server}`)).expires_at;
  }

  /** The id of the quote. */
  async quote(operation: string, item: object): Promise<string | undefined> {
    const request = this.coOwners.quoteRequest(operation, item);
    return (await this.run.customers.untilAnswered(request, (what) => this.missed(what))).json?.id;
  }

  /** Sent, and not waited for longer than its answer takes. */
  async once(request: BuyerRequest): Promise<void> {
    const send = await this.run.gateways.send(request, 0);
    this.run.customers.learn(request, send);
    this.tell(request, send);
  }

  /** Answered, and nothing is open any more on the account. */
  async settled(request: BuyerRequest): Promise<void> {
    const send = await this.run.customers.untilAnswered(request, (what) => this.missed(what));
    this.tell(request, send);
    const { accountId } = this.coOwners.account.buyer;
    const open = "SELECT 1 AS one FROM platform.orders WHERE account_id = $1 AND state IN ('acting', 'pending')";
    if (!(await until(async () => !(await this.isThere(open, accountId))))) this.missed('the end of an order');
  }

  async upgraded(server: ServerRow, plan: string): Promise<void> {
    await this.settled(this.ask(`/servers/${server.id}/actions/resize`, { plan_id: plan }));
  }

  async renewed({ id }: ServerRow): Promise<void> {
    const renewal =
      "SELECT 1 AS one FROM platform.orders WHERE subject = $1 AND kind = 'server_renew' AND state = 'captured'";
    if (!(await until(() => this.isThere(renewal, id)))) this.missed('a renewal by itself');
  }

  /** A worker is held up before its hold of what `match` tells. */
  holdUp(who: string, match: string): void {
    this.run.faults.arm({ who: `${this.product}-${who}`, at: 'before-hold', fault: 'wait', match });
  }

  isHeldUp(match: string): Promise<boolean> {
    return until(() => this.run.faults.reached.has(nameOfMatch(match)), WAIT_MS);
  }

  /** It is held up after its price and before its hold, until `other` is done. */
  async overtaken(request: BuyerRequest, match: string, other: () => Promise<void>): Promise<void> {
    this.holdUp('(server|worker)', match);
    const sent = this.run.gateways.send(request, 0);
    if (!(await this.isHeldUp(match))) {
      this.missed(`before-hold of ${request.path}`);
      return;
    }
    await other();
    this.run.faults.goOn(match);
    await sent;
    await this.settled(request);
  }

  missed(what: string): void {
    this.run.missed.push(what);
  }

  private tell({ path }: BuyerRequest, send: Send): void {
    this.run.note(`${path}: ${send.status ?? send.error} ${codeOf(send) ?? ''}`);
  }

  private async seen(path: string): Promise<Answer> {
    const answer = await this.coOwners.soon(async () => (await this.coOwners.read(path)) ?? undefined);
    return there(answer, `an answer to ${path}`);
  }

  private async isThere(query: string, value: string | null): Promise<boolean> {
    return ((await this.run.system.query(query, [value])).rowCount ?? 0) > 0;
  }
}

function there<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}
