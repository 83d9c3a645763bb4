// Ways to a named point that are no purchase.
import { codeOf } from './client.mjs';
import { SHOPS } from './shops.mjs';
import { NEVER, soon, ARRIVAL_MS, DECISION_MS, buyerOf, PATIENCE_MS } from './patience.mjs';

/**
 * Ways to bring a process to a point with something that `match` tells apart. Each answers with the request of a
 * customer, if there is one.
 */
export const LEADS = {
  buy: ({ workload, faults }, match, { ending }) =>
    workload.buy(faults.buyer, `${ending}${match}${workload.name('p')}`, faults.random),

  /** Paid at the provider; a webhook or the poller comes to know of it. */
  deposit: async ({ workload, faults, history }, match) => {
    const request = history.request({
      buyer: faults.buyer,
      path: '/deposits',
      body: { amount_usd: '3.00', provider: 'cryptobot', reference: `d${match}${workload.label()}` },
      key: workload.key(),
      about: { what: 'deposit' },
    });
    const made = await workload.insist(request, faults.random);
    if (made.status === 201 && (await workload.pay(made.json.pay_url, 'cryptobot', 0)))
      history.fact({ kind: 'paid', id: made.json.id });
    return request;
  },

  /** A purchase that nobody gets an answer about, until an operator reads the registry and marks it done. */
  orderDecided: async (run, match) => {
    const { workload, faults, system } = run;
    const domain = `stays-unknown-${NEVER}${match}${workload.label()}.test`;
    const request = await workload.buy(faults.buyer, domain, faults.random);
    const ordered = await soon(
      async () => (await system.query('SELECT id FROM platform.orders WHERE subject = $1', [domain])).rows[0],
      ARRIVAL_MS * system.stretch,
    );
    if (ordered === undefined) return request;
    const executed = await soon(
      async () =>
        (await system.query("SELECT info FROM domains.sandbox_log WHERE ref = $1 AND ending = 'done'", [ordered.id]))
          .rows[0],
      DECISION_MS,
    );
    if (executed !== undefined)
      await decide(run, {
        product: 'domains',
        id: ordered.id,
        verdict: 'mark-done',
        body: { reason: 'It stands in the registry.', result: executed.info },
      });
    return request;
  },

  /** The same for work without money, which the operator fails. */
  operationDecided: async (run, match, { arm }) => {
    const { workload, faults, history } = run;
    const buyer = buyerOf(run, 'vps');
    const name = workload.label();
    const bought = history.request({
      buyer,
      path: '/servers',
      body: {
        ...SHOPS.vps.body(name, {}),
        hostname: `sandbox-action-never-${/\d+$/.exec(name)[0]}.example.com`,
        reference: name,
      },
      key: workload.key(),
      about: { what: 'buy', reference: name },
    });
    await workload.insist(bought, faults.random);
    const server = await soon(
      async () =>
        (
          await run.system.query(
            'SELECT s.id FROM vps.server s JOIN platform.orders o ON o.id = s.order_id WHERE o.reference = ' +
              "$1 AND o.state = 'captured'",
            [name],
          )
        ).rows[0],
      20_000,
    );
    if (server === undefined) return bought;
    arm(server.id);
    await run.doors.send(
      history.request({ buyer, path: `/servers/${server.id}/actions/reboot`, about: { what: 'act' } }),
      0,
    );
    const running = await soon(
      async () =>
        (
          await run.system.query("SELECT id FROM platform.operation WHERE subject = $1 AND state = 'running'", [
            server.id,
          ])
        ).rows[0],
      ARRIVAL_MS * run.system.stretch,
    );
    if (running !== undefined)
      await decide(run, {
        product: 'vps',
        id: running.id,
        verdict: 'fail-and-refund',
        body: { reason: 'It was never rebooted.' },
      });
    return bought;
  },

  /** A domain whose year is nearly over, at us and in the registry alike. It renews itself. */
  renewal: async ({ workload, faults, system, history }, match) => {
    const domain = `plain${match}${workload.label()}.test`;
    const request = await workload.buy(faults.buyer, domain, faults.random, { auto_renew: true });
    const aged = await soon(
      async () =>
        (
          await system.query(
            `
      WITH aged AS (UPDATE domains.domain SET registered_at = registered_at - interval '355 days',
        created_at = created_at - interval '355 days', expires_at = expires_at - interval '355 days',
          grace_ends_at = grace_ends_at - interval '355 days',
          redemption_ends_at = redemption_ends_at - interval '355 days', delete_at = delete_at - interval '355 days'
            WHERE name = $1 AND expires_at > now() + interval '300 days' RETURNING name, expires_at),
        registry AS (UPDATE domains.sandbox_name n SET registered_at = n.registered_at - interval '355 days',
          expires_at = n.expires_at - interval '355 days' FROM aged WHERE n.name = aged.name)
      SELECT expires_at FROM aged`,
            [domain],
          )
        ).rows[0],
      15_000,
    );
    if (aged === undefined) return request;
    history.fact({ kind: 'renews', domain, from: aged.expires_at });
    await soon(
      async () =>
        (
          await system.query('SELECT 1 FROM domains.domain WHERE name = $1 AND expires_at > $2', [
            domain,
            aged.expires_at,
          ])
        ).rows[0],
      PATIENCE_MS,
    );
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
  const say = (what, text, door) =>
    doors.send(history.request({ buyer, path: `${path}/${what}`, body: text, about: { what: 'decide' } }), door);
  let door = 0;
  let said;
  const isDecided = await soon(async () => {
    said = await say(verdict, body, (door += 1) % 2);
    return said.status === 200 || codeOf(said) === 'state_conflict';
  }, DECISION_MS);
  if (!isDecided)
    return run.note(
      `${id} could not be decided: ${said.status ?? said.error} ${said.bytes?.toString().slice(0, 300) ?? ''}`,
    );
  history.fact({ kind: 'decided', id, state: verdict === 'mark-done' ? ['captured', 'done'] : ['released', 'failed'] });
  for (const [other, text] of [
    ['mark-done', { reason: 'Again.', result: {} }],
    ['fail-and-refund', { reason: 'Again.' }],
  ]) {
    said = await say(other, text, (door += 1) % 2);
    if (said.status !== undefined && said.status < 300)
      history.fact({ kind: 'broken', text: `${id} was decided, and decided again by ${other}` });
  }
}
