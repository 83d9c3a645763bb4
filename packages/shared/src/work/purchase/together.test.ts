// Purchases that share a statement: each gets the answer and the charge that it would get alone.
import { GADGET_PRICE, shopEndpoints, testService, until, type TestAccount } from '@lumi/shared/testing';
import pg from 'pg';
import request from 'supertest';
import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { fromStep, rider } from '../../base/db';
import { endpoint } from '../../counter/endpoint';
import { parseUsd } from '../../ground/money';
import { costLine, purchase, purchaseFields, purchaseReply, requestPart, thingSold, viewOrder } from '.';

/** Counts in one row that all its buyers share, at the hold and at the capture. */
const counted = thingSold<{ name: string }, { done: true }>({
  kind: 'counted',
  termsNow: 'fixed',
  describe: ({ subject }) => subject,
  act: () => Promise.resolve({ kind: 'done', result: { done: true } }),
  lookUp: () => Promise.resolve({ kind: 'absent' }),
  prepare: () => [rider`UPDATE public.counter SET held = held + 1 ${fromStep('begun')}`],
  deliver: () => [rider`UPDATE public.counter SET sold = sold + 1 ${fromStep('settled')}`],
  answer: (order) => ({ status: 201, body: { order: viewOrder(order) } }),
  events: () => [],
});

const shop = testService({
  product: 'proxy',
  endpoints: (service) => [
    ...shopEndpoints(service),
    endpoint(
      defineRoute({
        id: 'buy-counted',
        method: 'POST',
        path: '/counted',
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
            thing: counted,
            item: { name: context.body.name },
            subject: context.body.name,
            lockKey: null,
            terms: { facts: { name: context.body.name }, cost: [costLine('Counted', parseUsd('1'))] },
            ...requestPart(context),
          }),
        ),
    ),
  ],
});
const { app } = shop;
const owner = new pg.Client({ connectionString: shop.database.ownerUrl });
let run = 0;

beforeAll(async () => {
  await owner.connect();
  await owner.query('CREATE TABLE public.counter (held integer NOT NULL, sold integer NOT NULL)');
  await owner.query('GRANT SELECT, UPDATE ON public.counter TO lumi_proxy');
});
afterAll(() => owner.end());
beforeEach(() => {
  run += 1;
});
afterEach(async () => expect(await shop.audit()).toEqual([]));

interface Answer {
  readonly status: number;
  readonly body: { readonly order?: { readonly id: string }; readonly error?: { readonly code: string } };
}

async function buy(who: TestAccount, name: string, path = '/gadgets'): Promise<Answer> {
  const { status, body } = await request(app)
    .post(path)
    .set(shop.asMoney(who))
    .send({ name: `${name}-${String(run)}` });
  return { status, body: body as Answer['body'] };
}

const accounts = (count: number, balance = '100'): Promise<TestAccount[]> =>
  Promise.all(Array.from({ length: count }, () => shop.account({ balance })));

it('forty purchases of ten accounts at once share commits, and each is charged once', async () => {
  const buyers = await accounts(10);
  const answers = await Promise.all(
    buyers.flatMap((who, a) => [0, 1, 2, 3].map((i) => buy(who, `of-${String(a)}-${String(i)}`))),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  const {
    rows: [counted],
  } = await owner.query<{ orders: number; transactions: number }>(
    'SELECT count(*)::int AS orders, count(DISTINCT xmin::text)::int AS transactions FROM platform.orders ' +
      'WHERE account_id = ANY ($1)',
    [buyers.map(({ accountId }) => accountId)],
  );
  expect(counted?.orders).toBe(40);
  expect(counted?.transactions).toBeLessThan(30);
  for (const { accountId } of buyers) expect((await shop.balance(accountId)).held).toBe(0n);
});

it('thirty purchases from a wallet with money for seven are exactly seven', async () => {
  const [who] = await accounts(1, String(7 * Number(GADGET_PRICE)));
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, i) => buy(who as TestAccount, `all-mine-${String(i)}`)),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(7);
  expect(answers.filter(({ body }) => body.error?.code === 'insufficient_balance')).toHaveLength(23);
  expect(await shop.balance((who as TestAccount).accountId)).toMatchObject({ posted: 0n, held: 0n });
});

it('of many purchases of one object one succeeds; others in its statements succeed too', async () => {
  const rivals = await accounts(6);
  const bystanders = await accounts(6);
  const wants = rivals.map((who) => buy(who, 'the-only-one'));
  const others = bystanders.map((who, i) => buy(who, `quiet-${String(i)}`));
  const got = await Promise.all(wants);
  // A gadget can be bought again once the purchase before it is done, but not at the same time.
  expect(got.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
  expect(got.filter(({ status }) => status !== 201).map(({ body }) => body.error?.code)).toEqual(
    got.filter(({ status }) => status !== 201).map(() => 'not_available'),
  );
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual(others.map(() => 201));
});

it('a transaction that keeps one wallet locked delays purchases of that wallet only', async () => {
  const [stuck, ...free] = (await accounts(9)) as [TestAccount, ...TestAccount[]];
  await owner.query('BEGIN');
  await owner.query('SELECT 1 FROM platform.wallet WHERE account_id = $1 FOR UPDATE', [stuck.accountId]);
  let isStuckDone = false;
  const waiting = [0, 1, 2].map((i) => buy(stuck, `stuck-${String(i)}`).finally(() => (isStuckDone = true)));
  try {
    // Outside the lane, with its role's whole lock time-out.
    await until(
      async () =>
        (
          await shop.service.db.pool.query(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'purchase_begin' AND " +
              "query !~ 'lock_timeout'",
          )
        ).rowCount === 3,
    );
    for (const round of ['first', 'second']) {
      const others = await Promise.all(
        free.flatMap((who, i) => [buy(who, `${round}-${String(i)}`), buy(who, `${round}-too-${String(i)}`)]),
      );
      expect(others.map(({ status }) => status)).toEqual(others.map(() => 201));
      waiting.push(buy(stuck, `stuck-after-${round}`).finally(() => (isStuckDone = true)));
    }
    expect(isStuckDone).toBe(false);
  } finally {
    await owner.query('ROLLBACK');
  }
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 201));
  await until(async () => (await shop.balance(stuck.accountId)).held === 0n);
});

it('a row in which several purchases count is counted for each of them', async () => {
  await owner.query('INSERT INTO public.counter VALUES (0, 0)');
  const buyers = await accounts(8);
  const answers = await Promise.all(
    buyers.flatMap((who, a) => [0, 1, 2].map((i) => buy(who, `counted-${String(a)}-${String(i)}`, '/counted'))),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  expect((await owner.query<{ held: number; sold: number }>('SELECT held, sold FROM public.counter')).rows).toEqual([
    { held: 24, sold: 24 },
  ]);
});
