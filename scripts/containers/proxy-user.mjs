// A customer of a proxy in containers: buys one through the gateway, uses it by curl through the published port of the
// node, and reads the bill.
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from './built-images.mjs';

const USABLE_LIMIT_MS = 20_000;
const COUNTED_LIMIT_MS = 20_000;
const BYTES = 100_000;
const FROM_ECHO = `http://echo.lumi.test/bytes/${BYTES}`;

/** @typedef {import('./customers.mjs').Customers} Customers */
/** @typedef {import('./engine.mjs').Engine} Engine */
/**
 * @typedef {object} Bought
 * @property {string} id
 * @property {string} host
 * @property {number} port
 * @property {string} username
 * @property {string} password
 * @property {string} exit_ip
 */

export class ProxyUser {
  /**
   * @param {Engine} engine
   * @param {Customers} customers
   */
  constructor(engine, customers) {
    this.engine = engine;
    this.customers = customers;
    /** @type {Bought | null} */
    this.bought = null;
  }

  async buy() {
    const order = { product_id: 'ipv4', items: [{ country: 'XA', quantity: 1 }], period_days: 30 };
    const { proxies } = await this.#ask('POST', '/orders', order);
    this.bought = await this.#ask('GET', `/proxies/${proxies[0].id}?reveal=1`);
  }

  /** The target sees the address that was sold, and the bill has what has passed; none of it twice. */
  async use() {
    const { bought } = this;
    if (bought === null) throw new Error('no proxy was bought');
    const before = await this.#bytes(bought);
    const proxy = `http://${bought.username}:${bought.password}@${bought.host}:${bought.port}`;
    const text = await this.#curl(proxy, 'http://echo.lumi.test/');
    must(text.includes(bought.exit_ip), `the target did not see ${bought.exit_ip}, but ${text}`);
    const got = (await this.#curl(proxy, FROM_ECHO)).length;
    must(got === BYTES, `${got} bytes came instead of ${BYTES}`);

    // Heads of both answers and requests besides.
    const [least, most] = [BYTES + text.length, BYTES + text.length + 4_000];
    const until = Date.now() + COUNTED_LIMIT_MS;
    for (;;) {
      const counted = (await this.#bytes(bought)) - before;
      must(counted <= most, `${counted} bytes are billed, of at most ${most}`);
      if (counted >= least) return;
      must(Date.now() < until, `${counted} bytes are billed, of at least ${least}`);
      await sleep(250);
    }
  }

  /** @param {Bought} bought */
  async #bytes({ id }) {
    const { totals } = await this.#ask('GET', `/usage?subject=${id}`);
    return totals.bytes_up + totals.bytes_down;
  }

  /**
   * Again until the proxy lets it in: a node that has just started opens its entries one after the other.
   *
   * @param {string} proxy
   * @param {string} url
   */
  async #curl(proxy, url) {
    const until = Date.now() + USABLE_LIMIT_MS;
    for (;;)
      try {
        return await this.engine.run('curl', ['-sS', '--fail', '--max-time', '20', '-x', proxy, url]);
      } catch (err) {
        if (Date.now() > until) throw err;
        await sleep(250);
      }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  async #ask(method, path, body) {
    const name = body === undefined ? undefined : 'proxy-user';
    const { status, text } = await this.customers.ask('proxy', method, `/proxy/api/v1${path}`, body, name);
    must(status >= 200 && status < 300, `${method} ${path} was answered ${status} ${text}`);
    return JSON.parse(text);
  }
}
