// The customers of a run. Each draws its choices from its own stream of chance, so the seed decides who does what in
// which order; only the interleaving is the machine's.
import { BulkCustomer } from './bulks.mjs';
import { codeOf } from './client.mjs';
import { SHOPS, factOf } from './shops.mjs';

export class Workload {
  constructor({ system, doors, history, random, buyers }) {
    Object.assign(this, { system, doors, history, random, buyers });
    this.isOver = false;
    this.names = 0;
    this.tag = `x${(random.stream('tag').next() * 1e9).toString(36).replace(/\W/g, '').slice(0, 5)}`;
    this.owned = new Map(buyers.map((buyer) => [buyer, []]));
    this.contested = 0;
  }

  /** Until `end()`; resolves when the last answer is in. */
  run() {
    const [rich1, rich2, tight, capped, , ...others] = this.buyers;
    const opening = [
      () => this.buy(rich1, this.name('timeout-after-success')),
      () => this.buy(rich2, this.name('timeout-after-refusal')),
      () => this.replay(rich1),
    ];
    return Promise.all([
      this.loop('rich-1a', rich1, opening[0]),
      this.loop('rich-1b', rich1, opening[2]),
      this.loop('rich-2a', rich2, opening[1]),
      this.loop('rich-2b', rich2),
      this.bursts('tight', tight),
      this.bursts('capped', capped),
      ...others.map((buyer) => this.loop(`${buyer.name}-${buyer.product}`, buyer)),
      ...[rich1, ...others].map((buyer) =>
        new BulkCustomer({
          workload: this,
          doors: this.doors,
          history: this.history,
          random: this.random.stream(`bulk-${buyer.product}`),
          buyer,
        }).work(),
      ),
    ]);
  }

  end() {
    this.isOver = true;
  }

  async loop(name, buyer, opening) {
    const random = this.random.stream(name);
    if (opening !== undefined) await opening();
    while (!this.isOver) {
      const step = random.weighted([
        [26, () => this.buyAny(buyer, {}, random)],
        [20, () => this.buyAny(buyer, { ending: random.pick(SHOPS[buyer.product].endings) }, random)],
        [
          SHOPS[buyer.product].renewEndings.length > 0 ? 6 : 0,
          () => this.buyAny(buyer, { renewEnding: random.pick(SHOPS[buyer.product].renewEndings) }, random),
        ],
        [12, () => this.renew(buyer, random)],
        [8, () => this.deposit(buyer, random, 'sandbox')],
        [7, () => this.deposit(buyer, random, 'cryptobot')],
        [7, () => this.twins(buyer, random)],
        [6, () => this.contend(buyer, random)],
        [7, () => this.replay(buyer, random)],
        [5, () => this.reuse(buyer, random)],
        [6, () => this.look(buyer, random)],
      ]);
      await step();
      await pause(random.between(10, 120));
    }
  }

  /** Many purchases at once by one buyer: what balance and cap are for. */
  async bursts(name, buyer) {
    const random = this.random.stream(name);
    while (!this.isOver) {
      const ending = random.weighted([
        [5, 'plain'],
        [1, 'refused'],
        [1, 'timeout-after-success'],
        [1, 'pending-then-refused'],
      ]);
      await Promise.all(Array.from({ length: random.between(4, 6) }, () => this.buy(buyer, this.name(ending), random)));
      if (name === 'tight' && random.chance(0.35)) await this.deposit(buyer, random, 'sandbox', '2.00');
      await pause(random.between(300, 900));
    }
  }

  /** Unlike any other of the run. */
  label() {
    this.names += 1;
    return `${this.tag}n${this.names}`;
  }

  /** A domain whose registration ends so. */
  name(ending) {
    return `${ending}-${this.label()}.test`;
  }

  key() {
    this.keys = (this.keys ?? 0) + 1;
    return `torture-${this.tag}-${this.keys}`;
  }

  /** Something of the buyer's product that ends so. */
  async buyAny(buyer, endings, random) {
    const shop = SHOPS[buyer.product];
    const reference = this.label();
    await this.insist(
      this.history.request({
        buyer,
        path: shop.path,
        body: { ...shop.body(reference, endings), reference },
        key: this.key(),
        about: { what: 'buy', reference },
      }),
      random,
    );
  }

  async buy(buyer, domain, random = this.random, extra = {}) {
    const reference = this.label();
    const request = this.history.request({
      buyer,
      path: '/domains',
      body: { domain, years: 1, reference, ...extra },
      key: this.key(),
      about: { what: 'buy', reference, domain },
    });
    await this.insist(request, random);
    return request;
  }

  /** Sends a request; where the answer does not settle it, most customers ask again, through the other gateway. */
  async insist(request, random) {
    const first = random.between(0, 1);
    for (let tries = 0; tries < 4; tries += 1) {
      const send = await this.doors.send(request, (first + tries) % 2);
      this.learn(request, send);
      if (send.kind === 'ok' && (send.status !== 202 || send.json?.batch_id !== undefined)) return send;
      if (send.kind === 'fail' && codeOf(send) !== 'in_progress') return send;
      if (!random.chance(0.7) || this.isOver) return send;
      await pause(random.between(150, 900));
    }
    return request.sends.at(-1);
  }

  /** What an answer says for ever. */
  learn(request, { kind, json }) {
    if (kind !== 'ok' || json === null || json === undefined) return;
    const results = request.about.what === 'bulk' ? (json.items ?? []).flatMap(({ result }) => result ?? []) : [json];
    for (const result of results) {
      const fact = factOf(result.order);
      if (fact !== null) this.history.fact(fact);
      this.keep(request.buyer, result);
    }
  }

  /** What the buyer owns now, to be renewed. */
  keep(buyer, answer) {
    const list = this.owned.get(buyer);
    if (list === undefined) return; // hagglers look after their own
    for (const thing of SHOPS[buyer.product].boughtBy(answer ?? {}))
      if (!list.some(({ id }) => id === thing.id)) list.push(thing);
  }

  ownedBy(buyer) {
    return this.owned.get(buyer);
  }

  async renew(buyer, random) {
    const shop = SHOPS[buyer.product];
    const list = this.owned.get(buyer);
    if (list.length === 0) return;
    // The ones with a magic renewal first.
    const thing = random.chance(0.5) ? (list.find(({ isTouchy }) => isTouchy) ?? random.pick(list)) : random.pick(list);
    if (thing.isTouchy) list.splice(list.indexOf(thing), 1);
    const seen = await this.read(buyer, shop.read(thing), random);
    if (seen.kind === 'fail' && codeOf(seen) === 'not_found')
      this.history.fact({ kind: 'broken', text: `${thing.id} was sold and then not found` });
    const wish = seen.status === 200 ? shop.renewal(thing, seen.json) : null;
    if (wish === null) return;
    const renewal = () => this.history.request({ buyer, ...wish, key: this.key(), about: { what: 'renew' } });
    // A customer who has lost its key asks again under another: the expiry it names is the guard.
    const answers = [this.insist(renewal(), random)];
    if (random.chance(0.3)) answers.push(this.insist(renewal(), random));
    await Promise.all(answers);
  }

  async deposit(buyer, random, provider, amount = '3.00') {
    const request = this.history.request({
      buyer,
      path: '/deposits',
      body: { amount_usd: amount, provider },
      key: this.key(),
      about: { what: 'deposit' },
    });
    const made = await this.insist(request, random);
    if (made.status !== 201 || !random.chance(0.85)) return;
    const { id, pay_url: url } = made.json;
    const times = random.chance(0.3) ? 2 : 1;
    const paid = await Promise.all(
      Array.from({ length: times }, (_, i) => this.pay(url, provider, (i + random.between(0, 1)) % 2)),
    );
    if (paid.some(Boolean)) this.history.fact({ kind: 'paid', id });
    if (random.chance(0.3))
      await this.doors.send(
        this.history.request({ buyer, path: `/deposits/${id}/cancel`, about: { what: 'cancel' } }),
        random.between(0, 1),
      );
    const seen = await this.doors.send(
      this.history.request({ buyer, method: 'GET', path: `/deposits/${id}`, about: { what: 'read' } }),
      random.between(0, 1),
    );
    if (seen.json?.status === 'credited') this.history.fact({ kind: 'credited', id });
  }

  /** True when the pay page says that it is paid. */
  async pay(url, provider, door) {
    try {
      const { pathname } = new URL(url);
      if (provider === 'sandbox') {
        const answer = await this.doors.send(
          this.history.request({ buyer: null, path: pathname, about: { what: 'pay' } }),
          door,
        );
        return answer.status === 200 && answer.bytes.includes('<strong id="state">paid');
      }
      const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(4_000) });
      return (await answer.text()).includes('<strong id="status">paid');
    } catch {
      return false; // not paid, or nobody knows
    }
  }

  /** One request, through both gateways at the same moment. */
  async twins(buyer, random) {
    const shop = SHOPS[buyer.product];
    const reference = this.label();
    const request = random.chance(0.5)
      ? this.history.request({
          buyer,
          path: shop.path,
          body: { ...shop.body(reference, {}), reference },
          key: this.key(),
          about: { what: 'buy', reference },
        })
      : this.history.request({
          buyer,
          path: '/deposits',
          body: { amount_usd: '1.00', provider: 'sandbox' },
          key: this.key(),
          about: { what: 'deposit' },
        });
    const sends = await Promise.all([0, 1, 0].map((door) => this.doors.send(request, door)));
    for (const send of sends) this.learn(request, send);
  }

  /** Names that several customers want. */
  async contend(buyer, random) {
    if (buyer.product !== 'domains') return;
    const domain = `wanted-${this.tag}n${Math.floor(this.contested / 2)}.test`;
    this.contested += 1;
    await this.buy(buyer, domain, random);
  }

  async replay(buyer, random = this.random) {
    const old = this.history.requests.filter(
      (request) =>
        request.buyer === buyer && request.key !== undefined && request.sends.some(({ kind }) => kind === 'ok'),
    );
    if (old.length === 0) return;
    const request = random.pick(old);
    const { door } = request.sends.find(({ kind }) => kind === 'ok');
    this.learn(request, await this.doors.send(request, 1 - door));
  }

  /** The same key for something else. */
  async reuse(buyer, random) {
    const old = this.history.requests.filter(
      (request) =>
        request.buyer === buyer && request.about.reference !== undefined && request.about.isOther === undefined,
    );
    if (old.length === 0) return;
    const shop = SHOPS[buyer.product];
    const reference = this.label();
    const request = this.history.request({
      buyer,
      path: shop.path,
      body: { ...shop.body(reference, {}), reference },
      key: random.pick(old).key,
      about: { what: 'buy', reference, isOther: true },
    });
    await this.doors.send(request, random.between(0, 1));
  }

  async look(buyer, random) {
    const path = random.pick([
      '/balance',
      '/orders?limit=20',
      '/transactions?limit=20',
      '/batches?limit=20',
      ...SHOPS[buyer.product].lists,
    ]);
    const seen = await this.read(buyer, path, random);
    if (seen.status !== 200) return;
    if (path === '/balance' && Number(seen.json.available_usd) < 0)
      this.history.fact({ kind: 'broken', text: `a balance was shown as ${seen.json.available_usd}` });
    if (path.startsWith('/orders'))
      for (const order of seen.json.items) if (order.state !== 'processing') this.history.fact(factOf(order));
  }

  async read(buyer, path, random) {
    return this.doors.send(
      this.history.request({ buyer, method: 'GET', path, about: { what: 'read' } }),
      random.between(0, 1),
    );
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
