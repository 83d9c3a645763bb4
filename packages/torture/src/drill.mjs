// Directed runs: every fault stands at a named point and is waited for, so that slowness delays and nothing is left to
// luck. For `npm test`, for planted bugs, and for the bulk of 500.
import { PIECES } from './fault-plan.mjs';
import { until, untilAnswered, STEP_LIMIT_MS } from './patience.mjs';
import { RACE_STEPS } from './races.mjs';
import { SHOPS } from './shops.mjs';

const BURST = 8;

/** What a directed run can do, by name. Each step resolves when what it is about has happened. */
export const STEPS = {
  /** SIGKILL before the hold, after it, after the supplier's answer and after the settlement. */
  'kill between the steps': async (run) => {
    for (const id of ['kill-before-hold', 'kill-before-act', 'kill-after-act', 'kill-after-settle'])
      await reachPiece(run, id);
  },
  /** A worker dies with an order that it took over. */
  'kill in recovery': (run) => reachPiece(run, 'kill-worker-after-take-over'),
  'stop before the supplier': (run) => reachPiece(run, 'stop-before-act'),
  'stop after the supplier': (run) => reachPiece(run, 'stop-after-act'),
  /** While money is held for something else, which a second release would give away. */
  'stop after a refusal': (run) => reachPiece(run, 'stop-after-refusal'),
  'kill after the supplier': (run) => reachPiece(run, 'kill-after-act'),
  'cut the settlement': (run) => reachPiece(run, 'settle-answer-cut'),
  'unknown outcomes': async (run) => {
    const names = ['timeout-after-success', 'timeout-before', 'timeout-after-refusal'].map((ending) =>
      run.workload.name(ending),
    );
    run.asked.push(...names.map((name) => run.workload.buy(run.buyers[0], name)));
    await Promise.all(run.asked);
  },
  /** Sent again through the other gateway, and its key used for something else. */
  repeats: async (run) => {
    const {
      workload,
      buyers: [buyer],
      doors,
    } = run;
    const request = await workload.buy(buyer, workload.name('plain'));
    await untilAnswered(run, request);
    for (const door of [0, 1]) workload.learn(request, await doors.send(request, door));
    await workload.reuse(buyer, run.random);
  },
  bursts: async ({ workload, buyers, random }) => {
    const [, , tight, capped] = buyers;
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(
        [tight, capped].flatMap((buyer) =>
          Array.from({ length: BURST }, () => workload.buy(buyer, workload.name('plain'), random)),
        ),
      );
    }
  },
  twins: async ({ workload, history, doors, buyers: [buyer] }) => {
    for (let round = 0; round < 4; round += 1) {
      const request = history.request({
        buyer,
        path: '/deposits',
        body: { amount_usd: '1.00', provider: 'sandbox' },
        key: workload.key(),
        about: { what: 'deposit' },
      });
      await Promise.all([0, 1, 0, 1].map((door) => doors.send(request, door)));
    }
  },
  deposits: async (run) => {
    run.system.webhookFate = 'repeated';
    for (let i = 0; i < 2; i += 1) {
      const request = run.history.request({
        buyer: run.buyers[0],
        path: '/deposits',
        body: { amount_usd: '3.00', provider: 'cryptobot' },
        key: run.workload.key(),
        about: { what: 'deposit' },
      });
      const made = await untilAnswered(run, request);
      if (made.status === 201 && (await run.workload.pay(made.json.pay_url, 'cryptobot', 0)))
        run.history.fact({ kind: 'paid', id: made.json.id });
    }
    await until(() => run.system.webhooks.repeated >= 2);
  },
  /**
   * A payment that the provider has confirmed is credited although whoever was about to write it dies, and once
   * although whoever has written it dies.
   */
  'kill around a credit': async (run) => {
    for (const id of ['kill-before-credit', 'kill-after-credit']) await reachPiece(run, id);
    run.owed.push('deposit credited after a kill');
  },
  /** An operator has taken an order over, and what decides it dies. */
  'kill inside a decision': async (run) => {
    for (const id of ['kill-after-seize', 'kill-before-decision']) await reachPiece(run, id);
    run.owed.push('decided after a kill');
  },
  /** A domain is about to renew itself, and there is no order yet. */
  'kill before a renewal': async (run) => {
    await reachPiece(run, 'kill-before-renewal');
    run.owed.push('renewed after a kill');
  },
  /** Workers die twice in the middle of a bulk, and in between the queue forgets everything. */
  bulk: async (run) => {
    for (const buyer of productBuyers(run))
      await bulk(run, buyer, run.items, { first: 'after-act', second: 'after-hold', isFlushed: true });
  },
  /** Both workers die when items of their step are paid for, and the queue gives their jobs to others. */
  'bulk, killed after a settlement': async (run) => {
    for (const buyer of productBuyers(run))
      await bulk(run, buyer, run.items, { first: 'after-settle', second: 'after-settle', isFlushed: false });
  },
};

/** What `npm test` runs. */
export const DRILL = [
  'kill between the steps',
  'unknown outcomes',
  'repeats',
  'kill in recovery',
  'kill around a credit',
  'kill inside a decision',
  'kill before a renewal',
  'bulk',
];

export async function drill(run, steps) {
  run.asked = [];
  run.missed = [];
  for (const step of steps) {
    run.note(step);
    await (STEPS[step] ?? RACE_STEPS[step])(run);
  }
  for (const request of run.asked) await untilAnswered(run, await request);
  return steps.length;
}

function productBuyers({ system, buyers }) {
  return system.products.map((product) => buyers.find((buyer) => buyer.product === product));
}

/**
 * Buys until a process has been hit at the piece's point: a purchase may end before it, when its server has just been
 * killed for another reason.
 */
async function reachPiece(run, id) {
  const { faults, system } = run;
  const piece = PIECES.find((one) => one.id === id);
  const endAt = performance.now() + STEP_LIMIT_MS;
  while (!faults.reached.has(id) && performance.now() < endAt) {
    await Promise.all(system.named(/-(server|worker)-/).map((child) => child.isUp()));
    const asked = faults.piece(piece);
    run.asked.push(asked);
    await until(() => faults.reached.has(id), piece.who === 'worker' || piece.lead !== undefined ? 20_000 : 3_000);
  }
  if (!faults.reached.has(id)) run.missed.push(id);
}

async function bulk(run, buyer, count, { first: firstPoint, second: secondPoint, isFlushed }) {
  const { workload, history, doors, faults, system, note, figures } = run;
  const shop = SHOPS[buyer.product];
  const names = Array.from({ length: count }, (_, i) => `${workload.label()}-item-${i}-`);
  const items = names.map((name) => ({ ...shop.body(name.replace(/-$/, ''), {}), reference: name, ref: name }));
  const [first, second] = [Math.floor(count * 0.3), Math.floor(count * 0.65)].map((i) => names[i]);
  faults.arm({ who: `${buyer.product}-worker`, at: firstPoint, do: 'kill', match: first });
  const request = history.request({
    buyer,
    path: shop.bulkPath,
    body: { items },
    key: workload.key(),
    about: { what: 'bulk', refs: names },
  });
  const askedAt = performance.now();
  const accepted = await untilAnswered(run, request);
  const acceptedMs = performance.now() - askedAt;
  if (accepted.json?.batch_id === undefined)
    return run.missed.push(`bulk of ${count}: ${accepted.status} ${accepted.bytes?.toString().slice(0, 200)}`);
  const id = accepted.json.batch_id;
  history.batches.set(id, { buyer, refs: names });
  await hit(run, first);
  const isHeld = await doors.send(request, 1);
  workload.learn(request, isHeld);
  await Promise.all(system.named(new RegExp(`${buyer.product}-worker-`)).map((child) => child.isUp()));
  faults.arm({ who: `${buyer.product}-worker`, at: secondPoint, do: 'kill', match: second });
  if (isFlushed) {
    await system.flushQueue();
    faults.done.add('queue flushed inside a bulk');
    note(`the queue of ${buyer.product} forgot everything`);
  }
  await hit(run, second);
  const healedAt = performance.now();
  const isOver = await until(
    async () =>
      (await doors.send({ buyer, method: 'GET', path: `/batches/${id}?limit=1`, sends: [] }, 0)).json?.finished_at !=
      null,
    STEP_LIMIT_MS,
  );
  const finalMs = performance.now() - healedAt;
  if (!isOver) run.missed.push(`the end of the bulk ${id}`);
  const {
    rows: [row],
  } = await system.query(
    `
    SELECT b.ok, b.failed, count(o.id) FILTER (WHERE o.state = 'captured')::int AS captured,
      count(DISTINCT o.reference) FILTER (WHERE o.state = 'captured')::int AS names, coalesce(sum(o.charged),
        0)::int AS charged,
      max(o.price)::int AS price, string_agg(DISTINCT i.error_code, ',') AS errors FROM platform.batch b
        JOIN platform.batch_item i ON i.batch_id = b.id LEFT JOIN platform.orders o ON o.batch_id = b.id
          AND o.batch_item = i.item
    WHERE b.id = $1 GROUP BY b.id`,
    [id],
  );
  const isExact =
    row !== undefined &&
    row.ok === count &&
    row.captured === count &&
    row.names === count &&
    row.charged === count * row.price;
  if (!isExact)
    run.breaches.push({
      rule: 'every item of the bulk is bought once, and paid once',
      subject: id,
      detail: JSON.stringify(row),
    });
  figures.bulks.push(
    `${buyer.product}: ${count} items accepted in ${Math.round(acceptedMs)} ms, all final ` +
      `${(finalMs / 1_000).toFixed(1)} s after the second kill`,
  );
  if (finalMs > run.bulkLimitMs)
    run.breaches.push({
      rule: `a bulk is final within ${run.bulkLimitMs / 1_000} s of healing`,
      subject: id,
      detail: `${(finalMs / 1_000).toFixed(1)} s`,
    });
}

async function hit({ faults, missed }, match) {
  if (!(await until(() => faults.reached.has(match.replace(/^-(.*)-$/, '$1'))))) missed.push(`a kill at ${match}`);
}
