// Orders that got stuck, and what operators decide about them.
import { sql } from '../../base/db';
import { registry } from '../../base/monitoring';
import { watchWork } from '../process/work-gauges';
import { runOperation } from '../../work/operations';
import { parseUsd } from '../../ground/money';
import { type TestKey } from '@lumi/shared/testing';
import request from 'supertest';
import { app, bought, decide, riddle, shop, supplierAnswers, theOperator } from './test/mystery-shop';

afterEach(async () => expect(await shop.audit()).toEqual([]));

it('lists unfinished work, and work that waits for an operator', async () => {
  const { id } = await bought();
  const list = async (query: string) =>
    (
      (await request(app).get(`/admin/operations${query}`).set(shop.as(theOperator())).expect(200)).body as {
        items: { id: string }[];
      }
    ).items.map((one) => one.id);
  expect(await list('')).toContain(id);
  expect(await list('?stuck=1')).not.toContain(id);
  await shop.service.db.platform.$queryRaw(
    sql`SELECT platform.purchase_postpone(${id.replace('op_', 'ord_')}, 1, 'acting', NULL, 1000, true)`,
  );
  expect(await list('?stuck=1')).toContain(id);
});

it("marks work done with the supplier's result, or with the operator's when the supplier has none", async () => {
  const first = await bought();
  supplierAnswers({ kind: 'done', result: { serial: 'from supplier' } });
  expect((await decide(first.id, 'mark-done', { reason: 'seen in their panel' })).body).toMatchObject({
    state: 'completed',
    money: { captured_usd: '5.00' },
  });
  expect((await first.repeat()).body).toMatchObject({ serial: 'FROM SUPPLIER' });

  const second = await bought();
  supplierAnswers({ kind: 'unknown' });
  expect((await decide(second.id, 'mark-done', { reason: 'they wrote' })).status).toBe(422);
  expect((await decide(second.id, 'mark-done', { reason: 'they wrote', result: { nonsense: 1 } })).status).toBe(422);
  expect((await decide(second.id, 'mark-done', { reason: 'they wrote', result: { serial: 'by hand' } })).status).toBe(
    200,
  );
  expect((await second.repeat()).body).toMatchObject({ serial: 'BY HAND' });
  expect((await shop.balance(second.accountId)).posted).toBe(parseUsd('95'));
});

it('fails work and releases the money, unless the supplier delivered', async () => {
  const order = await bought();
  supplierAnswers({ kind: 'done', result: { serial: 'x' } });
  expect((await decide(order.id, 'fail-and-refund', { reason: 'gone' })).body).toMatchObject({
    error: { code: 'state_conflict' },
  });
  supplierAnswers({ kind: 'absent' });
  expect((await decide(order.id, 'fail-and-refund', { reason: 'gone' })).body).toMatchObject({
    state: 'failed',
    money: { released_usd: '5.00' },
  });
  expect((await order.repeat()).body).toMatchObject({ error: { code: 'supplier_error' } });
  expect(await shop.balance(order.accountId)).toMatchObject({ posted: parseUsd('100'), held: 0n });
  for (const what of ['retry', 'mark-done', 'fail-and-refund'])
    expect((await decide(order.id, what, what === 'retry' ? {} : { reason: 'again' })).body).toMatchObject({
      error: { code: 'state_conflict' },
    });
});

it('makes recovery look again now, which fences the earlier holder', async () => {
  const order = await bought();
  expect((await decide(order.id, 'retry', {})).status).toBe(202);
  const [row] = await shop.service.db.platform.$queryRaw<{ attempt: number; due: boolean }[]>(
    sql`SELECT attempt, wake_at <= now() AS due FROM platform.orders WHERE id = ${order.id.replace('op_', 'ord_')}`,
  );
  expect(row).toEqual({ attempt: 2, due: true });
  supplierAnswers({ kind: 'absent' });
  await decide(order.id, 'fail-and-refund', { reason: 'over' }).expect(200);
});

describe('several operators at once', () => {
  const ROUNDS = 12;
  const colleague = async (): Promise<TestKey> => shop.operator();
  type Told = { readonly what: string; readonly status: number; readonly code: string | undefined };

  /** All of them at the same moment, each time in another order. */
  async function rush(
    id: string,
    decisions: readonly { what: string; body: object }[],
    by: readonly TestKey[],
    round: number,
  ): Promise<Told[]> {
    const turned = [...decisions.slice(round % decisions.length), ...decisions.slice(0, round % decisions.length)];
    return Promise.all(
      turned.map(async ({ what, body }, i) => {
        const answer = await request(app)
          .post(`/admin/operations/${id}/${what}`)
          .set(shop.as(by[i % by.length] ?? theOperator()))
          .send(body);
        return { what, status: answer.status, code: (answer.body as { error?: { code: string } }).error?.code };
      }),
    );
  }

  const stateOf = async (id: string): Promise<string> => {
    const [row] = await shop.service.db.platform.$queryRaw<{ state: string }[]>(
      sql`SELECT state FROM platform.orders WHERE id = ${id.replace('op_', 'ord_')} UNION ALL SELECT state
        FROM platform.operation WHERE id = ${id}`,
    );
    return row?.state ?? '';
  };
  const begun = async (isPurchase: boolean): Promise<string> => {
    if (isPurchase) return (await bought()).id;
    const { accountId } = await shop.account();
    return (
      await runOperation(shop.service.purchases, {
        kind: riddle,
        item: { name: 'sphinx' },
        subject: 'sphinx',
        accountId,
        product: 'proxy',
        lockKey: null,
        keyId: null,
        requestId: 'req_riddle',
      })
    ).id;
  };

  it.each([
    ['a purchase', true],
    ['an operation', false],
  ] as const)(
    'decide %s once: one decision is carried out with 200, and the others are refused as busy',
    async (_, isPurchase) => {
      const by = [theOperator(), await colleague(), await colleague()];
      const decisions = [
        ...Array.from({ length: 3 }, () => ({ what: 'fail-and-refund', body: { reason: 'gone' } })),
        // cannot be carried out: the delivered result is unknown
        ...Array.from({ length: 3 }, () => ({ what: 'mark-done', body: { reason: 'they wrote' } })),
        ...Array.from({ length: 2 }, () => ({
          what: 'mark-done',
          body: { reason: 'they wrote', result: { nonsense: 1 } },
        })),
        ...Array.from({ length: 3 }, () => ({
          what: 'mark-done',
          body: { reason: 'they wrote', result: { serial: 'by hand' } },
        })),
      ];
      for (let round = 0; round < ROUNDS; round += 1) {
        const id = await begun(isPurchase);
        const told = await rush(id, decisions, by, round);
        const carriedOut = told.filter(({ status }) => status < 300);
        expect([round, told, carriedOut.length]).toEqual([round, told, 1]);
        expect(await stateOf(id)).toBe(
          carriedOut[0]?.what === 'mark-done' ? (isPurchase ? 'captured' : 'done') : isPurchase ? 'released' : 'failed',
        );
        for (const { status, code } of told.filter((one) => one.status >= 300))
          expect(['409 busy', '409 state_conflict', '422 validation_error']).toContain(
            `${String(status)} ${String(code)}`,
          );
      }
    },
  );

  it('carry out an accepted decision when look-up and decision happen at the same time', async () => {
    const by = [theOperator(), await colleague()];
    supplierAnswers({ kind: 'absent' });
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = await begun(round % 2 === 0);
      const told = await rush(
        id,
        [
          { what: 'retry', body: {} },
          { what: 'fail-and-refund', body: { reason: 'gone' } },
          { what: 'retry', body: {} },
          { what: 'fail-and-refund', body: { reason: 'gone' } },
        ],
        by,
        round,
      );
      const failed = told.filter(({ what, status }) => what === 'fail-and-refund' && status < 300);
      expect(['released', 'failed'].includes(await stateOf(id))).toBe(failed.length === 1);
      expect(failed.length).toBeLessThan(2);
      expect(told.filter(({ status }) => status < 300).length).toBeGreaterThan(0);
      if (failed.length === 0) await decide(id, 'fail-and-refund', { reason: 'tidy' }).expect(200);
    }
  });
});

it('takes no work over, and writes no audit entry, when the decision cannot be carried out', async () => {
  const { id } = await bought();
  const attempts = async () =>
    (
      await shop.service.db.platform.$queryRaw<{ attempt: number }[]>(
        sql`SELECT attempt FROM platform.orders WHERE id = ${id.replace('op_', 'ord_')}`,
      )
    )[0]?.attempt;
  await decide(id, 'mark-done', { reason: 'they wrote' }).expect(422);
  await decide(id, 'mark-done', { reason: 'they wrote', result: { nonsense: 1 } }).expect(422);
  supplierAnswers({ kind: 'done', result: { serial: 'x' } });
  await decide(id, 'fail-and-refund', { reason: 'gone' }).expect(409);
  expect(await attempts()).toBe(1);
  await decide(id, 'mark-done', { reason: 'seen' }).expect(200);
});

it('is for operators only, and finds no work of another product', async () => {
  const who = await shop.account();
  expect((await request(app).get('/admin/operations').set(shop.as(who))).status).toBe(403);
  expect((await decide('op_01k000000000000000000000', 'retry', {})).status).toBe(404);
});

it('shows the number of open cases in the metrics', async () => {
  watchWork(shop.service);
  expect(await registry.getSingleMetricAsString('lumi_orders_stuck')).toMatch(
    /^lumi_orders_stuck\{product="proxy"\} \d+$/m,
  );
});
