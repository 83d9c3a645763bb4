// Prices in the cases that go wrong most easily, one after the other and forced: something is held up between its price and its hold while something else
// changes what the price was made of. What each of them was charged is judged after the run, by the model (prices.mjs).
import { untilAnswered, until } from './drill.mjs';
import { Haggling, haggle, owedByHagglers } from './hagglers.mjs';
import { ageProxies, ageServer, nextThirtyFirst } from './shared-things.mjs';

const DAY_MS = 86_400_000;
const MIDDLE_MS = 20.5 * DAY_MS;
const WAIT_MS = 15_000;

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
      await at.overtaken(at.ask(`/servers/${server.id}/actions/resize`, { plan_id: 'd8', reference: at.reference() }), async () => at.settled(await at.renewal(server, 12)));
    },
    'renewal overtaken by an upgrade': async (at) => {
      const server = await at.server();
      await at.overtaken(await at.renewal(server, 12, { reference: at.reference() }), () => at.upgraded(server, 'd8'));
    },
    'renewal in bulk overtaken by an upgrade': async (at) => {
      const server = await at.server();
      const reference = at.reference();
      const { current_expires_at: expiry } = JSON.parse((await at.renewal(server, 3)).body);
      await at.overtaken(at.ask('/servers/bulk-renew', { items: [{ server_id: server.id, current_expires_at: expiry, period_months: 3, reference, ref: 'one' }] }), () => at.upgraded(server, 's8'), reference);
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
      await at.settled(at.ask('/orders', { product_id: 'ipv4', items: [{ country: 'US', quantity: 1 }, { country: 'XB', quantity: 150 }], period_days: 180, partial: 'accept' }));
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
      await at.overtaken(at.ask('/proxies/replace', { select: { proxy_ids: [now[0].id] } }), () => at.settled(at.ask(`/orders/${order}/renew`, { period_days: 30, current_expires_at: now[0].expires_at })), now[0].id);
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
  for (const { path, about, sends } of run.history.requests) for (const { status, error, json } of about.what === 'haggle' ? sends : []) {
    const what = `${path.replace(/\/[^/]*[\d.][^/]*/, '/…')} ${status ?? error} ${json?.error?.code ?? ''}`;
    told[what] = (told[what] ?? 0) + 1;
  }
  for (const [what, times] of Object.entries(told).sort()) run.note(`${times} × ${what}`);
}

const IN_PEACE = 'haggling in peace';

export const RACE_STEPS = Object.fromEntries(Object.entries(RACES).flatMap(([product, races]) => Object.entries(races).map(([name, race]) => [name, (run) => race(new Race(run, product))])).concat([[IN_PEACE, inPeace]]));

/** What `--races` runs of these products: all, or those whose name has this in it. */
export function racesOf(products, part) {
  return [...products.flatMap((product) => Object.keys(RACES[product])), IN_PEACE].filter((name) => part === 'all' || name.includes(part));
}

class Race {
  constructor(run, product) {
    this.run = run;
    this.product = product;
    Object.assign(this, { system: run.system, faults: run.faults, workload: run.workload });
    this.haggling = new Haggling({ run, haggler: run.hagglers.find(({ buyer }) => buyer.product === product), random: run.random.stream('races') });
  }

  /** In the middle of its time, on plan s1. What is done with it later takes a second. */
  async server({ left = MIDDLE_MS, until: end = Date.now() + left, body = {} } = {}) {
    const name = this.workload.label();
    const request = this.ask('/servers', { plan_id: 's1', locations: ['ams'], image_id: 'debian-13', hostname: `sandbox-action-slow-${/\d+$/.exec(name)[0]}.example.com`, reference: name, ...body });
    await this.settled(request);
    const { rows: [server] } = await this.system.query("SELECT s.id, s.expires_at FROM vps.server s JOIN platform.orders o ON o.id = s.order_id WHERE o.reference = $1 AND o.state = 'captured'", [name]);
    await ageServer({ system: this.system, history: this.run.history }, server, end);
    this.haggling.haggler.things.push({ id: server.id });
    return server;
  }

  /** Once more, for whoever is already known to the model by an earlier time. */
  async age(server, left) {
    const { history } = this.run;
    const fact = history.facts.find(({ kind, id }) => kind === 'aged' && id === server.id);
    const { rows: [{ expires_at: from }] } = await this.system.query('SELECT expires_at FROM vps.server WHERE id = $1', [server.id]);
    fact.until = Date.now() + left;
    await ageServer({ system: this.system, history }, { ...server, expires_at: from }, fact.until);
  }

  async proxies() {
    const name = this.workload.label();
    await this.settled(this.ask('/orders', { product_id: 'ipv4', items: [{ country: 'US', quantity: 3 }], period_days: 30, reference: name }));
    const { rows: [{ id }] } = await this.system.query("SELECT id FROM platform.orders WHERE reference = $1 AND state = 'captured'", [name]);
    const thing = { id, proxies: [] };
    this.haggling.haggler.things.push(thing);
    return [id, (await this.live(id)).map((proxy) => proxy.id)];
  }

  async live(orderId) {
    const seen = await this.haggling.soon(async () => (await this.haggling.read(`/proxies?order_id=${orderId}&limit=50`)) ?? undefined);
    return seen.items.filter(({ state }) => state === 'active');
  }

  ask(path, body) {
    return this.haggling.ask(path, body);
  }

  reference() {
    return `-race-${this.workload.label()}-`;
  }

  async renewal({ id }, months, more = {}) {
    const seen = await this.haggling.soon(async () => (await this.haggling.read(`/servers/${id}`)) ?? undefined);
    return this.ask(`/servers/${id}/renew`, { current_expires_at: seen.expires_at, period_months: months, ...more });
  }

  async quote(operation, item) {
    const { buyer } = this.haggling.haggler;
    const made = await untilAnswered(this.run, this.run.history.request({ buyer, path: '/quotes', body: { operation, items: [item] }, about: { what: 'quote' } }));
    return made.json.id;
  }

  /** Sent, and not waited for longer than its answer takes. */
  async once(request) {
    const send = await this.run.doors.send(request, 0);
    this.workload.learn(request, send);
    this.run.note(`${request.path}: ${send.status ?? send.error} ${send.json?.error?.code ?? ''}`);
    return send;
  }

  /** Answered, and nothing is open any more on the account. */
  async settled(request) {
    const send = await untilAnswered(this.run, request);
    this.run.note(`${request.path}: ${send.status ?? send.error} ${send.json?.error?.code ?? ''}`);
    await this.quiet();
  }

  async quiet() {
    const { accountId } = this.haggling.haggler.buyer;
    const isQuiet = await until(async () => (await this.system.query("SELECT 1 FROM platform.orders WHERE account_id = $1 AND state IN ('acting', 'pending')", [accountId])).rowCount === 0);
    if (!isQuiet) this.missed('the end of an order');
  }

  async upgraded(server, plan) {
    await this.settled(this.ask(`/servers/${server.id}/actions/resize`, { plan_id: plan }));
  }

  async renewed({ id }) {
    const isRenewed = await until(async () => (await this.system.query("SELECT 1 FROM platform.orders WHERE subject = $1 AND kind = 'server_renew' AND state = 'captured'", [id])).rowCount > 0);
    if (!isRenewed) this.missed('a renewal by itself');
  }

  arm(who, point, match) {
    this.faults.arm({ who: `${this.product}-${who}`, at: point, do: 'wait', match });
  }

  /** It is held up after its price and before its hold, until `other` is done. */
  async overtaken(request, other, match = JSON.parse(request.body).reference) {
    this.arm('(server|worker)', 'before-hold', match);
    const sent = this.run.doors.send(request, 0);
    if (!(await until(() => this.faults.reached.has(match.replace(/^-(.*)-$/, '$1')), WAIT_MS))) return this.missed(`before-hold of ${request.path}`);
    await other();
    this.faults.goOn(match);
    await sent;
    await this.settled(request);
  }

  missed(what) {
    this.run.missed.push(what);
  }
}
