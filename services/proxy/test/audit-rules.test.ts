// Each audit rule gets a state that breaks it, and must find it.
import type { TestAccount } from '@lumi/shared/testing';
import { PROXY_RULES } from '../src/audit-rules';
import { owner, proxyTest } from './proxy-service';

const lumi = proxyTest();
let who: TestAccount;
let [orderId, proxyId, planId] = ['', '', ''];

/** The audit's findings after a change by the database owner. The change is then undone. */
async function found(change: string, values: unknown[], back: string): Promise<string[]> {
  await owner(lumi, change, values);
  try {
    return (await lumi.audit()).map(({ rule }) => rule);
  } finally {
    await owner(lumi, back, values);
  }
}

const rule = (start: string): string => {
  const [name] = PROXY_RULES.map(([text]) => text).filter((text) => text.startsWith(start));
  if (name === undefined) throw new Error(`no rule begins with ${start}`);
  return name;
};

beforeAll(async () => {
  const bought = await lumi.buyer();
  [who, orderId, proxyId] = [bought.who, bought.body.order.id, bought.body.proxies[0]?.id ?? ''];
  planId = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 2 })).body.plan.id;
});
afterEach(async () => expect(await lumi.audit()).toEqual([]));

it.each([
  [
    'what a network executed',
    `ALTER TABLE proxy.sandbox_log DISABLE TRIGGER USER; INSERT INTO proxy.sandbox_log (reference, command, detail, at)
      VALUES ('ord_nobody', 'allocate', '{}', now())`,
    `DELETE FROM proxy.sandbox_log WHERE reference = 'ord_nobody'; ALTER TABLE proxy.sandbox_log ENABLE TRIGGER USER`,
  ],
  [
    'the network’s stock',
    'UPDATE proxy.sandbox_stock SET taken = taken + 1',
    'UPDATE proxy.sandbox_stock SET taken = taken - 1',
  ],
])('finds a breach in the rule alone: %s', async (start, change, back) =>
  expect(await found(change, [], back)).toEqual(expect.arrayContaining([rule(start)])),
);

it('finds an order that was not executed', async () => {
  expect(
    await found(
      `UPDATE platform.orders SET kind = 'proxy_renew' WHERE id = $1`,
      [orderId],
      `UPDATE platform.orders SET kind = 'proxy_order' WHERE id = $1`,
    ),
  ).toEqual([rule('what a network executed')]);
});

it('finds a proxy whose address belongs to another proxy or to none', async () => {
  expect(
    await found(
      `UPDATE proxy.proxy SET account_id = account_id || '-' WHERE id = $1`,
      [proxyId],
      `UPDATE proxy.proxy SET account_id = rtrim(account_id, '-') WHERE id = $1`,
    ),
  ).toEqual([rule('every address that was handed out')]);
  expect(
    await found(
      `UPDATE proxy.proxy SET network_id = network_id || '-' WHERE id = $1`,
      [proxyId],
      `UPDATE proxy.proxy SET network_id = rtrim(network_id, '-') WHERE id = $1`,
    ),
  ).toEqual(Array.from({ length: 2 }, () => rule('every address that was handed out')));
});

it('finds a charge that differs from the delivered share; the rules of the books find it too', async () => {
  expect(
    await found(
      `UPDATE platform.orders SET charged = charged - 1 WHERE id = $1`,
      [orderId],
      `UPDATE platform.orders SET charged = charged + 1 WHERE id = $1`,
    ),
  ).toContain(rule('an order of proxies is charged'));
});

it('finds a proxy that works longer or shorter than its expiry', async () => {
  const exit = '(SELECT network_id FROM proxy.proxy WHERE id = $1)';
  expect(
    await found(
      `UPDATE proxy.sandbox_exit SET until = now() WHERE network_id = ${exit}`,
      [proxyId],
      `UPDATE proxy.sandbox_exit SET until = NULL WHERE network_id = ${exit}`,
    ),
  ).toEqual([rule('a live proxy works')]);
});

it('finds gigabytes that were not paid for, and more given out than held', async () => {
  expect(
    await found(
      'UPDATE proxy.traffic_plan SET bytes_total = bytes_total + 1 WHERE id = $1',
      [planId],
      'UPDATE proxy.traffic_plan SET bytes_total = bytes_total - 1 WHERE id = $1',
    ),
  ).toEqual([rule('a traffic plan holds')]);
  expect(
    await found(
      'UPDATE proxy.traffic_plan SET bytes_allocated = 5 WHERE id = $1',
      [planId],
      'UPDATE proxy.traffic_plan SET bytes_allocated = 0 WHERE id = $1',
    ),
  ).toEqual([rule('a plan has given out')]);
});

it('finds a replacement that differs from its order’s end, and a proxy without an owner', async () => {
  const insert = `INSERT INTO proxy.replacement (id, account_id, order_id, state, removed, free, paid, created_at)
    SELECT 'rep_1', account_id, id, 'processing', '{a}', 1, 0, now() FROM platform.orders WHERE id = $1`;
  expect(await found(insert, [orderId], 'DELETE FROM proxy.replacement WHERE order_id = $1')).toEqual([
    rule('a replacement stands'),
  ]);
  expect(
    await found(
      `INSERT INTO proxy.proxy_lock (proxy_id, term, order_id) SELECT id, term, order_id FROM proxy.proxy
        WHERE id = $1`,
      [proxyId],
      'DELETE FROM proxy.proxy_lock WHERE proxy_id = $1',
    ),
  ).toEqual([rule('a proxy is held')]);
});

it('finds use that nobody counted, a batch that is in no hour, and a lease that nobody handed out', async () => {
  expect(
    await found(
      'UPDATE proxy.traffic_plan SET bytes_used = bytes_used + 1 WHERE id = $1',
      [planId],
      'UPDATE proxy.traffic_plan SET bytes_used = bytes_used - 1 WHERE id = $1',
    ),
  ).toEqual([rule('what a plan or a sub-user has used')]);
  expect(
    await found(
      `UPDATE proxy.usage_epoch SET bytes = bytes + 1 WHERE source = 'sandbox'`,
      [],
      `UPDATE proxy.usage_epoch SET bytes = bytes - 1 WHERE source = 'sandbox'`,
    ),
  ).toEqual([rule('the hours hold')]);
  expect(
    await found(
      'UPDATE proxy.traffic_plan SET bytes_leased = 5 WHERE id = $1',
      [planId],
      'UPDATE proxy.traffic_plan SET bytes_leased = 0 WHERE id = $1',
    ),
  ).toEqual([rule('what a quota has handed out')]);
  expect(
    await found(
      `UPDATE proxy.usage_epoch SET closed_at = now() WHERE source = 'sandbox';
        INSERT INTO proxy.lease (source, epoch, subject) VALUES ('sandbox', 1, 'tpl_x')`,
      [],
      `DELETE FROM proxy.lease WHERE subject = 'tpl_x';
        UPDATE proxy.usage_epoch SET closed_at = NULL WHERE source = 'sandbox'`,
    ),
  ).toEqual([rule('only a process')]);
  // A lease can never pass what was bought: the database refuses it.
  await expect(
    owner(lumi, 'UPDATE proxy.traffic_plan SET bytes_leased = bytes_total + 1 WHERE id = $1', [planId]),
  ).rejects.toMatchObject({ constraint: 'traffic_plan_leases' });
});
