// Prices in the cases that go wrong most easily, one after the other and forced: something is held up between its price
// and its hold while something else changes what the price was made of. What each of them was charged is judged after
// the run, by the model (prices/judge-prices.ts).
import type { Product } from '@lumi/shared/contract';
import { ageProxies } from '../customers/ageing';
import { codeOf } from '../customers/client';
import { nextThirtyFirst } from '../customers/shared-things';
import { requiredOfCoOwners } from '../faults/shared-states';
import type { Run } from '../run-state';
import { until } from '../waiting';
import { DAY_MS, MIDDLE_MS, Race } from './race';
import { shareThings } from './sharing';
import type { Step } from './steps';

type RaceStep = (at: Race) => Promise<void>;

const vps: Readonly<Record<string, RaceStep>> = {
  'renewal right after an upgrade': async (at) => {
    const server = await at.server();
    const upgrade = at.ask(`/servers/${server.id}/actions/resize`, { plan_id: 'd8' });
    await at.once(upgrade);
    await at.once(await at.renewal(server, 12));
    await at.settled(upgrade);
  },
  'upgrade overtaken by a renewal': async (at) => {
    const server = await at.server();
    const reference = at.reference();
    await at.overtaken(
      at.ask(`/servers/${server.id}/actions/resize`, { plan_id: 'd8', reference }),
      reference,
      async () => at.settled(await at.renewal(server, 12)),
    );
  },
  'renewal overtaken by an upgrade': async (at) => {
    const server = await at.server();
    const reference = at.reference();
    await at.overtaken(await at.renewal(server, 12, { reference }), reference, () => at.upgraded(server, 'd8'));
  },
  'renewal in bulk overtaken by an upgrade': async (at) => {
    const server = await at.server();
    const reference = at.reference();
    const expiry = await at.expiryOf(server.id);
    const item = { server_id: server.id, current_expires_at: expiry, period_months: 3, reference, ref: 'one' };
    await at.overtaken(at.ask('/servers/bulk-renew', { items: [item] }), reference, () => at.upgraded(server, 's8'));
  },
  'renewal by itself overtaken by an upgrade': async (at) => {
    const server = await at.server({ left: MIDDLE_MS, body: { auto_renew: true } });
    at.holdUp('worker', server.id);
    await at.age(server, 0.5 * DAY_MS);
    if (!(await at.isHeldUp(server.id))) at.missed('a renewal by itself');
    await at.upgraded(server, 'd8');
    at.run.faults.goOn(server.id);
    await at.renewed(server);
  },
  'quoted upgrade after a renewal': async (at) => {
    const server = await at.server();
    const quote = await at.quote('resize', { server_id: server.id, plan_id: 'd8' });
    await at.settled(await at.renewal(server, 12));
    await at.settled(at.ask(`/servers/${server.id}/actions/resize`, { plan_id: 'd8', quote_id: quote }));
  },
  'upgrade after the expiry, before anybody has noticed it': async (at) => {
    const server = await at.server();
    for (const worker of at.run.system.named(/^vps-worker-/)) worker.pause(3_000);
    await at.age(server, -60_000);
    await at.once(at.ask(`/servers/${server.id}/actions/resize`, { plan_id: 'd8' }));
  },
  'upgrade of a year and a month': async (at) => {
    const server = await at.server({ body: { period_months: 12 } });
    await at.settled(await at.renewal(server, 1));
    await at.settled(at.ask(`/servers/${server.id}/actions/resize`, { plan_id: 's2' }));
  },
  'four months from the 31st': async (at) => {
    const server = await at.server({ until: nextThirtyFirst(), body: { period_months: 3 } });
    for (let i = 0; i < 4; i += 1) await at.settled(await at.renewal(server, 1));
  },
};

const proxy: Readonly<Record<string, RaceStep>> = {
  'part of an order across tiers': async (at) => {
    await at.settled(
      at.ask('/orders', {
        product_id: 'ipv4',
        items: [
          { country: 'US', quantity: 1 },
          { country: 'XB', quantity: 150 },
        ],
        period_days: 180,
        partial: 'accept',
      }),
    );
  },
  'replacement in a dearer country': async (at) => {
    const { order, proxies } = await at.proxies();
    await ageProxies(at.run.system, order, Date.now() + MIDDLE_MS);
    await at.settled(at.ask('/proxies/replace', { select: { proxy_ids: proxies }, with: { country: 'JP' } }));
  },
  'replacement overtaken by a renewal': async (at) => {
    const { order, proxies } = await at.proxies();
    // The free one first: the next would be paid, and is free again after a renewal.
    await at.settled(at.ask('/proxies/replace', { select: { proxy_ids: proxies } }));
    const [now] = await at.live(order);
    if (now === undefined) return at.missed('a replacement');
    await at.overtaken(at.ask('/proxies/replace', { select: { proxy_ids: [now.id] } }), now.id, () =>
      at.settled(at.ask(`/orders/${order}/renew`, { period_days: 30, current_expires_at: now.expires_at })),
    );
  },
};

const RACES: Readonly<Record<Product, Readonly<Record<string, RaceStep>>>> = { domains: {}, vps, proxy };

const WITHOUT_FAULTS = 'shared things without faults';

/** All co-owners at once and nothing breaks, until everything that is required has been done to what they share. */
async function withoutFaults(run: Run): Promise<void> {
  const required = requiredOfCoOwners(run.system.products);
  const working = shareThings(run);
  const isDone = await until(async () => {
    await run.coverage.gather(run);
    const missed = run.coverage.missed(required);
    run.faults.again(missed);
    return missed.length === 0;
  });
  run.customers.isOver = true;
  await working;
  if (!isDone) run.missed.push(...run.coverage.missed(required));
  const counts = new Map<string, number>();
  for (const { path, about, sends } of run.history.requests) {
    if (about.what !== 'shared') continue;
    for (const send of sends) {
      const what = `${path.replace(/\/[^/]*[\d.][^/]*/, '/…')} ${send.status ?? send.error} ${codeOf(send) ?? ''}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
  }
  for (const [what, times] of [...counts].sort()) run.note(`${times} × ${what}`);
}

export const RACE_STEPS: Readonly<Record<string, Step>> = Object.fromEntries([
  ...(Object.entries(RACES) as [Product, (typeof RACES)[Product]][]).flatMap(([product, races]) =>
    Object.entries(races).map(([name, race]): [string, Step] => [name, (run) => race(new Race(run, product))]),
  ),
  [WITHOUT_FAULTS, withoutFaults],
]);

/** What `--races` runs of these products: all, or those whose name has this in it. */
export function racesOf(products: readonly Product[], part: string): string[] {
  return [...products.flatMap((product) => Object.keys(RACES[product])), WITHOUT_FAULTS].filter(
    (name) => part === 'all' || name.includes(part),
  );
}
