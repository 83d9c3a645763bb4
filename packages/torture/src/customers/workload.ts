// All customers of a storm at once. Each draws its choices from its own stream of chance, so the seed decides who does
// what in which order; only the interleaving is the machine's.
import type { Random, Weighted } from '../random';
import type { Buyer } from '../system/accounts';
import { pause } from '../waiting';
import { BulkCustomer } from './bulk-customer';
import type { Buyers } from './buyers';
import type { GatewayClient, History } from './client';
import type { Customers } from './customers';
import { SHOPS } from './shops';

interface WorkloadOptions {
  readonly customers: Customers;
  readonly buyers: Buyers;
  readonly gateways: GatewayClient;
  readonly history: History;
  readonly random: Random;
}

/** Until the customers go home; resolves when the last answer is in. */
export async function runWorkload({ customers, buyers, gateways, history, random }: WorkloadOptions): Promise<void> {
  const { rich1, rich2, tight, capped, others } = buyers;
  const loop = (name: string, buyer: Buyer, opening?: () => Promise<unknown>) =>
    work(customers, random.stream(name), buyer, opening);
  const bulk = (buyer: Buyer) =>
    new BulkCustomer({ customers, gateways, history, random: random.stream(`bulk-${buyer.product}`), buyer }).work();
  await Promise.all([
    loop('rich-1a', rich1, () => customers.buy(rich1, customers.name('timeout-after-success'))),
    loop('rich-1b', rich1, () => customers.replay(rich1)),
    loop('rich-2a', rich2, () => customers.buy(rich2, customers.name('timeout-after-refusal'))),
    loop('rich-2b', rich2),
    bursts(customers, random.stream('tight'), tight, 0.35),
    bursts(customers, random.stream('capped'), capped, 0),
    ...others.map((buyer) => loop(`${buyer.name}-${buyer.product}`, buyer)),
    ...[rich1, ...others].map(bulk),
  ]);
}

async function work(
  customers: Customers,
  random: Random,
  buyer: Buyer,
  opening?: () => Promise<unknown>,
): Promise<void> {
  const { endings, renewEndings } = SHOPS[buyer.product];
  const actions: Weighted<() => Promise<unknown>>[] = [
    [26, () => customers.buyAny(buyer, {}, random)],
    [20, () => customers.buyAny(buyer, { ending: random.pick(endings) }, random)],
    [
      renewEndings.length > 0 ? 6 : 0,
      () => customers.buyAny(buyer, { renewEnding: random.pick(renewEndings) }, random),
    ],
    [12, () => customers.renew(buyer, random)],
    [8, () => customers.deposit(buyer, random, 'sandbox')],
    [7, () => customers.deposit(buyer, random, 'cryptobot')],
    [7, () => customers.twins(buyer, random)],
    [6, () => customers.contend(buyer, random)],
    [7, () => customers.replay(buyer, random)],
    [5, () => customers.reuse(buyer, random)],
    [6, () => customers.look(buyer, random)],
  ];
  await opening?.();
  while (!customers.isOver) {
    await random.weighted(actions)();
    await pause(random.between(10, 120));
  }
}

/** Many purchases at once by one buyer: what balance and cap are for. `deposits`: how often it pays in as well. */
async function bursts(customers: Customers, random: Random, buyer: Buyer, deposits: number): Promise<void> {
  while (!customers.isOver) {
    const ending = random.weighted([
      [5, 'plain'],
      [1, 'refused'],
      [1, 'timeout-after-success'],
      [1, 'pending-then-refused'],
    ]);
    await Promise.all(
      Array.from({ length: random.between(4, 6) }, () => customers.buy(buyer, customers.name(ending), random)),
    );
    if (deposits > 0 && random.chance(deposits)) await customers.deposit(buyer, random, 'sandbox', '2.00');
    await pause(random.between(300, 900));
  }
}
