// Customers who buy in bulk: at once and as batches, polled, cancelled in the middle, tried again; purchases and
// renewals alike.
import { codeOf } from './client.mjs';
import { SHOPS, factOf } from './shops.mjs';

const POLL_LIMIT = 12;

export class BulkCustomer {
  /** `workload` gives names, keys and the manner of asking. */
  constructor({ workload, doors, history, random, buyer }) {
    Object.assign(this, { workload, doors, history, random, buyer, shop: SHOPS[buyer.product] });
  }

  async work() {
    const { random } = this;
    while (!this.workload.isOver) {
      await random.weighted([
        [4, () => this.buy(random.between(2, 6))],
        [5, () => this.buy(random.between(11, 24))],
        [4, () => this.renew()],
      ])();
      await pause(random.between(100, 500));
    }
  }

  item(name, isPlain = this.random.chance(0.75)) {
    const ending = isPlain ? undefined : this.random.pick(this.shop.endings);
    return { ...this.shop.body(name, { ending }), reference: name, ref: name };
  }

  async buy(count) {
    const { random, workload } = this;
    const items = Array.from({ length: count }, () => this.item(workload.label()));
    // The same thing twice in one bulk.
    if (random.chance(0.3)) items.push({ ...items[0], ref: `${items[0].ref}-again` });
    const extra = random.weighted([
      [6, {}],
      [1, { on_error: 'stop' }],
      [1, { max_total_usd: '3.00' }],
    ]);
    await this.follow(await this.send(this.shop.bulkPath, { items, ...extra }));
  }

  async renew() {
    const owned = this.workload.ownedBy(this.buyer);
    const chosen = shuffled(owned, this.random).slice(0, this.random.between(2, 12));
    const items = [];
    for (const thing of chosen) {
      const seen = await this.workload.read(this.buyer, this.shop.read(thing), this.random);
      const item = seen.status === 200 ? this.shop.bulkRenewal(thing, seen.json) : null;
      if (item !== null) items.push({ ...item, ref: thing.id });
    }
    if (items.length > 0) await this.follow(await this.send(this.shop.bulkRenewPath, { items }));
  }

  async send(path, body) {
    const request = this.history.request({
      buyer: this.buyer,
      path,
      body,
      key: this.workload.key(),
      about: { what: 'bulk', refs: body.items.map(({ ref }) => ref) },
    });
    await this.workload.insist(request, this.random);
    return request;
  }

  /** What a caller does with a batch: looks, sometimes cancels, and tries again what failed. */
  async follow(request) {
    const batchId = request.sends.find(({ json }) => json?.batch_id !== undefined)?.json.batch_id;
    if (batchId === undefined) return;
    this.history.batches.set(batchId, { buyer: this.buyer, refs: request.about.refs });
    const { random } = this;
    if (random.chance(0.2))
      await this.doors.send(
        this.history.request({ buyer: this.buyer, path: `/batches/${batchId}/cancel`, about: { what: 'cancel' } }),
        random.between(0, 1),
      );
    let seen;
    for (let looks = 0; looks < POLL_LIMIT && !this.workload.isOver; looks += 1) {
      seen = await this.workload.read(this.buyer, `/batches/${batchId}`, random);
      if (seen.status === 200) this.remember(batchId, seen.json);
      if (seen.status === 200 && seen.json.finished_at !== null) break;
      await pause(random.between(200, 600));
    }
    if (seen?.json?.finished_at == null || seen.json.failed === 0 || !random.chance(0.6)) return;
    const retry = this.history.request({
      buyer: this.buyer,
      path: `/batches/${batchId}/retry`,
      body: random.chance(0.5) ? {} : { error_codes: ['supplier_error', 'skipped', 'state_conflict'] },
      key: this.workload.key(),
      about: { what: 'retry' },
    });
    await this.workload.insist(retry, random);
    if (retry.sends.some(({ json }) => json?.retried > 0)) this.history.reached.add('batch tried again');
  }

  /**
   * An item that is told good is good for ever; a batch that is over stays so unless its failed items are tried again.
   */
  remember(batchId, batch) {
    for (const { status, result } of batch.items ?? []) {
      if (status !== 'ok') continue;
      const fact = factOf(result?.order);
      if (fact !== null) this.history.fact(fact);
      this.workload.keep(this.buyer, result);
    }
    if (batch.ok + batch.failed + batch.pending !== batch.total)
      this.history.fact({
        kind: 'broken',
        text: `batch ${batchId} was shown with ${batch.ok} + ${batch.failed} + ${batch.pending} of ${batch.total}`,
      });
    if (batch.status === 'cancelled') this.history.reached.add('batch cancelled');
    if (batch.status === 'completed' && batch.total > 10) this.history.reached.add('batch completed');
  }
}

/** Every batch a customer knows of, as it is told after healing. */
export async function judgeBatches({ history, doors }) {
  const breaches = [];
  const breach = (id, detail) =>
    breaches.push({ rule: 'a batch has one result for every item, and exact counts', subject: id, detail });
  for (const [id, { buyer, refs }] of history.batches) {
    const first = await again(() => doors.send({ buyer, method: 'GET', path: `/batches/${id}`, sends: [] }, 0));
    const other = await again(() => doors.send({ buyer, method: 'GET', path: `/batches/${id}`, sends: [] }, 1));
    const batch = first.json;
    if (first.status !== 200) breach(id, `answered ${first.status ?? first.error} ${codeOf(first) ?? ''}`);
    if (first.status !== 200) continue;
    const items = [...batch.items];
    for (let cursor = batch.next_cursor; cursor != null;) {
      const page = await again(() =>
        doors.send(
          { buyer, method: 'GET', path: `/batches/${id}?cursor=${encodeURIComponent(cursor)}`, sends: [] },
          items.length % 2,
        ),
      );
      if (page.status !== 200) break;
      items.push(...page.json.items);
      cursor = page.json.next_cursor;
    }
    const count = (status) => items.filter((item) => item.status === status).length;
    if (batch.finished_at === null || batch.pending !== 0) breach(id, `is ${batch.status}, ${batch.pending} pending`);
    if (batch.total !== refs.length || items.length !== refs.length)
      breach(id, `${refs.length} items sent, total ${batch.total}, ${items.length} results`);
    if (count('ok') !== batch.ok || count('failed') !== batch.failed)
      breach(id, `counts ${batch.ok} ok, ${batch.failed} failed; items ${count('ok')} ok, ${count('failed')} failed`);
    if (items.some(({ ref }, i) => ref !== refs[i]))
      breach(id, 'its items are not in the order in which they were sent');
    if (
      items.some(
        ({ status, error, result }) =>
          (status === 'failed') !== (error !== undefined) || (status === 'ok') !== (result !== undefined),
      )
    )
      breach(id, 'an item has neither result nor error, or both');
    if (other.status === 200 && JSON.stringify(first.json.items) !== JSON.stringify(other.json.items))
      breach(id, 'the two gateways tell it differently');
    const orders = items.flatMap(({ result }) => (result?.order === undefined ? [] : [result.order.id]));
    if (new Set(orders).size !== orders.length) breach(id, 'two items name one order');
  }
  return breaches;
}

async function again(ask) {
  let send;
  for (let tries = 0; tries < 20; tries += 1) {
    send = await ask();
    if (send.kind !== 'unknown') return send;
    await pause(300);
  }
  return send;
}

export function shuffled(list, random) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i -= 1) {
    const j = random.between(0, i);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
