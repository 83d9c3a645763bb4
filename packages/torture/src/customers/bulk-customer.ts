// Customers who buy in bulk: at once and as batches, polled, cancelled in the middle, tried again; purchases and
// renewals alike.
import type { Random } from '../random';
import type { Buyer } from '../system/accounts';
import { pause } from '../waiting';
import type { Answer } from './answer';
import type { Asking } from './asking';
import type { BuyerRequest, GatewayClient, History, Send } from './client';
import { SHOPS, type Shop } from './shops';

const POLL_LIMIT = 12;

interface BulkCustomerOptions {
  readonly customers: Asking;
  readonly gateways: GatewayClient;
  readonly history: History;
  readonly random: Random;
  readonly buyer: Buyer;
}

interface BulkItem {
  readonly ref: string;
}

export class BulkCustomer {
  private readonly shop: Shop;

  constructor(private readonly options: BulkCustomerOptions) {
    this.shop = SHOPS[options.buyer.product];
  }

  async work(): Promise<void> {
    const { random, customers } = this.options;
    while (!customers.isOver) {
      await random.weighted([
        [4, () => this.buy(random.between(2, 6))],
        [5, () => this.buy(random.between(11, 24))],
        [4, () => this.renew()],
      ])();
      await pause(random.between(100, 500));
    }
  }

  private item(name: string): BulkItem {
    const { random } = this.options;
    const ending = random.chance(0.75) ? undefined : random.pick(this.shop.endings);
    return { ...this.shop.body(name, { ending }), ...{ reference: name }, ref: name };
  }

  private async buy(count: number): Promise<void> {
    const { random, customers } = this.options;
    const items = Array.from({ length: count }, () => this.item(customers.label()));
    const [first] = items;
    // The same thing twice in one bulk.
    if (first !== undefined && random.chance(0.3)) items.push({ ...first, ref: `${first.ref}-again` });
    const extra = random.weighted<object>([
      [6, {}],
      [1, { on_error: 'stop' }],
      [1, { max_total_usd: '3.00' }],
    ]);
    await this.follow(await this.send(this.shop.bulkPath, items, extra));
  }

  private async renew(): Promise<void> {
    const { random, customers, buyer } = this.options;
    const chosen = random.shuffled(customers.ownedBy(buyer)).slice(0, random.between(2, 12));
    const items: BulkItem[] = [];
    for (const thing of chosen) {
      const seen = await customers.read(buyer, this.shop.read(thing), random);
      const item = seen.status === 200 ? this.shop.bulkRenewal(thing, seen.json ?? {}) : null;
      if (item !== null) items.push({ ...item, ref: thing.id });
    }
    if (items.length > 0) await this.follow(await this.send(this.shop.bulkRenewPath, items, {}));
  }

  private async send(path: string, items: readonly BulkItem[], extra: object): Promise<BuyerRequest> {
    const { history, customers, buyer, random } = this.options;
    const request = history.request({
      buyer,
      path,
      body: { items, ...extra },
      key: customers.key(),
      about: { what: 'bulk', refs: items.map(({ ref }) => ref) },
    });
    await customers.insist(request, random);
    return request;
  }

  /** What a caller does with a batch: looks, sometimes cancels, and tries again what failed. */
  private async follow(request: BuyerRequest): Promise<void> {
    const { history, customers, buyer, gateways, random } = this.options;
    const batchId = batchOf(request);
    if (batchId === undefined) return;
    history.batches.set(batchId, { buyer, refs: request.about.refs ?? [] });
    if (random.chance(0.2))
      await gateways.send(
        history.request({ buyer, path: `/batches/${batchId}/cancel`, about: { what: 'cancel' } }),
        random.between(0, 1),
      );
    let seen: Send | undefined;
    for (let looks = 0; looks < POLL_LIMIT && !customers.isOver; looks += 1) {
      seen = await customers.read(buyer, `/batches/${batchId}`, random);
      if (seen.status === 200) this.remember(batchId, seen.json ?? {});
      if (seen.status === 200 && seen.json?.finished_at !== null) break;
      await pause(random.between(200, 600));
    }
    const { finished_at: finishedAt = null, failed } = seen?.json ?? {};
    if (finishedAt === null || failed === 0 || !random.chance(0.6)) return;
    const retry = history.request({
      buyer,
      path: `/batches/${batchId}/retry`,
      body: random.chance(0.5) ? {} : { error_codes: ['supplier_error', 'skipped', 'state_conflict'] },
      key: customers.key(),
      about: { what: 'retry' },
    });
    await customers.insist(retry, random);
    noteRetry(history, retry);
  }

  /**
   * An item that is shown as good is good for ever; a batch that is over stays so unless its failed items are tried
   * again.
   */
  private remember(batchId: string, batch: Answer): void {
    const { history, customers, buyer } = this.options;
    for (const { status, result } of batch.items ?? [])
      if (status === 'ok' && result !== undefined) customers.remember(buyer, result);
    const { ok = 0, failed = 0, pending = 0, total = 0 } = batch;
    if (ok + failed + pending !== total)
      history.fact({
        kind: 'broken',
        text: `batch ${batchId} was shown with ${ok} + ${failed} + ${pending} of ${total}`,
      });
    if (batch.status === 'cancelled') history.reached.add('batch cancelled');
    if (batch.status === 'completed' && total > 10) history.reached.add('batch completed');
  }
}

/** The batch that a request made, where an answer named it. */
export function batchOf(request: BuyerRequest): string | undefined {
  return request.sends.find(({ json }) => json?.batch_id !== undefined)?.json?.batch_id;
}

export function noteRetry(history: History, retry: BuyerRequest): void {
  if (retry.sends.some(({ json }) => (json?.retried ?? 0) > 0)) history.reached.add('batch tried again');
}
