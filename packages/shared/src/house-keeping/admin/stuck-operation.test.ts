// Operations without money that got stuck, and the audit entry of a decision.
import { recoverOperations, runOperation } from '../../work/operations';
import request from 'supertest';
import {
  app,
  bought,
  clock,
  decide,
  known,
  mystery,
  riddle,
  shop,
  supplierAnswers,
  theOperator,
} from './test/mystery-shop';

afterEach(async () => expect(await shop.audit()).toEqual([]));

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
        .set(shop.as(theOperator()))
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
    const { body } = await request(app)
      .get('/admin/operations?stuck=1&limit=200')
      .set(shop.as(theOperator()))
      .expect(200);
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

    supplierAnswers({ kind: 'done', result: { serial: 'x' } });
    expect((await decide(second.id, 'fail-and-refund', { reason: 'gone' })).body).toMatchObject({
      error: { code: 'state_conflict' },
    });
    supplierAnswers({ kind: 'absent' });
    expect((await decide(second.id, 'fail-and-refund', { reason: 'gone' })).body).toMatchObject({
      state: 'failed',
      money: null,
      error: { code: 'supplier_error' },
    });

    supplierAnswers({ kind: 'done', result: { serial: 'asked again' } });
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
        key_id: theOperator().keyId,
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
      (await request(app).get('/admin/operations').set(shop.as(theOperator()))).body.items.find(
        (one: { id: string }) => one.id === id,
      ).attempts as number;
    const before = await attempts();
    jest
      .spyOn(mystery, 'answer')
      .mockImplementationOnce(() => ({ status: 201, body: {} }))
      .mockImplementationOnce(() => {
        throw new Error('the disk is full');
      });
    supplierAnswers({ kind: 'done', result: { serial: 'x1' } });
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
