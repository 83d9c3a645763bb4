// Actions that bring a run to a state it requires, independent of chance. Each continues until it has happened, and may
// be repeated without harm. triggers.ts has the actions that lead to a named point.
import type { Product } from '@lumi/shared/contract';
import { batchOf, noteRetry } from '../customers/bulk-customer';
import { buyerOf } from '../customers/buyers';
import type { Answer } from '../customers/answer';
import { SHOPS } from '../customers/shops';
import type { Run } from '../run-state';
import type { WebhookFate } from '../system/webhook-relay';
import { PATIENCE_MS, soon } from '../waiting';
import { WAYS } from './shared-states';
import { TRIGGERS } from './triggers';

const CANCEL_LIMIT_MS = 10_000;

type Action = (run: Run) => Promise<unknown>;

/** By the state that each brings about. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  'identical request still running': async ({ customers, gateways, buyers, faults }) => {
    const request = await customers.buy(buyers.atPoints, customers.name('stays-unknown-2'), faults.random);
    customers.learn(request, await gateways.send(request, 1));
  },
  'replay from the other gateway': ({ customers, buyers, faults }) => customers.replay(buyers.rich1, faults.random),
  'used key refused': ({ customers, buyers, faults }) => customers.reuse(buyers.rich1, faults.random),
  'name lost to another buyer': async ({ customers, buyers, faults }) => {
    const domain = `wanted-${customers.label()}.test`;
    await customers.buy(buyers.rich1, domain, faults.random);
    await customers.buy(buyers.rich2, domain, faults.random);
  },
  'cap refused': async ({ customers, buyers, faults }) => {
    for (let i = 0; i < 8; i += 1) await customers.buy(buyers.capped, customers.name('plain'), faults.random);
  },
  'pending resolved': ({ customers, buyers, faults }) =>
    customers.buy(buyers.atPoints, customers.name('pending-then-done'), faults.random),
  'webhook repeated': (run) => webhook(run, 'repeated'),
  'webhook late': (run) => webhook(run, 'late'),
  'webhook lost': (run) => webhook(run, 'lost'),
  'batch completed': (run) => batch(run, endings(12)),
  'batch cancelled': (run) => batch(run, endings(60, 'slow'), { isCancelled: true }),
  'batch tried again': async (run) => {
    const { history, customers, buyers, faults } = run;
    const id = await batch(run, [...endings(11), 'refused']);
    if (id === undefined) return;
    const request = history.request({
      buyer: buyers.atPoints,
      path: `/batches/${id}/retry`,
      body: {},
      key: customers.key(),
      about: { what: 'retry' },
    });
    await customers.insist(request, faults.random);
    noteRetry(history, request);
  },
  'item of a batch taken over': async (run) => {
    // Before its order exists: an item with an order is settled by that.
    const ref = `${run.customers.label()}-taken-`;
    run.faults.arm({ who: 'domains-worker', at: 'before-hold', fault: 'kill', match: ref });
    await batch(run, endings(14), { first: ref });
  },
  'domain_register captured': (run) => buyAndRenew(run, 'domains', false),
  'domain_renew captured': (run) => buyAndRenew(run, 'domains', true),
  'server_create captured': (run) => buyAndRenew(run, 'vps', false),
  'server_renew captured': (run) => buyAndRenew(run, 'vps', true),
  'proxy_order captured': (run) => buyAndRenew(run, 'proxy', false),
  'proxy_renew captured': (run) => buyAndRenew(run, 'proxy', true),
  ...sharedActions(),
};

function sharedActions(): Record<string, Action> {
  const all = (Object.entries(WAYS) as [Product, (typeof WAYS)[Product]][]).flatMap(([product, ways]) =>
    Object.entries(ways).map(([state, way]): [string, Action] => [
      state,
      async ({ coOwners }) => coOwners.get(product)?.reach(way),
    ]),
  );
  return Object.fromEntries(all);
}

function endings(count: number, ending?: string): (string | undefined)[] {
  return Array.from({ length: count }, () => ending);
}

async function webhook(run: Run, fate: WebhookFate): Promise<void> {
  run.system.webhooks.next.push(fate);
  await TRIGGERS.deposit(run, '-webhook-', { ending: 'plain', arm: () => undefined });
}

async function buyAndRenew({ customers, buyers, faults }: Run, product: Product, isRenewed: boolean): Promise<void> {
  const buyer = buyerOf(buyers, product);
  await customers.buyAny(buyer, {}, faults.random);
  if (isRenewed) await customers.renew(buyer, faults.random);
}

/** One batch, followed to its end by a customer who does not give up. */
async function batch(
  { customers, history, gateways, buyers: { atPoints: buyer }, faults }: Run,
  ofItems: readonly (string | undefined)[],
  { isCancelled = false, first }: { readonly isCancelled?: boolean; readonly first?: string } = {},
): Promise<string | undefined> {
  const shop = SHOPS[buyer.product];
  const items = ofItems.map((ending, i) => {
    const ref = i === 0 && first !== undefined ? first : customers.label();
    return { ...shop.body(ref.replace(/-$/, ''), { ending }), reference: ref, ref };
  });
  const refs = items.map(({ ref }) => ref);
  const request = history.request({
    buyer,
    path: shop.bulkPath,
    body: { items },
    key: customers.key(),
    about: { what: 'bulk', refs },
  });
  await customers.insist(request, faults.random);
  const id = batchOf(request);
  if (id === undefined) return undefined;
  history.batches.set(id, { buyer, refs });
  let gateway = 0;
  const ask = (method: string, path: string, what: string) =>
    gateways.send(history.request({ buyer, method, path, about: { what } }), (gateway += 1) % 2);
  if (isCancelled)
    await soon(async () => (await ask('POST', `/batches/${id}/cancel`, 'cancel')).status === 200, CANCEL_LIMIT_MS);
  const isOver = await soon(async () => {
    const seen = await ask('GET', `/batches/${id}`, 'read');
    const shown: Answer = (seen.status === 200 ? seen.json : null) ?? { finished_at: null };
    if (shown.status === 'completed') history.reached.add('batch completed');
    if (shown.status === 'cancelled') history.reached.add('batch cancelled');
    return shown.finished_at !== null;
  }, PATIENCE_MS);
  return isOver === true ? id : undefined;
}
