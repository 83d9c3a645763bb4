// What is done on purpose, whatever chance says: deeds that bring a run to a state it owes. Each goes on until it has
// happened; whoever calls it again does no harm. The ways to a named point stand in leads.mjs.
import { HAGGLER_DEEDS } from './hagglers.mjs';
import { SHOPS } from './shops.mjs';
import { LEADS } from './leads.mjs';
import { soon, PATIENCE_MS } from './patience.mjs';

/** What brings a run to a state that it owes. */
export const DEEDS = {
  'identical request still running': async (run) => {
    const request = await run.workload.buy(run.faults.buyer, run.workload.name('stays-unknown-2'), run.faults.random);
    run.workload.learn(request, await run.doors.send(request, 1));
  },
  'replay from the other gateway': (run) => run.workload.replay(run.buyers[0], run.faults.random),
  'used key refused': (run) => run.workload.reuse(run.buyers[0], run.faults.random),
  'name lost to another buyer': async ({ workload, buyers: [first, second], faults }) => {
    const domain = `wanted-${workload.label()}.test`;
    await workload.buy(first, domain, faults.random);
    await workload.buy(second, domain, faults.random);
  },
  'cap refused': async ({ workload, buyers, faults }) => {
    const capped = buyers.find(({ name }) => name === 'capped');
    for (let i = 0; i < 8; i += 1) await workload.buy(capped, workload.name('plain'), faults.random);
  },
  'pending resolved': ({ workload, faults }) =>
    workload.buy(faults.buyer, workload.name('pending-then-done'), faults.random),
  'webhook repeated': (run) => webhook(run, 'repeated'),
  'webhook late': (run) => webhook(run, 'late'),
  'webhook lost': (run) => webhook(run, 'lost'),
  'batch completed': async (run) => {
    await batch(run, Array(12).fill(undefined));
  },
  'batch cancelled': (run) => batch(run, Array(60).fill('slow'), { isCancelled: true }),
  'batch tried again': async (run) => {
    const id = await batch(run, [...Array(11).fill(undefined), 'refused']);
    if (id === undefined) return;
    const request = run.history.request({
      buyer: run.faults.buyer,
      path: `/batches/${id}/retry`,
      body: {},
      key: run.workload.key(),
      about: { what: 'retry' },
    });
    await run.workload.insist(request, run.faults.random);
    if (request.sends.some(({ json }) => json?.retried > 0)) run.history.reached.add('batch tried again');
  },
  'item of a batch taken over': async (run) => {
    // Before its order exists: an item with an order is settled by that.
    const ref = `${run.workload.label()}-taken-`;
    run.faults.arm({ who: 'domains-worker', at: 'before-hold', do: 'kill', match: ref });
    await batch(run, Array(14).fill(undefined), { first: ref });
  },
  'domain_register captured': (run) => buyAndRenew(run, 'domains', false),
  'domain_renew captured': (run) => buyAndRenew(run, 'domains', true),
  'server_create captured': (run) => buyAndRenew(run, 'vps', false),
  'server_renew captured': (run) => buyAndRenew(run, 'vps', true),
  'proxy_order captured': (run) => buyAndRenew(run, 'proxy', false),
  'proxy_renew captured': (run) => buyAndRenew(run, 'proxy', true),
  ...HAGGLER_DEEDS,
};

async function webhook(run, fate) {
  run.system.nextWebhooks.push(fate);
  await LEADS.deposit(run, '-webhook-');
}

async function buyAndRenew({ workload, buyers, faults }, product, isRenewed) {
  const buyer = buyers.find((one) => one.product === product);
  await workload.buyAny(buyer, {}, faults.random);
  if (isRenewed) await workload.renew(buyer, faults.random);
}

/** One batch, followed to its end by a customer who does not give up. */
async function batch({ workload, history, doors, faults }, endings, { isCancelled = false, first } = {}) {
  const { buyer, random } = faults;
  const shop = SHOPS[buyer.product];
  const items = endings.map((ending, i) => {
    const ref = i === 0 && first !== undefined ? first : workload.label();
    return { ...shop.body(ref.replace(/-$/, ''), { ending }), reference: ref, ref };
  });
  const request = history.request({
    buyer,
    path: shop.bulkPath,
    body: { items },
    key: workload.key(),
    about: { what: 'bulk', refs: items.map(({ ref }) => ref) },
  });
  await workload.insist(request, random);
  const id = request.sends.find(({ json }) => json?.batch_id !== undefined)?.json.batch_id;
  if (id === undefined) return undefined;
  history.batches.set(id, { buyer, refs: request.about.refs });
  let door = 0;
  if (isCancelled)
    await soon(
      async () =>
        (
          await doors.send(
            history.request({ buyer, path: `/batches/${id}/cancel`, about: { what: 'cancel' } }),
            (door += 1) % 2,
          )
        ).status === 200,
      10_000,
    );
  const isOver = await soon(async () => {
    const seen = await doors.send(
      history.request({ buyer, method: 'GET', path: `/batches/${id}`, about: { what: 'read' } }),
      (door += 1) % 2,
    );
    if (seen.status === 200 && seen.json.status === 'completed') history.reached.add('batch completed');
    if (seen.status === 200 && seen.json.status === 'cancelled') history.reached.add('batch cancelled');
    return seen.status === 200 && seen.json.finished_at !== null;
  }, PATIENCE_MS);
  return isOver ? id : undefined;
}
