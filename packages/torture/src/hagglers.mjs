// Customers who share a few things and do to them at once whatever has a price: buy, upgrade, renew singly and in bulk,
// replace, top up, quote and buy at the quote, while the things renew themselves and run out. Several of them act at a
// time, and none waits for another; the model of prices (prices.mjs) is what they are for.
import { codeOf } from './client.mjs';
import { RUNS_OUT_MS, SHARED } from './shared-things.mjs';

const MONEY = 1_000_000 * 10_000;
const AT_ONCE = 2;
const THINGS_MAX = 5;
const QUOTES_MAX = 12;
/** A worker looks every second. */
const RENEWS_ITSELF_MS = 5_000;
/** Of an offer that something else has overtaken. */
const OVERTAKEN = new Set(['busy', 'price_changed', 'expiry_mismatch', 'state_conflict']);

/** One account with a key for each product, and what its people share of each. */
export async function makeHagglers(system) {
  const hagglers = [];
  for (const product of system.products) {
    const buyer = await system.makeBuyer({ name: 'haggler', money: MONEY, product, account: hagglers[0]?.buyer });
    hagglers.push({ buyer, things: [], quotes: [] });
  }
  return hagglers;
}

/** All of them, until the customers go home. */
export function haggle(run) {
  run.haggling = new Map(
    run.hagglers.map((haggler) => [
      haggler.buyer.product,
      new Haggling({ run, haggler, random: run.random.stream(`hagglers-${haggler.buyer.product}`) }),
    ]),
  );
  return Promise.all([...run.haggling.values()].map((haggling) => haggling.work()));
}

export class Haggling {
  constructor({ run, haggler, random }) {
    const { workload, history, doors, system } = run;
    Object.assign(this, {
      run,
      workload,
      history,
      doors,
      system,
      haggler,
      random,
      shared: SHARED[haggler.buyer.product],
    });
  }

  /** What a run owes, brought about on purpose: see WAYS. */
  async bring({ kind, deed }) {
    const { random } = this;
    // Laid before the others afterwards: they would renew it before its time.
    const thing = await this.buy(random, kind, kind !== 'runs out' && kind !== 'renews itself');
    if (thing === undefined) return;
    if (kind === 'runs out') await pause(RUNS_OUT_MS + 1_500); // it ends with a whole second
    if (kind === 'renews itself') await pause(RENEWS_ITSELF_MS);
    if (deed === 'in bulk') await this.renewInBulk(random);
    else if (deed === 'at a quote') {
      await this.quote(random, thing);
      await this.buyAtQuote(random);
    } else if (deed !== null) await this.do(deed, random, thing);
    this.share(thing);
  }

  /** Until the customers go home. */
  work() {
    return Promise.all(Array.from({ length: AT_ONCE }, (_, i) => this.loop(this.random.stream(`haggler-${i}`))));
  }

  async loop(random) {
    const { deeds } = this.shared;
    while (!this.workload.isOver) {
      const isFull = this.haggler.things.length >= THINGS_MAX;
      await random.weighted([
        [this.haggler.things.length === 0 ? 100 : isFull ? 1 : 2, () => this.buy(random)],
        ...Object.entries(deeds).map(([name, { weight }]) => [weight, () => this.do(name, random)]),
        [4, () => this.quote(random)],
        [5, () => this.buyAtQuote(random)],
        [2, () => this.renewInBulk(random)],
      ])();
      await pause(random.between(50, 400));
    }
  }

  async buy(random, kind = random.pick(this.shared.kinds), isShared = true) {
    const reference = this.workload.label();
    const request = this.ask(this.shared.path, { ...this.shared.body(reference, kind), reference }, { reference });
    await this.workload.insist(request, random);
    const thing = await this.shared.take(this, { reference, kind });
    if (thing !== undefined && isShared) this.share(thing);
    return thing;
  }

  /** The oldest makes room for it: nobody can renew one thing for ever. */
  share(thing) {
    const { things } = this.haggler;
    if (things.includes(thing)) return;
    things.push(thing);
    if (things.length > THINGS_MAX) things.shift();
  }

  async do(name, random, thing = this.pick(random)) {
    if (thing === undefined) return;
    const wish = await this.shared.deeds[name].wish(this, thing, random);
    if (wish !== null) await this.workload.insist(this.ask(wish.path, wish.body), random);
  }

  async quote(random, thing = this.pick(random)) {
    if (thing === undefined) return;
    const quotable = Object.values(this.shared.deeds).filter(({ quoted }) => quoted !== undefined);
    const { wish: make, quoted } = random.pick(quotable);
    const wish = await make(this, thing, random);
    if (wish === null) return;
    const { operation, item } = quoted(thing, wish);
    const made = await this.doors.send(
      this.history.request({
        buyer: this.haggler.buyer,
        path: '/quotes',
        body: { operation, items: [item] },
        about: { what: 'quote' },
      }),
      random.between(0, 1),
    );
    if (made.status !== 201) return;
    this.haggler.quotes.push({ id: made.json.id, wish });
    if (this.haggler.quotes.length > QUOTES_MAX) this.haggler.quotes.shift();
  }

  /** Perhaps much later, and perhaps not the one who asked for it. */
  async buyAtQuote(random) {
    const { quotes } = this.haggler;
    if (quotes.length === 0) return;
    const [{ id, wish }] = quotes.splice(random.between(0, quotes.length - 1), 1);
    await this.workload.insist(this.ask(wish.path, { ...wish.body, quote_id: id }), random);
  }

  async renewInBulk(random) {
    const items = [];
    for (const thing of this.haggler.things) items.push(...(await this.shared.bulkItems(this, thing, random)));
    if (items.length === 0) return;
    const request = this.ask(
      this.shared.bulkRenewPath,
      { items: items.map((item, i) => ({ ...item, ref: `${i}` })) },
      { what: 'bulk', refs: items.map((_, i) => `${i}`) },
    );
    await this.workload.insist(request, random);
    const batchId = request.sends.find(({ json }) => json?.batch_id !== undefined)?.json.batch_id;
    if (batchId !== undefined)
      this.history.batches.set(batchId, { buyer: this.haggler.buyer, refs: request.about.refs });
  }

  ask(path, body, about = {}) {
    return this.history.request({
      buyer: this.haggler.buyer,
      path,
      body,
      key: this.workload.key(),
      about: { what: 'haggle', ...about },
    });
  }

  async read(path) {
    const send = await this.doors.send(
      this.history.request({ buyer: this.haggler.buyer, method: 'GET', path, about: { what: 'read' } }),
      this.random.between(0, 1),
    );
    return send.status === 200 ? send.json : null;
  }

  /** What `find` finds as soon as it finds something; a database that is down is asked again. */
  async soon(find, limitMs = 20_000) {
    const endAt = performance.now() + limitMs * this.system.stretch;
    for (;;) {
      const found = await find().catch(() => undefined);
      if (found !== undefined || performance.now() > endAt) return found;
      await pause(100);
    }
  }

  pick(random) {
    return this.haggler.things.length === 0 ? undefined : random.pick(this.haggler.things);
  }
}

/**
 * What the people of each product must have done to what they share in every run, and how it is brought about where
 * chance has not.
 */
const WAYS = {
  domains: {
    'shared: domain_renew': { kind: 'middle', deed: 'renew' },
    'shared: domain_renew in bulk': { kind: 'middle', deed: 'in bulk' },
    'shared: domain_renew by itself': { kind: 'renews itself', deed: null },
    'shared: domain_renew after its expiry': { kind: 'runs out', deed: 'renew' },
  },
  vps: {
    'shared: server_resize': { kind: 'middle', deed: 'upgrade' },
    'shared: server_renew': { kind: 'the 31st', deed: 'renew' },
    'shared: server_renew in bulk': { kind: 'middle', deed: 'in bulk' },
    'shared: server_renew by itself': { kind: 'renews itself', deed: null },
    'shared: server_renew after its expiry': { kind: 'runs out', deed: 'renew' },
    'shared: bought at a quote': { kind: 'middle', deed: 'at a quote' },
  },
  proxy: {
    'shared: proxy_renew': { kind: 'middle', deed: 'renew the order' },
    'shared: proxy_renew in bulk': { kind: 'middle', deed: 'in bulk' },
    'shared: proxy_renew by itself': { kind: 'renews itself', deed: null },
    'shared: proxy_renew after its expiry': { kind: 'runs out', deed: 'renew the order' },
    'shared: proxy_replace': { kind: 'middle', deed: 'replace' },
    'shared: traffic_plan': { kind: 'middle', deed: 'buy traffic' },
    'shared: traffic_topup': { kind: 'partial', deed: 'top up' },
  },
};

export function owedByHagglers(products) {
  return products.flatMap((product) => Object.keys(WAYS[product]));
}

export const HAGGLER_DEEDS = Object.fromEntries(
  Object.entries(WAYS).flatMap(([product, ways]) =>
    Object.entries(ways).map(([state, way]) => [state, (run) => run.haggling.get(product).bring(way)]),
  ),
);

/** What they have done, by the same names. */
export async function gatherHaggling(system, history, hagglers, reach) {
  if (hagglers.length === 0) return;
  const { rows } = await system.query(
    `
    SELECT kind, bool_or(idem_scope = 'auto') AS auto, bool_or(batch_id IS NOT NULL) AS bulk, bool_or(EXISTS (SELECT 1
      FROM platform.quote_use u WHERE u.order_id = o.id)) AS quoted,
      bool_or(coalesce(o.item ->> 'from_expires_at', o.item ->> 'current_expires_at',
        o.item -> 'proxies' -> 0 ->> 'from')::timestamptz < o.created_at) AS late
    FROM platform.orders o WHERE account_id = $1 AND state = 'captured' GROUP BY kind`,
    [hagglers[0].buyer.accountId],
  );
  for (const { kind, auto, bulk, quoted, late } of rows) {
    reach(`shared: ${kind}`);
    reach(`shared: ${kind} by itself`, auto);
    reach(`shared: ${kind} in bulk`, bulk);
    reach(`shared: ${kind} after its expiry`, kind.endsWith('_renew') && late);
    reach('shared: bought at a quote', quoted);
  }
  const keys = new Set(hagglers.map(({ buyer }) => buyer.key));
  reach(
    'shared: overtaken',
    history.requests.some(
      ({ buyer, about, sends }) =>
        about.what === 'haggle' && keys.has(buyer.key) && sends.some((send) => OVERTAKEN.has(codeOf(send))),
    ),
  );
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
