// What is done on purpose, whatever chance says: deeds that bring a run to a state it owes, and leads that bring a process to a named point. Each goes on
// until it has happened; whoever calls it again does no harm.
import { codeOf } from './client.mjs';
import { HAGGLER_DEEDS } from './hagglers.mjs';
import { SHOPS } from './shops.mjs';

const LOOK_EVERY_MS = 250;
/** Far more than a broken system needs to come back. */
const PATIENCE_MS = 120_000;
/** An order that nobody else can end: on a busy machine it is decided after healing. */
const DECISION_MS = 300_000;
/** A request may lie in a stopped process for so long before it makes its order. */
const ARRIVAL_MS = 20_000;
/** Look-ups that get no answer: more than anybody makes. */
const NEVER = 900;

/** Ways to bring a process to a point with something that `match` tells apart. Each answers with the request of a customer, if there is one. */
export const LEADS = {
  buy: ({ workload, faults }, match, { ending }) => workload.buy(faults.buyer, `${ending}${match}${workload.name('p')}`, faults.random),

  /** Paid at the provider; a webhook or the poller comes to know of it. */
  deposit: async ({ workload, faults, history }, match) => {
    const request = history.request({ buyer: faults.buyer, path: '/deposits', body: { amount_usd: '3.00', provider: 'cryptobot', reference: `d${match}${workload.label()}` }, key: workload.key(), about: { what: 'deposit' } });
    const made = await workload.insist(request, faults.random);
    if (made.status === 201 && (await workload.pay(made.json.pay_url, 'cryptobot', 0))) history.fact({ kind: 'paid', id: made.json.id });
    return request;
  },

  /** A purchase that nobody gets an answer about, until an operator reads the registry and marks it done. */
  orderDecided: async (run, match) => {
    const { workload, faults, system } = run;
    const domain = `stays-unknown-${NEVER}${match}${workload.label()}.test`;
    const request = await workload.buy(faults.buyer, domain, faults.random);
    const ordered = await soon(async () => (await system.query('SELECT id FROM platform.orders WHERE subject = $1', [domain])).rows[0], ARRIVAL_MS * system.stretch);
    if (ordered === undefined) return request;
    const executed = await soon(async () => (await system.query("SELECT info FROM domains.sandbox_log WHERE ref = $1 AND ending = 'done'", [ordered.id])).rows[0], DECISION_MS);
    if (executed !== undefined) await decide(run, { product: 'domains', id: ordered.id, verdict: 'mark-done', body: { reason: 'It stands in the registry.', result: executed.info } });
    return request;
  },

  /** The same for work without money, which the operator fails. */
  operationDecided: async (run, match, { arm }) => {
    const { workload, faults, history } = run;
    const buyer = buyerOf(run, 'vps');
    const name = workload.label();
    const bought = history.request({ buyer, path: '/servers', body: { ...SHOPS.vps.body(name, {}), hostname: `sandbox-action-never-${/\d+$/.exec(name)[0]}.example.com`, reference: name }, key: workload.key(), about: { what: 'buy', reference: name } });
    await workload.insist(bought, faults.random);
    const server = await soon(async () => (await run.system.query("SELECT s.id FROM vps.server s JOIN platform.orders o ON o.id = s.order_id WHERE o.reference = $1 AND o.state = 'captured'", [name])).rows[0], 20_000);
    if (server === undefined) return bought;
    arm(server.id);
    await run.doors.send(history.request({ buyer, path: `/servers/${server.id}/actions/reboot`, about: { what: 'act' } }), 0);
    const running = await soon(async () => (await run.system.query("SELECT id FROM platform.operation WHERE subject = $1 AND state = 'running'", [server.id])).rows[0], ARRIVAL_MS * run.system.stretch);
    if (running !== undefined) await decide(run, { product: 'vps', id: running.id, verdict: 'fail-and-refund', body: { reason: 'It was never rebooted.' } });
    return bought;
  },

  /** A domain whose year is nearly over, at us and in the registry alike. It renews itself. */
  renewal: async ({ workload, faults, system, history }, match) => {
    const domain = `plain${match}${workload.label()}.test`;
    const request = await workload.buy(faults.buyer, domain, faults.random, { auto_renew: true });
    const aged = await soon(async () => (await system.query(`
      WITH aged AS (UPDATE domains.domain SET registered_at = registered_at - interval '355 days', created_at = created_at - interval '355 days', expires_at = expires_at - interval '355 days', grace_ends_at = grace_ends_at - interval '355 days',
          redemption_ends_at = redemption_ends_at - interval '355 days', delete_at = delete_at - interval '355 days' WHERE name = $1 AND expires_at > now() + interval '300 days' RETURNING name, expires_at),
        registry AS (UPDATE domains.sandbox_name n SET registered_at = n.registered_at - interval '355 days', expires_at = n.expires_at - interval '355 days' FROM aged WHERE n.name = aged.name)
      SELECT expires_at FROM aged`, [domain])).rows[0], 15_000);
    if (aged === undefined) return request;
    history.fact({ kind: 'renews', domain, from: aged.expires_at });
    await soon(async () => (await system.query('SELECT 1 FROM domains.domain WHERE name = $1 AND expires_at > $2', [domain, aged.expires_at])).rows[0], PATIENCE_MS);
    return request;
  },
};

/** Through one gateway and the other until it is decided; what is decided stays so. */
async function decide(run, { product, id, verdict, body }) {
  const { system, history, doors } = run;
  run.operators ??= new Map();
  if (!run.operators.has(product)) run.operators.set(product, await system.makeOperator(product));
  const buyer = run.operators.get(product);
  const path = `/admin/operations/${id.replace(/^ord_/, 'op_')}`;
  const say = (what, text, door) => doors.send(history.request({ buyer, path: `${path}/${what}`, body: text, about: { what: 'decide' } }), door);
  let door = 0;
  let said;
  const isDecided = await soon(async () => {
    said = await say(verdict, body, (door += 1) % 2);
    return said.status === 200 || codeOf(said) === 'state_conflict';
  }, DECISION_MS);
  if (!isDecided) return run.note(`${id} could not be decided: ${said.status ?? said.error} ${said.bytes?.toString().slice(0, 300) ?? ''}`);
  history.fact({ kind: 'decided', id, state: verdict === 'mark-done' ? ['captured', 'done'] : ['released', 'failed'] });
  for (const [other, text] of [['mark-done', { reason: 'Again.', result: {} }], ['fail-and-refund', { reason: 'Again.' }]]) {
    said = await say(other, text, (door += 1) % 2);
    if (said.status !== undefined && said.status < 300) history.fact({ kind: 'broken', text: `${id} was decided, and decided again by ${other}` });
  }
}

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
  'pending resolved': ({ workload, faults }) => workload.buy(faults.buyer, workload.name('pending-then-done'), faults.random),
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
    const request = run.history.request({ buyer: run.faults.buyer, path: `/batches/${id}/retry`, body: {}, key: run.workload.key(), about: { what: 'retry' } });
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
  const request = history.request({ buyer, path: shop.bulkPath, body: { items }, key: workload.key(), about: { what: 'bulk', refs: items.map(({ ref }) => ref) } });
  await workload.insist(request, random);
  const id = request.sends.find(({ json }) => json?.batch_id !== undefined)?.json.batch_id;
  if (id === undefined) return undefined;
  history.batches.set(id, { buyer, refs: request.about.refs });
  let door = 0;
  if (isCancelled) await soon(async () => (await doors.send(history.request({ buyer, path: `/batches/${id}/cancel`, about: { what: 'cancel' } }), (door += 1) % 2)).status === 200, 10_000);
  const isOver = await soon(async () => {
    const seen = await doors.send(history.request({ buyer, method: 'GET', path: `/batches/${id}`, about: { what: 'read' } }), (door += 1) % 2);
    if (seen.status === 200 && seen.json.status === 'completed') history.reached.add('batch completed');
    if (seen.status === 200 && seen.json.status === 'cancelled') history.reached.add('batch cancelled');
    return seen.status === 200 && seen.json.finished_at !== null;
  }, PATIENCE_MS);
  return isOver ? id : undefined;
}

export function buyerOf({ buyers }, product) {
  return buyers.find((buyer) => buyer.product === product);
}

/** What `find` finds as soon as it finds something; a database that is down is asked again. */
async function soon(find, limitMs) {
  const endAt = performance.now() + limitMs;
  for (;;) {
    const found = await find().catch(() => undefined);
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endAt) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
