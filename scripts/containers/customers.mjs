// The customers of the trial: a steady load of reads and purchases on all products, each purchase repeated under its
// key until it is final. An answer that is neither good nor allowed at that moment is a fault.
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 100;
const ANSWER_LIMIT_MS = 40_000;
const FINAL_LIMIT_MS = 180_000;
const FINISHED_AT_ONCE = 8;
/** A reconnection after a lost address takes up to ten seconds, and then the circuit has to close. */
const SERVED_LIMIT_MS = 30_000;
const FAULTS_MAX = 20;

/** @typedef {'domains' | 'vps' | 'proxy'} Product */
/** @typedef {Readonly<Record<Product, string>>} Keys */
/**
 * `status` is 0 without an answer.
 *
 * @typedef {{ status: number; text: string; retryAfter: string | null }} Answer
 * @typedef {{ from: number; to: number; isComeAgain: boolean; text: string }} Fault when the customer asked and got the
 *   answer, and whether that was 503 with Retry-After
 */
/** @typedef {(product: Product, answer: Answer, isPurchase: boolean) => boolean} Allowed */

/** @type {Readonly<Record<Product, { list: string; buy: string; body: (name: string) => object }>>} */
const PRODUCTS = {
  domains: {
    list: '/api/v1/domains?limit=5',
    buy: '/api/v1/domains',
    body: (name) => ({ domain: `${name}.test`, years: 1 }),
  },
  vps: {
    list: '/hosting/api/v1/servers?limit=5',
    buy: '/hosting/api/v1/servers',
    body: (name) => ({
      plan_id: 's1',
      image_id: 'debian-12',
      locations: ['ams'],
      hostname: `${name}.example.com`,
      period_months: 1,
    }),
  },
  proxy: {
    list: '/proxy/api/v1/proxies?limit=5',
    // Not proxies: each needs a port of the node.
    buy: '/proxy/api/v1/traffic-plans',
    body: () => ({ pool: 'residential', gb: 1 }),
  },
};
const NAMES = /** @type {readonly Product[]} */ (Object.keys(PRODUCTS));

export class Customers {
  /**
   * @param {string} address
   * @param {Keys} keys
   */
  constructor(address, keys) {
    this.address = address;
    this.keys = keys;
    /** @type {Fault[]} */
    this.faults = [];
    this.counts = { requests: 0, refused: 0, purchases: 0 };
    /** @type {Set<{ product: Product; name: string }>} */
    this.open = new Set();
    /** @type {Allowed} */
    this.allowed = () => false;
    this.phase = '';
    this.isStopped = false;
    /** @type {Set<Promise<void>>} */
    this.flying = new Set();
  }

  start() {
    void (async () => {
      for (let turn = 0; !this.isStopped; turn += 1) {
        const product = NAMES[turn % NAMES.length] ?? 'domains';
        const sent = turn % 4 === 3 ? this.#purchase(product, `load-${turn}`) : this.#read(product);
        this.flying.add(sent);
        void sent.finally(() => this.flying.delete(sent));
        await sleep(EVERY_MS);
      }
    })();
  }

  /**
   * What else than a good answer is allowed from now on.
   *
   * @param {string} phase
   * @param {Allowed} allowed
   */
  during(phase, allowed) {
    this.phase = phase;
    this.allowed = allowed;
  }

  /**
   * Until each product sells again: a service may need a few seconds until it finds a database or a Redis that came
   * back at another address.
   */
  async untilServed() {
    const until = Date.now() + SERVED_LIMIT_MS;
    for (const product of NAMES)
      for (let turn = 0; ; turn += 1) {
        const name = `served-${product}-${Date.now()}-${turn}`;
        const { buy, body } = PRODUCTS[product];
        const { status, text } = await this.ask(product, 'POST', buy, body(name), name);
        if (status >= 200 && status < 300) break;
        if (Date.now() > until) throw new Error(`${this.phase}: ${product} does not sell again: ${status} ${text}`);
        await sleep(500);
      }
  }

  /** Ends the load, and repeats each purchase that is not final until it is; returns what the customers saw. */
  async finish() {
    this.isStopped = true;
    await Promise.all(this.flying);
    const until = Date.now() + FINAL_LIMIT_MS;
    const open = [...this.open];
    const finishNext = async () => {
      for (let one = open.pop(); one !== undefined; one = open.pop())
        while (!(await this.#isFinal(one))) {
          if (Date.now() > until) throw new Error(`${one.product} ${one.name} is not final`);
          await sleep(500);
        }
    };
    await Promise.all(Array.from({ length: FINISHED_AT_ONCE }, finishNext));
    return { ...this.counts, faults: this.faults };
  }

  /** @param {Product} product */
  async #read(product) {
    const from = Date.now();
    this.#judge(product, from, await this.ask(product, 'GET', PRODUCTS[product].list), false);
  }

  /**
   * @param {Product} product
   * @param {string} name
   */
  async #purchase(product, name) {
    this.counts.purchases += 1;
    const one = { product, name };
    this.open.add(one);
    const { buy, body } = PRODUCTS[product];
    const from = Date.now();
    const answer = await this.ask(product, 'POST', buy, body(name), name);
    this.#judge(product, from, answer, true);
  }

  /** @param {{ product: Product; name: string }} one */
  async #isFinal(one) {
    const { buy, body } = PRODUCTS[one.product];
    const { status, text } = await this.ask(one.product, 'POST', buy, body(one.name), one.name);
    if (status >= 400 && status !== 409 && status !== 429 && status !== 503)
      throw new Error(`${one.product} ${one.name} ended with ${status} ${text}`);
    return status === 200 || status === 201;
  }

  /**
   * @param {Product} product
   * @param {number} from when it was asked
   * @param {Answer} answer
   * @param {boolean} isPurchase
   */
  #judge(product, from, answer, isPurchase) {
    this.counts.requests += 1;
    if (answer.status >= 200 && answer.status < 300) return;
    this.counts.refused += 1;
    if (this.allowed(product, answer, isPurchase)) return;
    const { status, text, retryAfter } = answer;
    const what = `${this.phase}: ${isPurchase ? 'purchase' : 'read'} of ${product} got ${status} ${text.slice(0, 200)}`;
    const isComeAgain = status === 503 && retryAfter !== null;
    if (this.faults.length < FAULTS_MAX)
      this.faults.push({ from, to: Date.now(), isComeAgain, text: `${what} (Retry-After ${retryAfter ?? 'absent'})` });
  }

  /**
   * Sends it again when no connection was made: while a container starts, the engine rewrites the machine's own packet
   * filter, which then loses a packet now and then before it reaches the edge.
   *
   * @param {Product} product
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {string} [idempotencyKey]
   * @returns {Promise<Answer>}
   */
  async ask(product, method, path, body, idempotencyKey) {
    const first = await this.#ask(product, method, path, body, idempotencyKey);
    return first.text.includes('ConnectTimeoutError') ? this.#ask(product, method, path, body, idempotencyKey) : first;
  }

  /**
   * @param {Product} product
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {string} [idempotencyKey]
   * @returns {Promise<Answer>}
   */
  async #ask(product, method, path, body, idempotencyKey) {
    try {
      const answer = await fetch(`${this.address}${path}`, {
        method,
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
        headers: {
          authorization: `Bearer ${this.keys[product]}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': `customers-${idempotencyKey}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, text: await answer.text(), retryAfter: answer.headers.get('retry-after') };
    } catch (err) {
      return {
        status: 0,
        text: err instanceof Error ? `${err.message} ${String(err.cause ?? '')}` : String(err),
        retryAfter: null,
      };
    }
  }
}
