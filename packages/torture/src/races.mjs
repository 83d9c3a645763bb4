// Prices in the cases that go wrong most easily, one after the other and forced: something is held up between its price
// and its hold while something else changes what the price was made of. What each of them was charged is judged after
// the run, by the model (prices.mjs).
import { until } from './patience.mjs';
import { haggle, owedByHagglers } from './hagglers.mjs';
import { ageProxies } from './ageing.mjs';
import { nextThirtyFirst } from './shared-things.mjs';
import { MIDDLE_MS, DAY_MS, WAIT_MS, Race } from './race.mjs';

export const RACES = {
  vps: {
    'renewal right after an upgrade': async (at) => {
      const server = await at.server();
      const upgrade = at.ask(`/servers/${server.id}/actions/resize`, { plan_id: 'd8' });
      await at.once(upgrade);
      await at.once(await at.renewal(server, 12));
      await at.settled(upgrade);
    },
    'upgrade overtaken by a renewal': async (at) => {
      const server = await at.server();
      await at.overtaken(
        at.ask(`/servers/${server.id}/actions/resize`, { plan_id: 'd8', reference: at.reference() }),
        async () => at.settled(await at.renewal(server, 12)),
      );
    },
    'renewal overtaken by an upgrade': async (at) => {
      const server = await at.server();
      await at.overtaken(await at.renewal(server, 12, { reference: at.reference() }), () => at.upgraded(server, 'd8'));
    },
    'renewal in bulk overtaken by an upgrade': async (at) => {
      const server = await at.server();
      const reference = at.reference();
      const { current_expires_at: expiry } = JSON.parse((await at.renewal(server, 3)).body);
      await at.overtaken(
        at.ask('/servers/bulk-renew', {
          items: [{ server_id: server.id, current_expires_at: expiry, period_months: 3, reference, ref: 'one' }],
        }),
        () => at.upgraded(server, 's8'),
        reference,
      );
    },
    'renewal by itself overtaken by an upgrade': async (at) => {
      const server = await at.server({ left: MIDDLE_MS, body: { auto_renew: true } });
      at.arm('worker', 'before-hold', server.id);
      await at.age(server, 0.5 * DAY_MS);
      if (!(await until(() => at.faults.reached.has(server.id), WAIT_MS))) at.missed('a renewal by itself');
      await at.upgraded(server, 'd8');
      at.faults.goOn(server.id);
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
      for (const worker of at.system.named(/^vps-worker-/)) worker.pause(3_000);
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
  },
  proxy: {
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
      const [order, proxies] = await at.proxies();
      await ageProxies(at.system, order, Date.now() + MIDDLE_MS);
      await at.settled(at.ask('/proxies/replace', { select: { proxy_ids: proxies }, with: { country: 'JP' } }));
    },
    'replacement overtaken by a renewal': async (at) => {
      const [order, proxies] = await at.proxies();
      // The free one first: the next would be paid, and is free again after a renewal.
      await at.settled(at.ask('/proxies/replace', { select: { proxy_ids: proxies } }));
      const now = await at.live(order);
      await at.overtaken(
        at.ask('/proxies/replace', { select: { proxy_ids: [now[0].id] } }),
        () => at.settled(at.ask(`/orders/${order}/renew`, { period_days: 30, current_expires_at: now[0].expires_at })),
        now[0].id,
      );
    },
  },
  domains: {},
};

/** All at once and nothing breaks, until everything that is owed has been done to what they share. */
async function inPeace(run) {
  const owed = owedByHagglers(run.system.products);
  const working = haggle(run);
  const isDone = await until(async () => {
    await run.coverage.gather(run);
    const missed = run.coverage.missed(owed);
    run.faults.again(missed);
    return missed.length === 0;
  });
  run.workload.end();
  await working;
  if (!isDone) run.missed.push(...run.coverage.missed(owed));
  const told = {};
  for (const { path, about, sends } of run.history.requests)
    for (const { status, error, json } of about.what === 'haggle' ? sends : []) {
      const what = `${path.replace(/\/[^/]*[\d.][^/]*/, '/…')} ${status ?? error} ${json?.error?.code ?? ''}`;
      told[what] = (told[what] ?? 0) + 1;
    }
  for (const [what, times] of Object.entries(told).sort()) run.note(`${times} × ${what}`);
}

const IN_PEACE = 'haggling in peace';

export const RACE_STEPS = Object.fromEntries(
  Object.entries(RACES)
    .flatMap(([product, races]) =>
      Object.entries(races).map(([name, race]) => [name, (run) => race(new Race(run, product))]),
    )
    .concat([[IN_PEACE, inPeace]]),
);

/** What `--races` runs of these products: all, or those whose name has this in it. */
export function racesOf(products, part) {
  return [...products.flatMap((product) => Object.keys(RACES[product])), IN_PEACE].filter(
    (name) => part === 'all' || name.includes(part),
  );
}
