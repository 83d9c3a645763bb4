// Orders at a supplier that knows no idempotency, with every fault: each is delivered and charged once, or refused and
// not charged. What was delivered carries traffic through our node, which counts it.
import type { UpstreamDouble } from '@lumi/upstream-proxy-double';
import { until, type TestKey } from '@lumi/shared/testing';
import { UPSTREAM_ORDER, upstreamTest } from './upstream-service';

jest.setTimeout(30_000);

const { lumi, clock, double, carry } = upstreamTest({ US: 60 });
const BYTES = 40_000;
/** What each proxy carried, as the target saw it. */
const carried: { readonly who: TestKey; readonly id: string; readonly bytes: number }[] = [];

const STUCK_AFTER_MS = 600_000;
const PRICE_OF_ONE = 3.4;
/** An operator’s decision is the supplier’s error. */
const CODES: Readonly<Record<string, string>> = {
  out_of_stock: 'out_of_stock',
  supplier_error: 'supplier_error',
  operator: 'supplier_error',
};

const USAGE_TO = '2026-11-25T00:00:00Z';
interface Usage {
  readonly totals: { readonly bytes_up: number; readonly bytes_down: number };
}

interface Case {
  readonly name: string;
  readonly faults: readonly Parameters<UpstreamDouble['faults']['next']>[];
  readonly partial?: 'accept';
  readonly reads?: number;
  /** How many proxies, or what is refused, or that it waits for an operator. */
  readonly end: number | 'out_of_stock' | 'supplier_error' | 'operator';
}

const CASES: readonly Case[] = [
  { name: 'without a fault', faults: [], end: 2 },
  { name: 'a time-out before', faults: [['purchase', 'hang-before']], end: 'operator' },
  { name: 'a time-out after', faults: [['purchase', 'hang-after']], end: 2 },
  { name: 'a cut connection before', faults: [['purchase', 'cut-before']], end: 'operator' },
  { name: 'a lost answer', faults: [['purchase', 'cut-after']], end: 2 },
  { name: 'an error before', faults: [['purchase', 'error-before']], end: 'operator' },
  { name: 'an error after', faults: [['purchase', 'error-after']], end: 2 },
  { name: '429', faults: [['purchase', 'throttled']], end: 2 },
  { name: 'a wrong token for a moment', faults: [['purchase', 'unauthorized']], end: 2 },
  { name: 'a refusal', faults: [['purchase', 'refused']], end: 'supplier_error' },
  { name: 'JSON that ends in the middle', faults: [['purchase', 'wrong-json-after']], end: 2 },
  { name: 'JSON of another shape', faults: [['purchase', 'wrong-shape-after']], end: 2 },
  { name: 'an answer that is too large', faults: [['purchase', 'huge-after']], end: 2 },
  { name: 'one less', faults: [['purchase', 'one-less']], end: 'out_of_stock' },
  { name: 'one less, which the buyer takes', faults: [['purchase', 'one-less']], partial: 'accept', end: 1 },
  { name: 'none, though the buyer takes less', faults: [['purchase', 'none']], partial: 'accept', end: 'out_of_stock' },
  {
    name: 'one less, and the cancellation’s answer is lost',
    faults: [
      ['purchase', 'one-less'],
      ['cancel', 'cut-after'],
    ],
    end: 'out_of_stock',
  },
  {
    name: 'one less, and the cancellation fails',
    faults: [
      ['purchase', 'one-less'],
      ['cancel', 'error-before'],
    ],
    end: 'out_of_stock',
  },
  { name: 'a list that takes time', faults: [], reads: 2, end: 2 },
  {
    name: 'a lost answer, and look-ups with a time-out, nonsense and 429',
    faults: [
      ['purchase', 'cut-after'],
      ['read', 'hang-before', 'wrong-json-after', 'wrong-shape-after', 'cut-after', 'throttled'],
    ],
    end: 2,
  },
];

it('has 20 cases', () => expect(CASES).toHaveLength(20));

describe.each(CASES)('an order with $name', ({ faults, partial, reads = 0, end }) => {
  it(`ends with ${String(end)}`, async () => {
    const who = await lumi.account({ balance: '100' });
    double().readsUntilReady = reads;
    for (const [kind, ...rest] of faults) if (kind !== 'read') double().faults.next(kind, ...rest);
    const before = double().asked('purchase');
    const body = partial === undefined ? UPSTREAM_ORDER : { ...UPSTREAM_ORDER, partial };
    const answer = await lumi.pay(who, '/orders', body);
    // The offer read the stock; these are for what comes after the purchase.
    for (const [kind, ...rest] of faults) if (kind === 'read') double().faults.next(kind, ...rest);
    const [{ id, operation_id: operation }] = (await lumi.get(who, '/orders')).body.items;
    const order = async () => (await lumi.get(who, `/orders/${String(id)}`)).body;

    if (end === 'operator') {
      expect(answer.status).toBe(202);
      await lumi.recover(3);
      expect((await order()).state).toBe('processing');
      clock.advance(STUCK_AFTER_MS + 1_000);
      await lumi.recover();
      const reason = { reason: 'the supplier knows nothing of it' };
      const path = `/admin/operations/${String(operation)}/fail-and-refund`;
      expect((await lumi.send(await lumi.operator(), 'post', path, reason)).status).toBe(200);
    } else
      await until(async () => {
        await lumi.recover();
        return (await order()).state !== 'processing';
      });

    const delivered = typeof end === 'number' ? end : 0;
    const plans = double().stock.plans.filter(({ note, status }) => note === id && status === 'active');
    expect(plans.map(({ proxies }) => proxies.length)).toEqual(delivered === 0 ? [] : [delivered]);
    const sent = double().asked('purchase') - before;
    // Sent again only when the supplier had surely done nothing.
    expect(sent).toBe(faults.some(([, fault]) => fault === 'throttled' || fault === 'unauthorized') ? 2 : 1);
    const { state, price_usd: price, money, error } = await order();
    expect([state, error?.code]).toEqual(delivered > 0 ? ['completed', undefined] : ['failed', CODES[String(end)]]);
    const owned = (await lumi.get(who, `/proxies?order_id=${String(id)}`)).body.items;
    expect(owned.map(({ exit_ip: ip }: { exit_ip: string }) => ip).sort()).toEqual(
      plans.flatMap(({ proxies }) => proxies.map(({ address }) => address)).sort(),
    );
    for (const { id: proxy, exit_ip: exitIp } of owned as { id: string; exit_ip: string }[]) {
      const { from, bytes } = await carry(who, proxy, BYTES);
      expect(from).toBe(exitIp);
      carried.push({ who, id: proxy, bytes });
    }
    const paid = Number(money.captured_usd);
    expect(paid).toBe(delivered === 2 ? Number(price) : delivered * PRICE_OF_ONE);
    const { available_usd: available, held_usd: held } = (await lumi.get(who, '/balance')).body;
    expect([available, held]).toEqual([(100 - paid).toFixed(2), '0.00']);
  });
});

it('every proxy that was delivered is metered by what its target’s connection carried', async () => {
  expect(carried).toHaveLength(CASES.reduce((sum, { end }) => sum + (typeof end === 'number' ? end : 0), 0));
  const metered = async ({ who, id }: (typeof carried)[number]): Promise<number> => {
    const { totals } = (await lumi.get(who, `/usage?subject=${id}&to=${USAGE_TO}`)).body as Usage;
    return totals.bytes_up + totals.bytes_down;
  };
  await until(async () => (await Promise.all(carried.map(metered))).every((bytes) => bytes >= BYTES));
  expect(await Promise.all(carried.map(metered))).toEqual(carried.map(({ bytes }) => bytes));
  expect(double().carried).toBe(carried.reduce((sum, { bytes }) => sum + bytes, 0));
});
