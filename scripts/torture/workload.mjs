// The customers of a run. Each draws its choices from its own stream of chance, so the seed decides who does what in which order; only the
// interleaving is the machine's.
import { codeOf } from './client.mjs';

const ENDINGS = ['timeout-before', 'timeout-after-success', 'timeout-after-refusal', 'error-before', 'error-after-success', 'stays-unknown', 'pending-then-done', 'pending-then-refused', 'refused', 'lost-race', 'slow'];
const RENEW_ENDINGS = ['timeout-before', 'timeout-after-success', 'timeout-after-refusal', 'error-after-success', 'pending-then-done'];
/** 1/10,000 USD. */
const USD = 10_000;
export const BUYERS = [
  { name: 'rich-1', money: 5_000 * USD }, { name: 'rich-2', money: 5_000 * USD },
  { name: 'tight', money: 4 * USD }, { name: 'capped', money: 500 * USD, dailyCap: 7 * USD }, { name: 'pieces', money: 500 * USD },
];

export class Workload {
  constructor({ system, doors, history, random, buyers }) {
    Object.assign(this, { system, doors, history, random, buyers });
    this.isOver = false;
    this.names = 0;
    this.tag = `x${(random.stream('tag').next() * 1e9).toString(36).replace(/\W/g, '').slice(0, 5)}`;
    this.owned = new Map(buyers.map(({ name }) => [name, []]));
    this.contested = 0;
  }

  /** Until `end()`; resolves when the last answer is in. */
  run() {
    const [rich1, rich2, tight, capped] = this.buyers;
    const opening = [() => this.buy(rich1, this.name('timeout-after-success')), () => this.buy(rich2, this.name('timeout-after-refusal')), () => this.replay(rich1)];
    return Promise.all([
      this.loop('rich-1a', rich1, opening[0]), this.loop('rich-1b', rich1, opening[2]), this.loop('rich-2a', rich2, opening[1]), this.loop('rich-2b', rich2),
      this.bursts('tight', tight), this.bursts('capped', capped),
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
        [26, () => this.buy(buyer, this.name('plain'), random)],
        [20, () => this.buy(buyer, this.name(random.pick(ENDINGS)), random)],
        [6, () => this.buy(buyer, this.name(`renew-${random.pick(RENEW_ENDINGS)}`), random)],
        [12, () => this.renew(buyer, random)],
        [8, () => this.deposit(buyer, random, 'sandbox')],
        [7, () => this.deposit(buyer, random, 'cryptobot')],
        [7, () => this.twins(buyer, random)],
        [6, () => this.contend(buyer, random)],
        [7, () => this.replay(buyer, random)],
        [5, () => this.reuse(buyer, random)],
        [6, () => this.read(buyer, random)],
      ]);
      await step();
      await pause(random.between(10, 120));
    }
  }

  /** Many purchases at once by one buyer: what balance and cap are for. */
  async bursts(name, buyer) {
    const random = this.random.stream(name);
    while (!this.isOver) {
      const ending = random.weighted([[5, 'plain'], [1, 'refused'], [1, 'timeout-after-success'], [1, 'pending-then-refused']]);
      await Promise.all(Array.from({ length: random.between(4, 6) }, () => this.buy(buyer, this.name(ending), random)));
      if (name === 'tight' && random.chance(0.35)) await this.deposit(buyer, random, 'sandbox', '2.00');
      await pause(random.between(300, 900));
    }
  }

  name(ending) {
    this.names += 1;
    return `${ending}-${this.tag}n${this.names}.test`;
  }

  key() {
    this.keys = (this.keys ?? 0) + 1;
    return `torture-${this.tag}-${this.keys}`;
  }

  async buy(buyer, domain, random = this.random) {
    const request = this.history.request({ buyer, path: '/domains', body: { domain, years: 1 }, key: this.key(), about: { what: 'register', domain } });
    await this.insist(request, random);
    return request;
  }

  /** Sends a request; where the answer does not settle it, most customers ask again, through the other gateway. */
  async insist(request, random) {
    const first = random.between(0, 1);
    for (let tries = 0; tries < 4; tries += 1) {
      const send = await this.doors.send(request, (first + tries) % 2);
      this.learn(request, send);
      if (send.kind === 'ok' && send.status !== 202) return send;
      if (send.kind === 'fail' && codeOf(send) !== 'in_progress') return send;
      if (!random.chance(0.7) || this.isOver) return send;
      await pause(random.between(150, 900));
    }
    return request.sends.at(-1);
  }

  learn(request, send) {
    const { what, domain } = request.about;
    const order = send.json?.order;
    if (send.kind !== 'ok' || order === undefined) return;
    if (order.state !== 'processing') this.history.fact({ kind: 'order', id: order.id, state: order.state, captured: order.money.captured_usd });
    if (send.status === 202) this.history.fact({ kind: 'order', id: order.id, state: null });
    if (what === 'register' && send.status === 201) {
      const list = this.owned.get(request.buyer.name);
      if (!list.includes(domain)) list.push(domain);
    }
  }

  async renew(buyer, random) {
    const list = this.owned.get(buyer.name);
    if (list.length === 0) return;
    // The ones with a magic renewal first.
    const domain = random.chance(0.5) ? (list.find((name) => name.startsWith('renew-')) ?? random.pick(list)) : random.pick(list);
    if (domain.startsWith('renew-')) list.splice(list.indexOf(domain), 1);
    const door = random.between(0, 1);
    const seen = await this.doors.send(this.history.request({ buyer, method: 'GET', path: `/domains/${domain}`, about: { what: 'read' } }), door);
    if (seen.kind === 'fail' && codeOf(seen) === 'not_found') this.history.fact({ kind: 'broken', text: `${domain} was sold with 201 and then not found` });
    if (seen.status !== 200) return;
    const body = { years: 1, current_expires_at: seen.json.expires_at ?? seen.json.domain?.expires_at };
    const renewal = () => this.history.request({ buyer, path: `/domains/${domain}/renew`, body, key: this.key(), about: { what: 'renew', domain } });
    // A customer who has lost its key asks again under another: the expiry it names is the guard.
    const answers = [this.insist(renewal(), random)];
    if (random.chance(0.3)) answers.push(this.insist(renewal(), random));
    await Promise.all(answers);
  }

  async deposit(buyer, random, provider, amount = '3.00') {
    const request = this.history.request({ buyer, path: '/deposits', body: { amount_usd: amount, provider }, key: this.key(), about: { what: 'deposit' } });
    const made = await this.insist(request, random);
    if (made.status !== 201 || !random.chance(0.85)) return;
    const { id, pay_url: url } = made.json;
    const times = random.chance(0.3) ? 2 : 1;
    const paid = await Promise.all(Array.from({ length: times }, (_, i) => this.pay(url, provider, (i + random.between(0, 1)) % 2)));
    if (paid.some(Boolean)) this.history.fact({ kind: 'paid', id });
    if (random.chance(0.3)) await this.doors.send(this.history.request({ buyer, path: `/deposits/${id}/cancel`, about: { what: 'cancel' } }), random.between(0, 1));
    const seen = await this.doors.send(this.history.request({ buyer, method: 'GET', path: `/deposits/${id}`, about: { what: 'read' } }), random.between(0, 1));
    if (seen.json?.status === 'credited') this.history.fact({ kind: 'credited', id });
  }

  /** True when the pay page says that it is paid. */
  async pay(url, provider, door) {
    try {
      const { pathname } = new URL(url);
      if (provider === 'sandbox') {
        const answer = await this.doors.send(this.history.request({ buyer: null, path: pathname.replace(/^\/api\/v1/, ''), about: { what: 'pay' } }), door);
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
    const domain = this.name('plain');
    const request = random.chance(0.5)
      ? this.history.request({ buyer, path: '/domains', body: { domain, years: 1 }, key: this.key(), about: { what: 'register', domain } })
      : this.history.request({ buyer, path: '/deposits', body: { amount_usd: '1.00', provider: 'sandbox' }, key: this.key(), about: { what: 'deposit' } });
    const sends = await Promise.all([0, 1, 0].map((door) => this.doors.send(request, door)));
    for (const send of sends) this.learn(request, send);
  }

  /** Names that several customers want. */
  async contend(buyer, random) {
    const domain = `wanted-${this.tag}n${Math.floor(this.contested / 2)}.test`;
    this.contested += 1;
    await this.buy(buyer, domain, random);
  }

  async replay(buyer, random = this.random) {
    const old = this.history.requests.filter((request) => request.buyer === buyer && request.key !== undefined && request.sends.some(({ kind }) => kind === 'ok'));
    if (old.length === 0) return;
    const request = random.pick(old);
    const { door } = request.sends.find(({ kind }) => kind === 'ok');
    this.learn(request, await this.doors.send(request, 1 - door));
  }

  /** The same key for something else. */
  async reuse(buyer, random) {
    const old = this.history.requests.filter((request) => request.buyer === buyer && request.about.what === 'register' && request.about.isOther === undefined);
    if (old.length === 0) return;
    const domain = this.name('other');
    const request = this.history.request({ buyer, path: '/domains', body: { domain, years: 1 }, key: random.pick(old).key, about: { what: 'register', domain, isOther: true } });
    await this.doors.send(request, random.between(0, 1));
  }

  async read(buyer, random) {
    const door = random.between(0, 1);
    const path = random.pick(['/balance', '/orders?limit=20', '/domains?limit=20', '/transactions?limit=20']);
    const seen = await this.doors.send(this.history.request({ buyer, method: 'GET', path, about: { what: 'read' } }), door);
    if (seen.status !== 200) return;
    if (path === '/balance' && Number(seen.json.available_usd) < 0) this.history.fact({ kind: 'broken', text: `a balance was shown as ${seen.json.available_usd}` });
    if (path.startsWith('/orders')) for (const order of seen.json.items) if (order.state !== 'processing') this.history.fact({ kind: 'order', id: order.id, state: order.state, captured: order.money.captured_usd });
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
