// One race: the thing it is about, and the steps of both sides.
import { untilAnswered, until } from './patience.mjs';
import { Haggling } from './hagglers.mjs';
import { ageServer } from './ageing.mjs';

export const DAY_MS = 86_400_000;
export const MIDDLE_MS = 20.5 * DAY_MS;
export const WAIT_MS = 15_000;

export class Race {
  constructor(run, product) {
    this.run = run;
    this.product = product;
    Object.assign(this, { system: run.system, faults: run.faults, workload: run.workload });
    this.haggling = new Haggling({
      run,
      haggler: run.hagglers.find(({ buyer }) => buyer.product === product),
      random: run.random.stream('races'),
    });
  }

  /** In the middle of its time, on plan s1. What is done with it later takes a second. */
  async server({ left = MIDDLE_MS, until: end = Date.now() + left, body = {} } = {}) {
    const name = this.workload.label();
    const request = this.ask('/servers', {
      plan_id: 's1',
      locations: ['ams'],
      image_id: 'debian-13',
      hostname: `sandbox-action-slow-${/\d+$/.exec(name)[0]}.example.com`,
      reference: name,
      ...body,
    });
    await this.settled(request);
    const {
      rows: [server],
    } = await this.system.query(
      'SELECT s.id, s.expires_at FROM vps.server s JOIN platform.orders o ON o.id = s.order_id WHERE ' +
        "o.reference = $1 AND o.state = 'captured'",
      [name],
    );
    await ageServer({ system: this.system, history: this.run.history }, server, end);
    this.haggling.haggler.things.push({ id: server.id });
    return server;
  }

  /** Once more, for whoever is already known to the model by an earlier time. */
  async age(server, left) {
    const { history } = this.run;
    const fact = history.facts.find(({ kind, id }) => kind === 'aged' && id === server.id);
    const {
      rows: [{ expires_at: from }],
    } = await this.system.query('SELECT expires_at FROM vps.server WHERE id = $1', [server.id]);
    fact.until = Date.now() + left;
    await ageServer({ system: this.system, history }, { ...server, expires_at: from }, fact.until);
  }

  async proxies() {
    const name = this.workload.label();
    await this.settled(
      this.ask('/orders', {
        product_id: 'ipv4',
        items: [{ country: 'US', quantity: 3 }],
        period_days: 30,
        reference: name,
      }),
    );
    const {
      rows: [{ id }],
    } = await this.system.query("SELECT id FROM platform.orders WHERE reference = $1 AND state = 'captured'", [name]);
    const thing = { id, proxies: [] };
    this.haggling.haggler.things.push(thing);
    return [id, (await this.live(id)).map((proxy) => proxy.id)];
  }

  async live(orderId) {
    const seen = await this.haggling.soon(
      async () => (await this.haggling.read(`/proxies?order_id=${orderId}&limit=50`)) ?? undefined,
    );
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
    const made = await untilAnswered(
      this.run,
      this.run.history.request({
        buyer,
        path: '/quotes',
        body: { operation, items: [item] },
        about: { what: 'quote' },
      }),
    );
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
    const isQuiet = await until(
      async () =>
        (
          await this.system.query(
            "SELECT 1 FROM platform.orders WHERE account_id = $1 AND state IN ('acting', 'pending')",
            [accountId],
          )
        ).rowCount === 0,
    );
    if (!isQuiet) this.missed('the end of an order');
  }

  async upgraded(server, plan) {
    await this.settled(this.ask(`/servers/${server.id}/actions/resize`, { plan_id: plan }));
  }

  async renewed({ id }) {
    const isRenewed = await until(
      async () =>
        (
          await this.system.query(
            "SELECT 1 FROM platform.orders WHERE subject = $1 AND kind = 'server_renew' AND state = 'captured'",
            [id],
          )
        ).rowCount > 0,
    );
    if (!isRenewed) this.missed('a renewal by itself');
  }

  arm(who, point, match) {
    this.faults.arm({ who: `${this.product}-${who}`, at: point, do: 'wait', match });
  }

  /** It is held up after its price and before its hold, until `other` is done. */
  async overtaken(request, other, match = JSON.parse(request.body).reference) {
    this.arm('(server|worker)', 'before-hold', match);
    const sent = this.run.doors.send(request, 0);
    if (!(await until(() => this.faults.reached.has(match.replace(/^-(.*)-$/, '$1')), WAIT_MS)))
      return this.missed(`before-hold of ${request.path}`);
    await other();
    this.faults.goOn(match);
    await sent;
    await this.settled(request);
  }

  missed(what) {
    this.run.missed.push(what);
  }
}
