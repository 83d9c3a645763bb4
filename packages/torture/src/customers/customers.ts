// What a customer does, one action at a time: buy, renew, pay in, ask twice at once, want what another wants, repeat,
// use a key again, look.
import type { Random } from '../random';
import type { Buyer } from '../system/accounts';
import { Asking } from './asking';
import { codeOf, type BuyerRequest } from './client';
import { factOf, SHOPS, type Endings } from './shops';

const PAY_LIMIT_MS = 4_000;

export type Provider = 'sandbox' | 'cryptobot';

export class Customers extends Asking {
  private contested = 0;

  /** Something of the buyer's product that ends so. */
  async buyAny(buyer: Buyer, endings: Endings, random: Random): Promise<void> {
    await this.insist(this.purchase(buyer, endings), random);
  }

  /** A domain. */
  async buy(buyer: Buyer, domain: string, random = this.random, extra: object = {}): Promise<BuyerRequest> {
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

  async renew(buyer: Buyer, random: Random): Promise<void> {
    const shop = SHOPS[buyer.product];
    const list = this.ownedBy(buyer);
    if (list.length === 0) return;
    // The ones with a magic renewal first.
    const thing = random.chance(0.5) ? (list.find(({ isTouchy }) => isTouchy) ?? random.pick(list)) : random.pick(list);
    if (thing.isTouchy === true) list.splice(list.indexOf(thing), 1);
    const seen = await this.read(buyer, shop.read(thing), random);
    if (seen.kind === 'fail' && codeOf(seen) === 'not_found')
      this.history.fact({ kind: 'broken', text: `${thing.id} was sold and then not found` });
    const wanted = seen.status === 200 ? shop.renewal(thing, seen.json ?? {}) : null;
    if (wanted === null) return;
    const renewal = () => this.history.request({ buyer, ...wanted, key: this.key(), about: { what: 'renew' } });
    // A customer who has lost its key asks again under another: the expiry it names is the guard.
    const answers = [this.insist(renewal(), random)];
    if (random.chance(0.3)) answers.push(this.insist(renewal(), random));
    await Promise.all(answers);
  }

  async deposit(buyer: Buyer, random: Random, provider: Provider, amount = '3.00'): Promise<void> {
    const made = await this.insist(this.depositRequest(buyer, { amount_usd: amount, provider }), random);
    const { id, pay_url: url } = made.json ?? {};
    if (made.status !== 201 || id === undefined || url === undefined || !random.chance(0.85)) return;
    const times = random.chance(0.3) ? 2 : 1;
    const paid = await Promise.all(
      Array.from({ length: times }, (_, i) => this.pay(url, provider, (i + random.between(0, 1)) % 2)),
    );
    if (paid.some(Boolean)) this.history.fact({ kind: 'paid', id });
    if (random.chance(0.3))
      await this.gateways.send(
        this.history.request({ buyer, path: `/deposits/${id}/cancel`, about: { what: 'cancel' } }),
        random.between(0, 1),
      );
    const seen = await this.read(buyer, `/deposits/${id}`, random);
    if (seen.json?.status === 'credited') this.history.fact({ kind: 'credited', id });
  }

  depositRequest(buyer: Buyer, body: object): BuyerRequest {
    return this.history.request({ buyer, path: '/deposits', body, key: this.key(), about: { what: 'deposit' } });
  }

  /** True when the pay page says that it is paid. */
  async pay(url: string, provider: Provider, gateway: number): Promise<boolean> {
    try {
      const { pathname } = new URL(url);
      if (provider === 'sandbox') {
        const answer = await this.gateways.send(
          this.history.request({ buyer: null, path: pathname, about: { what: 'pay' } }),
          gateway,
        );
        return answer.status === 200 && answer.bytes?.includes('<strong id="state">paid') === true;
      }
      const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(PAY_LIMIT_MS) });
      return (await answer.text()).includes('<strong id="status">paid');
    } catch {
      return false; // not paid, or nobody knows
    }
  }

  /** One request, through both gateways at the same moment. */
  async twins(buyer: Buyer, random: Random): Promise<void> {
    const request = random.chance(0.5)
      ? this.purchase(buyer, {})
      : this.depositRequest(buyer, { amount_usd: '1.00', provider: 'sandbox' });
    const sends = await Promise.all([0, 1, 0].map((gateway) => this.gateways.send(request, gateway)));
    for (const send of sends) this.learn(request, send);
  }

  /** Names that several customers want. */
  async contend(buyer: Buyer, random: Random): Promise<void> {
    if (buyer.product !== 'domains') return;
    const domain = `wanted-${this.tag}n${Math.floor(this.contested / 2)}.test`;
    this.contested += 1;
    await this.buy(buyer, domain, random);
  }

  /** What was answered with success, again through the other gateway. */
  async replay(buyer: Buyer, random = this.random): Promise<void> {
    const old = this.requestsOf(buyer).filter(
      ({ key, sends }) => key !== undefined && sends.some(({ kind }) => kind === 'ok'),
    );
    if (old.length === 0) return;
    const request = random.pick(old);
    const gateway = request.sends.find(({ kind }) => kind === 'ok')?.gateway ?? 0;
    this.learn(request, await this.gateways.send(request, 1 - gateway));
  }

  /** The same key for something else. */
  async reuse(buyer: Buyer, random: Random): Promise<void> {
    const old = this.requestsOf(buyer).filter(
      ({ about }) => about.reference !== undefined && about.isOther === undefined,
    );
    if (old.length === 0) return;
    const reference = this.label();
    const { key } = random.pick(old);
    const request = this.history.request({
      buyer,
      path: SHOPS[buyer.product].path,
      body: { ...SHOPS[buyer.product].body(reference, {}), reference },
      ...(key === undefined ? {} : { key }),
      about: { what: 'buy', reference, isOther: true },
    });
    await this.gateways.send(request, random.between(0, 1));
  }

  async look(buyer: Buyer, random: Random): Promise<void> {
    const path = random.pick([
      '/balance',
      '/orders?limit=20',
      '/transactions?limit=20',
      '/batches?limit=20',
      ...SHOPS[buyer.product].lists,
    ]);
    const seen = await this.read(buyer, path, random);
    if (seen.status !== 200) return;
    const available = seen.json?.available_usd;
    if (path === '/balance' && Number(available) < 0)
      this.history.fact({ kind: 'broken', text: `a balance was shown as ${available}` });
    if (!path.startsWith('/orders')) return;
    for (const order of seen.json?.items ?? []) {
      const fact = order.state === 'processing' ? null : factOf(order);
      if (fact !== null) this.history.fact(fact);
    }
  }

  private purchase(buyer: Buyer, endings: Endings): BuyerRequest {
    const shop = SHOPS[buyer.product];
    const reference = this.label();
    return this.history.request({
      buyer,
      path: shop.path,
      body: { ...shop.body(reference, endings), reference },
      key: this.key(),
      about: { what: 'buy', reference },
    });
  }

  private requestsOf(buyer: Buyer): BuyerRequest[] {
    return this.history.requests.filter((request): request is BuyerRequest => request.buyer === buyer);
  }
}
