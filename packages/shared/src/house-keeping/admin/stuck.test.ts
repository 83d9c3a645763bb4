import { sql } from '../../base/db';
import {
  costLine,
  thingSold,
  viewOrder,
  purchase,
  purchaseFields,
  purchaseReply,
  requestPart,
  type LookUp,
} from '../../work/purchase';
import { operationKind, recoverOperations, runOperation } from '../../work/operations';
import { parseUsd } from '../../ground/money';
import { defineRoute } from '../../ground/contract';
import { endpoint } from '../../counter/endpoint';
import { ShiftedClock, testService, type TestKey } from '@lumi/shared/testing';
import request from 'supertest';
import { z } from 'zod';
import { stuckEndpoints } from './stuck-endpoints';

type Serial = { readonly serial: string };
/** What the supplier answers to a look-up. */
let supplierSays: LookUp<Serial> = { kind: 'unknown' };
const clock = new ShiftedClock();

const mystery = thingSold<{ name: string }, Serial>({
  kind: 'mystery',
  termsNow: 'fixed',
  describe: () => 'Mystery',
  act: () => Promise.resolve({ kind: 'unknown' }),
  lookUp: () => Promise.resolve(supplierSays),
  deliver: () => [],
  answer: (order, result) => ({ status: 201, body: { serial: result.serial.toUpperCase(), order: viewOrder(order) } }),
  events: () => [],
});

/** An operation without money, at the same supplier. */
const riddle = operationKind<{ name: string }, Serial>({
  kind: 'riddle',
  act: () => Promise.resolve({ kind: 'unknown' }),
  lookUp: () => Promise.resolve(supplierSays),
  deliver: () => [],
  events: (operation, result) => [
    { type: 'riddle.solved', subject: operation.subject, data: { serial: result.serial.toUpperCase() } },
  ],
});
const known = { things: new Map([[mystery.kind, mystery]]), tasks: new Map([[riddle.kind, riddle]]) };

const shop = testService({
  product: 'proxy',
  clock,
  endpoints: (service) => [
    endpoint(
      defineRoute({
        id: 'buy',
        method: 'POST',
        path: '/mysteries',
        summary: 'Buy',
        description: 'For tests.',
        tag: 'Test',
        scope: 'buy',
        class: 'money',
        reach: 'account',
        body: z.object({ name: z.string(), ...purchaseFields }),
        responses: { 201: { description: 'Bought.' } },
      }),
      async (context) =>
        purchaseReply(
          await purchase(service.purchases, {
            thing: mystery,
            item: { name: context.body.name },
            subject: context.body.name,
            lockKey: null,
            terms: { facts: { name: context.body.name }, cost: [costLine('Mystery', parseUsd('5'))] },
            ...requestPart(context),
          }),
        ),
    ),
    ...stuckEndpoints(service, known),
  ],
});
const { app } = shop;
let operator: TestKey;

async function bought(): Promise<{
  accountId: string;
  id: string;
  repeat: () => Promise<{ status: number; body: unknown }>;
}> {
  const who = await shop.account();
  const key = `key-${who.keyId}`;
  const buy = () => request(app).post('/mysteries').set(shop.asMoney(who, key)).send({ name: 'box' });
  const { body } = await buy();
  return { accountId: who.accountId, id: (body as { operation_id: string }).operation_id, repeat: async () => buy() };
}

const decide = (id: string, what: string, body: object) =>
  request(app).post(`/admin/operations/${id}/${what}`).set(shop.as(operator)).send(body);

beforeAll(async () => {
  operator = await shop.operator();
});
beforeEach(() => {
  supplierSays = { kind: 'unknown' };
});
afterEach(async () => expect(await shop.audit()).toEqual([]));

it('lists unfinished work, and work that waits for an operator', async () => {
  const { id } = await bought();
  const list = async (query: string) =>
    (
      (await request(app).get(`/admin/operations${query}`).set(shop.as(operator)).expect(200)).body as {
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
  supplierSays = { kind: 'done', result: { serial: 'from supplier' } };
  expect((await decide(first.id, 'mark-done', { reason: 'seen in their panel' })).body).toMatchObject({
    state: 'completed',
    money: { captured_usd: '5.00' },
  });
  expect((await first.repeat()).body).toMatchObject({ serial: 'FROM SUPPLIER' });

  const second = await bought();
  supplierSays = { kind: 'unknown' };
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
  supplierSays = { kind: 'done', result: { serial: 'x' } };
  expect((await decide(order.id, 'fail-and-refund', { reason: 'gone' })).body).toMatchObject({
    error: { code: 'state_conflict' },
  });
  supplierSays = { kind: 'absent' };
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
  supplierSays = { kind: 'absent' };
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
          .set(shop.as(by[i % by.length] ?? operator))
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
      const by = [operator, await colleague(), await colleague()];
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
    const by = [operator, await colleague()];
    supplierSays = { kind: 'absent' };
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
  supplierSays = { kind: 'done', result: { serial: 'x' } };
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
  const { text } = await request(app).get('/internal/metrics').expect(200);
  expect(text).toMatch(/^lumi_orders_stuck\{product="proxy"\} \d+$/m);
});

describe('an operation without money', () => {
  const started = async () => {
    const { accountId } = await shop.account();
    return runOperation(shop.service.purchases, {
      kind: riddle,
      item: { name: 'sphinx' },
      subject: 'sphinx',
      accountId,
      product: 'proxy',
      lockKey: null,
      keyId: null,
      requestId: 'req_riddle',
    });
  };

  it('is listed among the purchases, in one order, page by page', async () => {
    const ids = [(await bought()).id, (await started()).id, (await bought()).id, (await started()).id];
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await request(app)
        .get(`/admin/operations?limit=1${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
        .set(shop.as(operator))
        .expect(200);
      const page = body as { items: { id: string; money: unknown }[]; next_cursor: string | null };
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(seen.filter((id) => ids.includes(id))).toEqual(ids);
  });

  it('waits for an operator once it is stuck, and can be decided once', async () => {
    const [first, second, third] = [await started(), await started(), await started()];
    clock.shiftMs += 3_600_000;
    for (const { id } of [first, second, third]) await decide(id, 'retry', {}).expect(202);
    await recoverOperations(shop.service.purchases, known.tasks, 'proxy');
    const { body } = await request(app).get('/admin/operations?stuck=1&limit=200').set(shop.as(operator)).expect(200);
    expect((body as { items: { id: string }[] }).items).toEqual(
      expect.arrayContaining(
        [first, second, third].map(({ id }) => expect.objectContaining({ id, waiting_for: 'operator', money: null })),
      ),
    );

    expect((await decide(first.id, 'mark-done', { reason: 'they wrote' })).status).toBe(422);
    expect((await decide(first.id, 'mark-done', { reason: 'they wrote', result: { nonsense: 1 } })).status).toBe(422);
    const done = await decide(first.id, 'mark-done', { reason: 'they wrote', result: { serial: 'by hand' } });
    expect([done.status, done.body]).toEqual([200, expect.objectContaining({ state: 'completed', waiting_for: null })]);
    expect((await decide(first.id, 'fail-and-refund', { reason: 'again' })).body).toMatchObject({
      error: { code: 'state_conflict' },
    });

    supplierSays = { kind: 'done', result: { serial: 'x' } };
    expect((await decide(second.id, 'fail-and-refund', { reason: 'gone' })).body).toMatchObject({
      error: { code: 'state_conflict' },
    });
    supplierSays = { kind: 'absent' };
    expect((await decide(second.id, 'fail-and-refund', { reason: 'gone' })).body).toMatchObject({
      state: 'failed',
      money: null,
      error: { code: 'supplier_error' },
    });

    supplierSays = { kind: 'done', result: { serial: 'asked again' } };
    expect((await decide(third.id, 'retry', {})).status).toBe(202);
    await recoverOperations(shop.service.purchases, known.tasks, 'proxy');
    expect((await decide(third.id, 'retry', {})).body).toMatchObject({ error: { code: 'state_conflict' } });
  });
});

describe('the audit entry of a decision', () => {
  const entries = async (id: string) =>
    (
      await shop.service.admin.pool.query<{ action: string; key_id: string; before: object; after: object }>(
        'SELECT action, key_id, before, after FROM platform.audit_log WHERE subject = $1',
        [id],
      )
    ).rows;

  it('is written in the transaction of the decision, with the state before and after', async () => {
    const { id } = await bought();
    await decide(id, 'fail-and-refund', { reason: 'No trace of it.' }).expect(200);
    expect(await entries(id)).toEqual([
      {
        action: 'operation.fail',
        key_id: operator.keyId,
        before: expect.objectContaining({
          state: 'processing',
          money: expect.objectContaining({ held_usd: '5.00', released_usd: '0.00' }),
        }),
        after: {
          decision: 'operation.fail',
          reason: 'No trace of it.',
          state: 'failed',
          money: expect.objectContaining({ held_usd: '0.00', released_usd: '5.00' }),
        },
      },
    ]);
  });

  it('is not written when the decision fails, and the work is then not taken over', async () => {
    const { id } = await bought();
    const attempts = async () =>
      (await request(app).get('/admin/operations').set(shop.as(operator))).body.items.find(
        (one: { id: string }) => one.id === id,
      ).attempts as number;
    const before = await attempts();
    jest
      .spyOn(mystery, 'answer')
      .mockImplementationOnce(() => ({ status: 201, body: {} }))
      .mockImplementationOnce(() => {
        throw new Error('the disk is full');
      });
    supplierSays = { kind: 'done', result: { serial: 'x1' } };
    await decide(id, 'mark-done', { reason: 'It is there.' }).expect(500);
    expect([await entries(id), await attempts()]).toEqual([[], before]);
    jest.restoreAllMocks();
    await decide(id, 'mark-done', { reason: 'It is there.' }).expect(200);
    expect(await entries(id)).toMatchObject([
      {
        action: 'operation.mark_done',
        before: { state: 'processing' },
        after: { state: 'completed', money: { captured_usd: '5.00' } },
      },
    ]);
  });
});
