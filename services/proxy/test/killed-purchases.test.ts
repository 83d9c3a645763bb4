// Purchases from our own addresses and from a supplier, whose process is killed (SIGKILL) at each of their steps: all
// are found, and each is sold and charged once or not at all. `LUMI_EVERY_STEP=1 npx jest killed-purchases` takes all.
import { createUpstreamDouble, type UpstreamDouble } from '@lumi/upstream-proxy-double';
import { FixedClock } from '@lumi/shared/runtime';
import { until } from '@lumi/shared/testing';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { pushAccess } from '../src/jobs/push-access';
import { withdrawEnded } from '../src/jobs/withdraw-ended';
import { freePort } from './free-port';
import type { Told } from './mortal-process';
import { cutsOf, mortals, type Purchase } from './mortals';
import { nodeClient, REGISTRATION } from './node-client';
import { NODE_TOKEN, NOW, proxyTest } from './proxy-service';
import { subnetOf } from './own-service';

jest.setTimeout(120_000);

/** Each has a process of its own, so without this a run takes two of each purchase, by its seed. */
const isEveryStep = process.env.LUMI_EVERY_STEP === '1';
const ADDRESSES = 200;
const AT_ONCE = 3;
const STUCK_AFTER_MS = 600_000;
const TOKEN = 'token-of-the-double';
const port = freePort();
const proxy: Told['proxy'] = {
  SANDBOX_SLOW_MS: 1,
  PROXY_USABLE_WITHIN_MS: 0,
  PROXY_NETWORKS: new Map([
    ['ipv4', 'own'],
    ['isp', 'upstream'],
  ]),
  PROXY_UPSTREAM_URL: `http://127.0.0.1:${String(port)}`,
  PROXY_UPSTREAM_TOKEN: TOKEN,
  PROXY_UPSTREAM_TIMEOUT_MS: 5_000,
  PROXY_UPSTREAM_PROTOCOL: 'http',
  PROXY_EXIT_REST_S: 0,
  PROXY_LOCAL_NODE_TOKEN: NODE_TOKEN,
};
const clock = new FixedClock(NOW);
let double: UpstreamDouble;
const lumi = proxyTest(clock, () => proxy);
const node = nodeClient(lumi);
const { steps: stepsOf, killedAt } = mortals(lumi, () => ({ proxy, nowMs: clock.nowMs() }));

beforeAll(async () => {
  double = await createUpstreamDouble({ token: TOKEN, countries: { US: ADDRESSES }, port });
});
/** It was heard of, whatever the clock says. */
beforeEach(async () => {
  const ports = { ...REGISTRATION.ports, first: 20_000, last: 21_000 };
  const registration = { ...REGISTRATION, ports, exits: subnetOf(1, ADDRESSES) };
  expect((await node.call('post', 'node_local/register', {}, registration)).status).toBe(200);
});
afterAll(() => double.stop());

const PRODUCTS = { own: { id: 'ipv4', country: 'DE' }, upstream: { id: 'isp', country: 'US' } } as const;
type Network = keyof typeof PRODUCTS;
type Kind = 'order' | 'renewal' | 'replacement';

let count = 0;

async function purchaseOf(network: Network, kind: Kind): Promise<Purchase> {
  const { id, country } = PRODUCTS[network];
  const order = { product_id: id, items: [{ country, quantity: 2 }], period_days: 30 };
  const key = `killed-purchase-${String((count += 1))}`;
  if (kind === 'order') return { who: await lumi.account({ balance: '100' }), path: '/orders', body: order, key };
  const { who, body } = await lumi.buyer(order, '100');
  const [first] = body.proxies;
  if (kind === 'replacement')
    return { who, path: '/proxies/replace', body: { select: { proxy_ids: [first?.id] } }, key };
  const renewal = { period_days: 30, current_expires_at: first?.expires_at };
  return { who, path: `/orders/${body.order.id}/renew`, body: renewal, key };
}

interface Killed extends Purchase {
  readonly step: number;
  readonly label: string;
}

const CASES = (['own', 'upstream'] as const).flatMap((network) =>
  (['order', 'renewal', 'replacement'] as const).map((kind) => ({ network, kind })),
);

/** The last one of the account. */
async function orderOf({ who }: Purchase): Promise<{ id: string; operation_id: string; state: string }> {
  return (await lumi.get(who, '/orders')).body.items[0];
}

const proxiesOf = async ({ who }: Purchase): Promise<{ id: string; exit_ip: string; expires_at: string }[]> =>
  (await lumi.get(who, '/proxies?state=active')).body.items;

const DAY_MS = 86_400_000;

it.each(CASES)('a $kind of $network survives the death of its process at every step', async ({ network, kind }) => {
  const labels = await stepsOf(await purchaseOf(network, kind));
  const cuts = cutsOf(labels);
  expect(cuts.length).toBeGreaterThanOrEqual(3);
  const chosen = isEveryStep ? cuts : cuts.filter((_, i) => (i + jest.getSeed()) % Math.ceil(cuts.length / 2) === 0);
  const queue = chosen.map((step) => ({ step, label: `${String(step)} ${labels[step] ?? ''}`.slice(0, 60) }));
  const killed: Killed[] = [];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let cut = queue.shift(); cut !== undefined; cut = queue.shift()) {
        const purchase = await purchaseOf(network, kind);
        await killedAt(cut.step, purchase);
        killed.push({ ...purchase, ...cut });
      }
    }),
  );

  const isOpen = async (one: Killed): Promise<boolean> => (await orderOf(one)).state === 'processing';
  const openOnes = async (): Promise<Killed[]> => {
    const open = await Promise.all(killed.map(isOpen));
    return killed.filter((_, i) => open[i]);
  };
  /** Written, and the supplier does not have it: nobody can know, so an operator decides. */
  const isLost = async (one: Killed): Promise<boolean> => {
    const { id } = await orderOf(one);
    const command = await lumi.deps().db.upstreamCommand.findUnique({ where: { reference: id } });
    const there = [...double.stock.plans, ...double.stock.replacements.filter(({ isDryRun }) => !isDryRun)];
    return command?.state === 'sent' && there.every(({ note }) => note !== id);
  };
  await until(async () => {
    await lumi.recover();
    return (await Promise.all((await openOnes()).map(isLost))).every((isSo) => isSo);
  });
  const lost = await openOnes();
  const isAfterIntent = (step: number): boolean => labels[step] === 'POST' && labels[step - 1] === 'COMMIT';
  expect(lost.map(({ step }) => step)).toEqual(chosen.filter(isAfterIntent));
  clock.advance(STUCK_AFTER_MS + 1_000);
  for (const one of lost) {
    await lumi.recover(2);
    const path = `/admin/operations/${(await orderOf(one)).operation_id}/fail-and-refund`;
    const decided = await lumi.send(await lumi.operator(), 'post', path, { reason: 'the supplier does not have it' });
    expect(decided.status).toBe(200);
  }
  await pushAccess(lumi.deps());
  await withdrawEnded(lumi.deps());
  await careForNodes(lumi.deps());

  const orders = new Map(await Promise.all(killed.map(async (one) => [one, await orderOf(one)] as const)));
  for (const one of killed) {
    const isFailed = lost.includes(one);
    const order = orders.get(one);
    // Asked again, it is the same purchase.
    const again = await lumi.pay(one.who, one.path, one.body, one.key);
    expect([one.label, again.status < 300, (await orderOf(one)).id]).toEqual([one.label, !isFailed, order?.id]);
    const proxies = await proxiesOf(one);
    const bought = kind === 'order' && isFailed ? 0 : 2;
    expect([one.label, order?.state, proxies.length]).toEqual([one.label, isFailed ? 'failed' : 'completed', bought]);
    const daysLeft = proxies.map(({ expires_at: at }) => (Date.parse(at) - NOW) / DAY_MS);
    expect(daysLeft.every((days) => Math.floor(days) === (kind === 'renewal' ? 60 : 30))).toBe(true);
    const { items } = (await lumi.get(one.who, '/orders')).body as { items: { money: { captured_usd: string } }[] };
    const paid = items.reduce((sum, { money }) => sum + Math.round(Number(money.captured_usd) * 100), 0);
    const { available_usd: available, held_usd: held } = (await lumi.get(one.who, '/balance')).body;
    expect([one.label, held, Math.round(Number(available) * 100)]).toEqual([one.label, '0.00', 10_000 - paid]);
  }
  await everythingIsSoldOnce();
  expect(await lumi.audit()).toEqual([]);
});

/** What we and the supplier say is in use is what customers have. */
async function everythingIsSoldOnce(): Promise<void> {
  const { db } = lumi.deps();
  const active = await db.proxy.findMany({ where: { state: 'active' } });
  const of = (network: Network): string[] =>
    active.flatMap((row) => (row.network === network ? [row.network_id] : [])).sort();
  const stock = await db.ownStock.findMany({ where: { state: { in: ['held', 'sold'] } } });
  expect(stock.map(({ network_id: id }) => id).sort()).toEqual(of('own'));
  const exits = await db.upstreamExit.findMany({ where: { is_in_use: true } });
  expect(exits.map(({ network_id: id }) => id).sort()).toEqual(of('upstream'));
  const plans = double.stock.plans.filter(({ status }) => status === 'active');
  expect(plans.reduce((sum, { proxies }) => sum + proxies.length, 0)).toBe(of('upstream').length);
  const entries = await db.entryPort.findMany({ where: { network_id: { not: null } } });
  expect(entries.map(({ network_id: id }) => id).sort()).toEqual([...of('own'), ...of('upstream')].sort());
}
