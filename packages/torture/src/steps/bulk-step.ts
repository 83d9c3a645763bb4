// A bulk whose workers are killed twice: at an item in its first third, and at one in its last. Between the two the
// queue may forget everything.
import type { Product } from '@lumi/shared/contract';
import { buyerOf } from '../customers/buyers';
import { unremembered } from '../customers/client';
import { SHOPS } from '../customers/shops';
import { nameOfMatch } from '../faults/faults';
import type { Run } from '../run-state';
import type { Buyer } from '../system/accounts';
import { until } from '../waiting';

interface Kills {
  /** The points at which the two workers die. */
  readonly first: string;
  readonly second: string;
  /** The queue forgets everything in between. */
  readonly isFlushed: boolean;
}

interface BulkRow {
  readonly ok: number;
  readonly captured: number;
  readonly names: number;
  readonly charged: number;
  readonly price: number;
}

export async function bulkOfEachProduct(run: Run, kills: Kills): Promise<void> {
  for (const product of run.system.products) await bulk(run, buyerOf(run.buyers, product), kills);
}

async function bulk(run: Run, buyer: Buyer, kills: Kills): Promise<void> {
  const { customers, history, gateways, system, items: count, missed } = run;
  const { product } = buyer;
  const shop = SHOPS[product];
  const names = Array.from({ length: count }, (_, i) => `${customers.label()}-item-${i}-`);
  const items = names.map((name) => ({ ...shop.body(name.replace(/-$/, ''), {}), reference: name, ref: name }));
  const [first = '', second = ''] = [0.3, 0.65].map((share) => names[Math.floor(count * share)]);
  armWorker(run, product, kills.first, first);
  const request = history.request({
    buyer,
    path: shop.bulkPath,
    body: { items },
    key: customers.key(),
    about: { what: 'bulk', refs: names },
  });
  const askedAt = performance.now();
  const accepted = await customers.untilAnswered(request, (what) => missed.push(what));
  const acceptedMs = performance.now() - askedAt;
  const id = accepted.json?.batch_id;
  if (id === undefined) {
    missed.push(`bulk of ${count}: ${accepted.status} ${accepted.bytes?.toString().slice(0, 200)}`);
    return;
  }
  history.batches.set(id, { buyer, refs: names });
  await hit(run, first);
  customers.learn(request, await gateways.send(request, 1));
  await Promise.all(system.named(new RegExp(`${product}-worker-`)).map((child) => child.isUp()));
  armWorker(run, product, kills.second, second);
  if (kills.isFlushed) {
    await system.flushQueue();
    run.faults.done.add('queue flushed inside a bulk');
    run.note(`the queue of ${product} forgot everything`);
  }
  await hit(run, second);
  const healedAt = performance.now();
  const look = () => gateways.send(unremembered({ buyer, method: 'GET', path: `/batches/${id}?limit=1` }), 0);
  const isOver = await until(async () => (await look()).json?.finished_at != null);
  const finalMs = performance.now() - healedAt;
  if (!isOver) missed.push(`the end of the bulk ${id}`);
  await judgeBulk(run, id, finalMs);
  run.bulks.push(
    `${product}: ${count} items accepted in ${Math.round(acceptedMs)} ms, all final ` +
      `${(finalMs / 1_000).toFixed(1)} s after the second kill`,
  );
}

function armWorker({ faults }: Run, product: Product, at: string, match: string): void {
  faults.arm({ who: `${product}-worker`, at, fault: 'kill', match });
}

async function hit({ faults, missed }: Run, match: string): Promise<void> {
  if (!(await until(() => faults.reached.has(nameOfMatch(match))))) missed.push(`a kill at ${match}`);
}

async function judgeBulk({ system, items: count, breaches, bulkLimitMs }: Run, id: string, finalMs: number) {
  const { rows } = await system.query<BulkRow>(
    `
    SELECT b.ok, b.failed, count(o.id) FILTER (WHERE o.state = 'captured')::int AS captured,
      count(DISTINCT o.reference) FILTER (WHERE o.state = 'captured')::int AS names, coalesce(sum(o.charged),
        0)::int AS charged,
      max(o.price)::int AS price, string_agg(DISTINCT i.error_code, ',') AS errors FROM platform.batch b
        JOIN platform.batch_item i ON i.batch_id = b.id LEFT JOIN platform.orders o ON o.batch_id = b.id
          AND o.batch_item = i.item
    WHERE b.id = $1 GROUP BY b.id`,
    [id],
  );
  const [row] = rows;
  const isExact =
    row !== undefined &&
    row.ok === count &&
    row.captured === count &&
    row.names === count &&
    row.charged === count * row.price;
  if (!isExact)
    breaches.push({
      rule: 'every item of the bulk is bought once, and paid once',
      subject: id,
      detail: JSON.stringify(row),
    });
  if (finalMs > bulkLimitMs)
    breaches.push({
      rule: `a bulk is final within ${bulkLimitMs / 1_000} s of healing`,
      subject: id,
      detail: `${(finalMs / 1_000).toFixed(1)} s`,
    });
}
