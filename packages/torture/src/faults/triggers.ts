// What brings a process to a named point with something that `match` tells apart.
import type { Product } from '@lumi/shared/contract';
import { buyerOf } from '../customers/buyers';
import { codeOf, type CustomerRequest, type Send } from '../customers/client';
import { serverBought } from '../customers/shared-things';
import { numberOf, SHOPS } from '../customers/shops';
import type { Run } from '../run-state';
import { ARRIVAL_MS, DECISION_MS, PATIENCE_MS, soon } from '../waiting';
import type { TriggerName } from './point-faults';

/** Look-ups that get no answer: more than any run makes. */
const NEVER = 900;
const BOUGHT_LIMIT_MS = 20_000;
const AGED_LIMIT_MS = 15_000;

interface TriggerOptions {
  /** The magic name of what is bought. */
  readonly ending: string;
  /** Arms the fault for something else than `match` tells. */
  arm(match: string): void;
}

/** Answers with the request of the customer. */
type Trigger = (run: Run, match: string, options: TriggerOptions) => Promise<CustomerRequest>;

export const TRIGGERS: Readonly<Record<TriggerName, Trigger>> = {
  buy: ({ customers, buyers, faults }, match, { ending }) =>
    customers.buy(buyers.atPoints, `${ending}${match}${customers.name('p')}`, faults.random),

  /** Paid at the provider; a webhook or the poller comes to know of it. */
  deposit: async ({ customers, buyers, faults, history }, match) => {
    const reference = `d${match}${customers.label()}`;
    const request = customers.depositRequest(buyers.atPoints, { amount_usd: '3.00', provider: 'cryptobot', reference });
    const made = await customers.insist(request, faults.random);
    const { id, pay_url: url } = made.json ?? {};
    if (made.status === 201 && id !== undefined && url !== undefined && (await customers.pay(url, 'cryptobot', 0)))
      history.fact({ kind: 'paid', id });
    return request;
  },

  /** A purchase that nobody gets an answer about, until an operator reads the registry and marks it done. */
  orderDecided: async (run, match) => {
    const { customers, buyers, faults, system } = run;
    const domain = `stays-unknown-${NEVER}${match}${customers.label()}.test`;
    const request = await customers.buy(buyers.atPoints, domain, faults.random);
    const order = await soon(
      () => first<{ id: string }>(run, 'SELECT id FROM platform.orders WHERE subject = $1', [domain]),
      ARRIVAL_MS * system.stretch,
    );
    if (order === undefined) return request;
    const executed = await soon(
      () =>
        first<{ info: object }>(run, "SELECT info FROM domains.sandbox_log WHERE ref = $1 AND ending = 'done'", [
          order.id,
        ]),
      DECISION_MS,
    );
    if (executed !== undefined)
      await decide(run, {
        product: 'domains',
        id: order.id,
        verdict: 'mark-done',
        body: { reason: 'It stands in the registry.', result: executed.info },
      });
    return request;
  },

  /** The same for work without money, which the operator fails. */
  operationDecided: async (run, _match, { arm }) => {
    const { customers, buyers, faults, history, gateways, system } = run;
    const buyer = buyerOf(buyers, 'vps');
    const reference = customers.label();
    const hostname = `sandbox-action-never-${numberOf(reference)}.example.com`;
    const bought = history.request({
      buyer,
      path: '/servers',
      body: { ...SHOPS.vps.body(reference, {}), hostname, reference },
      key: customers.key(),
      about: { what: 'buy', reference },
    });
    await customers.insist(bought, faults.random);
    const server = await soon(() => serverBought(system, reference), BOUGHT_LIMIT_MS);
    if (server === undefined) return bought;
    arm(server.id);
    await gateways.send(
      history.request({ buyer, path: `/servers/${server.id}/actions/reboot`, about: { what: 'act' } }),
      0,
    );
    const operation = await soon(
      () =>
        first<{ id: string }>(run, "SELECT id FROM platform.operation WHERE subject = $1 AND state = 'running'", [
          server.id,
        ]),
      ARRIVAL_MS * system.stretch,
    );
    if (operation !== undefined)
      await decide(run, {
        product: 'vps',
        id: operation.id,
        verdict: 'fail-and-refund',
        body: { reason: 'It was never rebooted.' },
      });
    return bought;
  },

  /** A domain whose year is nearly over, at us and in the registry alike. It renews itself. */
  renewal: async (run, match) => {
    const { customers, buyers, faults, history } = run;
    const domain = `plain${match}${customers.label()}.test`;
    const request = await customers.buy(buyers.atPoints, domain, faults.random, { auto_renew: true });
    const aged = await soon(() => first<{ expires_at: Date }>(run, AGE_BY_A_YEAR, [domain]), AGED_LIMIT_MS);
    if (aged === undefined) return request;
    history.fact({ kind: 'renews', domain, from: aged.expires_at });
    const renewed = 'SELECT 1 AS one FROM domains.domain WHERE name = $1 AND expires_at > $2';
    await soon(() => first<{ one: number }>(run, renewed, [domain, aged.expires_at]), PATIENCE_MS);
    return request;
  },
};

const AGE_BY_A_YEAR = `
  WITH aged AS (UPDATE domains.domain SET registered_at = registered_at - interval '355 days',
    created_at = created_at - interval '355 days', expires_at = expires_at - interval '355 days',
      grace_ends_at = grace_ends_at - interval '355 days',
      redemption_ends_at = redemption_ends_at - interval '355 days', delete_at = delete_at - interval '355 days'
        WHERE name = $1 AND expires_at > now() + interval '300 days' RETURNING name, expires_at),
    registry AS (UPDATE domains.sandbox_name n SET registered_at = n.registered_at - interval '355 days',
      expires_at = n.expires_at - interval '355 days' FROM aged WHERE n.name = aged.name)
  SELECT expires_at FROM aged`;

async function first<T extends object>({ system }: Run, query: string, values: unknown[]): Promise<T | undefined> {
  return (await system.query<T>(query, values)).rows[0];
}

type Verdict = 'mark-done' | 'fail-and-refund';

interface Decision {
  readonly product: Product;
  /** Of the order or of the operation. */
  readonly id: string;
  readonly verdict: Verdict;
  readonly body: object;
}

/** Through one gateway and the other until it is decided; what is decided stays so. */
async function decide(run: Run, { product, id, verdict, body }: Decision): Promise<void> {
  const { system, history, gateways, operators } = run;
  const buyer = operators.get(product) ?? (await system.makeOperator(product));
  operators.set(product, buyer);
  const path = `/admin/operations/${id.replace(/^ord_/, 'op_')}`;
  let gateway = 0;
  const say = (what: Verdict, text: object): Promise<Send> =>
    gateways.send(
      history.request({ buyer, path: `${path}/${what}`, body: text, about: { what: 'decide' } }),
      (gateway += 1) % 2,
    );
  let answer: Send | undefined;
  const isDecided = await soon(async () => {
    answer = await say(verdict, body);
    return answer.status === 200 || codeOf(answer) === 'state_conflict';
  }, DECISION_MS);
  if (isDecided !== true) {
    const shown = answer?.bytes?.toString().slice(0, 300) ?? '';
    run.note(`${id} could not be decided: ${answer?.status ?? answer?.error} ${shown}`);
    return;
  }
  history.fact({ kind: 'decided', id, state: verdict === 'mark-done' ? ['captured', 'done'] : ['released', 'failed'] });
  const others: [Verdict, object][] = [
    ['mark-done', { reason: 'Again.', result: {} }],
    ['fail-and-refund', { reason: 'Again.' }],
  ];
  for (const [other, text] of others) {
    const { status } = await say(other, text);
    if (status !== undefined && status < 300)
      history.fact({ kind: 'broken', text: `${id} was decided, and decided again by ${other}` });
  }
}
