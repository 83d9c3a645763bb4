// Bugs that are planted on purpose, one at a time, to prove that the harness can fail. None is part of the product:
// those of the database replace a function of the run's own database (and are taken back afterwards), the others are
// planted by the preload (inside/bugs.ts).
import type { System } from '../system/system';
import { NODE_BUGS } from './node-bugs';
import type { PlantedBug } from './planted-bug';

const settleAsFailed = (
  order: string,
) => `PERFORM purchase_settle(${order}.id, ${order}.attempt, NULL, NULL, 'trf_' || md5(random()::text), 'refund', 502,
  convert_to('{"error":{"code":"supplier_error","message":"timed out","request_id":"' || ${order}.request_id || '"}}',
    'UTF8'),
  NULL, NULL, 'supplier_error', 'timed out', NULL, now(), NULL);`;
const SUPPLIER_LOG = ['what the registrar executed belongs to an order'];
const ANSWERS = ['every answer a customer saw is still true'];

export const BUGS: readonly PlantedBug[] = [
  {
    name: 'read-then-write-balance',
    what: 'The wallet is read without a lock and the held amount written back.',
    seed: 1,
    steps: ['bursts'],
    rules: ['held is the sum of the open orders'],
    functions: {
      purchase_begin: [
        ['WHERE w.account_id = p_account_id FOR NO KEY UPDATE', 'WHERE w.account_id = p_account_id'],
        [
          'UPDATE wallet SET held = held + p_price',
          'PERFORM pg_sleep(0.05);\n  UPDATE wallet SET held = v_wallet.held + p_price',
        ],
      ],
    },
  },
  {
    name: 'cap-by-sum',
    what: 'The day’s spend is summed over the orders before the wallet is locked.',
    seed: 2,
    steps: ['bursts'],
    rules: ['cap is never passed', 'daily cap is never passed'],
    functions: {
      purchase_begin: [
        [
          '  IF p_dry_run THEN\n    SELECT * INTO v_wallet',
          `  SELECT sum(coalesce(o.charged, o.price)) INTO v_spent FROM orders o WHERE o.lineage_id = p_lineage_id
            AND o.cap_day = v_day AND o.state <> 'released';
  PERFORM pg_sleep(0.4);
  IF p_dry_run THEN\n    SELECT * INTO v_wallet`,
        ],
        ['SELECT d.spent INTO v_spent FROM daily_spend d WHERE d.lineage_id = p_lineage_id AND d.day = v_day;', ''],
      ],
    },
  },
  {
    name: 'refund-on-time-out',
    what: 'A supplier that does not answer counts as a refusal: the hold is given back.',
    seed: 1,
    steps: ['unknown outcomes'],
    rules: [...SUPPLIER_LOG, 'a name the registry holds through us'],
    functions: {
      purchase_postpone: [
        [
          'BEGIN\n',
          `DECLARE v_order orders%ROWTYPE;\nBEGIN\n  IF p_state = 'acting' THEN\n    SELECT * INTO v_order ` +
            `FROM orders o WHERE o.id = p_order_id;\n    ${settleAsFailed('v_order')}\n    RETURN true;\n  ` +
            `END IF;\n`,
        ],
      ],
    },
  },
  {
    name: 'claim-select-then-insert',
    what: 'Nothing but a look beforehand keeps an idempotency key from being taken twice.',
    seed: 1,
    steps: ['twins'],
    rules: ['one idempotency key has one effect'],
    alter: ['ALTER TABLE platform.idempotency DROP CONSTRAINT idempotency_pkey'],
    undo: ['ALTER TABLE platform.idempotency ADD PRIMARY KEY (scope, product, key)'],
    functions: {
      deposit_begin: [
        ['IF NOT FOUND THEN\n    IF NOT EXISTS', 'IF NOT FOUND THEN\n    PERFORM pg_sleep(0.05);\n    IF NOT EXISTS'],
      ],
    },
  },
  {
    name: 'response-from-jsonb',
    what: 'The stored answer is kept as jsonb and written out again for a repeat.',
    seed: 1,
    steps: ['repeats'],
    rules: ANSWERS,
    functions: {
      finish_claim: [['body = p_body', "body = convert_to(convert_from(p_body, 'UTF8')::jsonb::text, 'UTF8')"]],
    },
  },
  {
    name: 'capture-then-deliver',
    what: 'The charge is one transaction, the domain’s row another.',
    seed: 1,
    steps: ['cut the settlement'],
    rules: [
      'a registration or transfer that was captured delivered one domain',
      'a name the registry holds through us',
      'a domain we hold stands in the registry',
    ],
  },
  {
    name: 'no-fencing',
    what: 'A late process may still settle an order.',
    seed: 1,
    steps: ['stop after a refusal'],
    rules: [
      'held is the sum of the open orders',
      'everything is final',
      'a finished order has told its end',
      'daily spend is captured plus held',
      'available is never negative',
    ],
    functions: {
      purchase_settle: [
        ['WHERE o.id = p_order_id AND o.attempt = p_attempt AND o.settled_at IS NULL', 'WHERE o.id = p_order_id'],
      ],
    },
  },
  {
    name: 'gateway-retries-post',
    what: 'The gateway sends a POST again when the connection to the service breaks.',
    seed: 1,
    steps: ['kill after the supplier'],
    rules: ['the gateway sends a request to a service once'],
  },
  {
    name: 'release-on-absent',
    what: 'Recovery takes "never heard of it" for "will never happen" and gives the hold back.',
    seed: 1,
    steps: ['stop before the supplier'],
    rules: [...SUPPLIER_LOG, 'a name the registry holds through us'],
  },
  {
    name: 'credit-per-webhook',
    what: 'Every confirmation of a payment credits the deposit.',
    seed: 9,
    steps: ['deposits'],
    rules: ['a credited deposit has exactly one line'],
    alter: ['DROP INDEX platform.transfer_deposit_once'],
    undo: ["CREATE UNIQUE INDEX transfer_deposit_once ON platform.transfer (deposit_id) WHERE kind = 'deposit'"],
    functions: { deposit_credit: [["IF v_deposit.state = 'credited' THEN", 'IF false THEN']] },
  },
  {
    name: 'fingerprint-ignores-body',
    what: 'The same key with another body counts as the same request.',
    seed: 1,
    steps: ['repeats'],
    rules: ANSWERS,
  },
  {
    name: 'hold-expires',
    what: 'A hold whose time is over is given back without asking the supplier.',
    seed: 1,
    steps: ['unknown outcomes'],
    rules: [...SUPPLIER_LOG, 'a name the registry holds through us'],
    functions: {
      purchase_take_over: [
        [
          '  RETURN QUERY',
          `  FOR v_order IN SELECT * FROM orders d WHERE d.product = p_product AND d.state = 'acting' AND ` +
            `d.wake_at <= now() LOOP\n    ${settleAsFailed('v_order')}\n  END LOOP;\n  RETURN QUERY`,
        ],
        ['BEGIN\n', 'DECLARE v_order orders%ROWTYPE;\nBEGIN\n'],
      ],
    },
  },
  {
    name: 'new-reference',
    what: 'Recovery sends an order again under a new reference.',
    seed: 1,
    steps: ['unknown outcomes'],
    rules: [...SUPPLIER_LOG, 'a captured order was executed by the registrar exactly once'],
  },
  {
    name: 'job-payload-trusted',
    what: 'A wake-up names the items to buy, and the job believes it instead of leasing them in Postgres.',
    seed: 1,
    steps: ['bulk, killed after a settlement'],
    items: 40,
    waitMs: 45_000,
    rules: [
      'an item is bought once',
      'an order of a batch is that of its item',
      'every item of the bulk is bought once',
      'an item is ok exactly when its order is captured',
    ],
    functions: {
      batch_wake: [
        [
          "jsonb_build_object('account_id', p_account_id)",
          `jsonb_build_object('account_id', p_account_id, 'items',
        (SELECT string_agg(i.batch_id || '/' || i.item, ',' ORDER BY i.batch_id, i.item)
        FROM platform.batch_item i JOIN platform.batch b ON b.id = i.batch_id
        WHERE b.account_id = p_account_id AND b.product = p_product AND i.state = 'waiting'))`,
        ],
      ],
    },
    alter: [
      `CREATE FUNCTION platform.take_named_items(p_batch text, p_items integer[]) RETURNS TABLE (item integer, ref text,
        input jsonb, attempt integer) LANGUAGE sql SECURITY DEFINER AS $$
      UPDATE platform.batch SET finished_at = NULL, ok = NULL, failed = NULL, state = 'running' WHERE id = p_batch
        AND finished_at IS NOT NULL;
      UPDATE platform.batch_item i SET state = 'running', attempt = i.attempt + 1,
        lease_until = now() + interval '15 s', order_id = NULL, result = NULL, error_code = NULL, error_text = NULL,
          settled_at = NULL
        WHERE i.batch_id = p_batch AND i.item = ANY (p_items) RETURNING i.item, i.ref, i.input, i.attempt $$`,
      'GRANT EXECUTE ON FUNCTION platform.take_named_items TO PUBLIC',
    ],
    undo: ['DROP FUNCTION platform.take_named_items'],
  },
  {
    name: 'price-guard-off',
    what: 'The hold does not ask again whether the terms of the offer still are what they were.',
    seed: 1,
    products: ['vps'],
    steps: ['upgrade overtaken by a renewal', 'renewal overtaken by an upgrade'],
    rules: ['every charge is what the model says'],
    functions: { terms_hold: [['IF v_changed IS NULL THEN', 'IF true THEN']] },
  },
  ...NODE_BUGS,
];

/** Into the run's database; the preload of the processes knows its name already. */
export async function plantBug(system: System, name: string): Promise<void> {
  const bug = BUGS.find((known) => known.name === name);
  if (bug === undefined)
    throw new Error(`there is no bug '${name}'; known: ${BUGS.map((known) => known.name).join(', ')}`);
  const { cluster } = system;
  cluster.undo = bug.undo ?? [];
  cluster.isAltered = bug.functions !== undefined;
  for (const statement of bug.alter ?? []) await system.query(statement);
  for (const [fn, changes] of Object.entries(bug.functions ?? {})) {
    const named = fn.includes('.') ? fn : `platform.${fn}`;
    const head = `CREATE OR REPLACE FUNCTION ${named}(`;
    let text = cluster.functions.find((body) => body.startsWith(head));
    if (text === undefined) throw new Error(`the bug '${name}' changes ${named}, which does not exist`);
    for (const [from, to] of changes) {
      if (!text.includes(from)) throw new Error(`the bug '${name}' does not fit ${named} any more: ${from}`);
      text = text.replace(from, () => to);
    }
    await system.query(text);
  }
}
