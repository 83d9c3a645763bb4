// The terms of an offer: their cost, that the hold checks them again, and that the audit recomputes them from the order
// alone.
import pg from 'pg';
import request from 'supertest';
import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { fromStep, rider, sql } from '../../base/db';
import { endpoint } from '../../counter/endpoint';
import { parseUsd } from '../../ground/money';
import { testService, until, type TestAccount } from '../../testing';
import {
  amountOf,
  costLine,
  costOf,
  purchase,
  purchaseFields,
  purchaseReply,
  requestPart,
  thingSold,
  viewOrder,
  type PurchaseDeps,
} from '.';

/** Sold at the price in its row, which the offer has read before. */
const tagged = thingSold<{ name: string }, { done: true }>({
  kind: 'tagged',
  describe: ({ subject }) => subject,
  act: () => Promise.resolve({ kind: 'done', result: { done: true } }),
  lookUp: () => Promise.resolve({ kind: 'absent' }),
  hasRowsOfItsOwn: true,
  termsNow: ({ item }) =>
    sql`SELECT jsonb_build_object('price', price, 'state', state) AS facts FROM public.tag WHERE name = ${item.name}
      FOR NO KEY UPDATE`,
  refusalOfChange: { price: 'price_changed' },
  prepare: ({ item }) => [rider`UPDATE public.tag SET sold = sold + 1 ${fromStep('begun')} AND name = ${item.name}`],
  deliver: () => [],
  answer: (order) => ({ status: 201, body: { order: viewOrder(order) } }),
  events: () => [],
});

const shop = testService({
  endpoints: (service) => [
    endpoint(
      defineRoute({
        id: 'buy-tagged',
        method: 'POST',
        path: '/tagged',
        summary: 'Buy',
        description: 'For tests.',
        tag: 'Test',
        scope: 'buy',
        class: 'money',
        reach: 'account',
        body: z.object({ name: z.string(), ...purchaseFields }),
        responses: { 201: { description: 'Bought.' } },
      }),
      async (context) => {
        const { name } = context.body;
        const { rows } = await owner.query<{ price: string }>('SELECT price FROM public.tag WHERE name = $1', [name]);
        return purchaseReply(
          await purchase(service.purchases, {
            thing: tagged,
            item: { name },
            subject: name,
            lockKey: null,
            terms: {
              facts: { name, price: Number(rows[0]?.price), state: 'new' },
              cost: [costLine('Tag', BigInt(rows[0]?.price ?? 0))],
            },
            ...requestPart(context),
          }),
        );
      },
    ),
  ],
});
const owner = new pg.Client({ connectionString: shop.database.ownerUrl });
let run = 0;

beforeAll(async () => {
  await owner.connect();
  await owner.query(
    'CREATE TABLE public.tag (name text PRIMARY KEY, price bigint NOT NULL, state text NOT NULL DEFAULT ' +
      '$$new$$, sold integer NOT NULL DEFAULT 0); GRANT SELECT, UPDATE ON public.tag TO lumi_domains',
  );
});
afterAll(() => owner.end());
beforeEach(() => {
  run += 1;
});

async function tag(price: number): Promise<string> {
  const name = `tag-${String(run)}-${String(Math.trunc(price))}`;
  await owner.query('INSERT INTO public.tag (name, price) VALUES ($1, $2)', [name, price]);
  return name;
}
const buy = (who: TestAccount, name: string) => request(shop.app).post('/tagged').set(shop.asMoney(who)).send({ name });

/** Runs between the offers that follow and their holds. */
function beforeHolds(work: (() => Promise<unknown>) | undefined): void {
  (shop.service.purchases as { checkpoint?: PurchaseDeps['checkpoint'] | undefined }).checkpoint =
    work === undefined
      ? undefined
      : async (name) => {
          if (name === 'before-hold') await work();
        };
}
afterEach(() => beforeHolds(undefined));

describe('the hold', () => {
  it('is made while the terms are unchanged, and refused at no cost when one of them changed', async () => {
    const who = await shop.account();
    const name = await tag(10_000);
    expect((await buy(who, name)).body.order.price_usd).toBe('1.00');
    beforeHolds(() => owner.query('UPDATE public.tag SET price = 20000 WHERE name = $1', [name]));
    expect((await buy(who, name)).body.error).toMatchObject({ code: 'price_changed', details: [{ path: 'price' }] });
    beforeHolds(() => owner.query(`UPDATE public.tag SET state = 'old', price = 30000 WHERE name = $1`, [name]));
    expect((await buy(who, name)).body.error).toMatchObject({ code: 'state_conflict', details: [{ path: 'state' }] });
    beforeHolds(() => owner.query('DELETE FROM public.tag WHERE name = $1', [name]));
    await owner.query(`UPDATE public.tag SET state = 'new' WHERE name = $1`, [name]);
    expect((await buy(who, name)).body.error).toMatchObject({ code: 'state_conflict', details: [{ path: 'object' }] });
    expect(await shop.balance(who.accountId)).toMatchObject({ posted: parseUsd('99'), held: 0n });
    expect(await shop.audit()).toEqual([]);
  });

  it('of a shared statement refuses only the purchase whose terms changed', async () => {
    const buyers = await Promise.all(Array.from({ length: 8 }, () => shop.account()));
    const names = await Promise.all(buyers.map((_, i) => tag(10_000 + i)));
    // Not before all of them have their price.
    let priced = 0;
    beforeHolds(async () => {
      priced += 1;
      await until(() => priced === buyers.length);
      await owner.query('UPDATE public.tag SET price = 1 WHERE name = ANY ($1)', [[names[2], names[5]]]);
    });
    const answers = await Promise.all(buyers.map((who, i) => buy(who, names[i] ?? '')));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 409, 201, 201, 409, 201, 201]);
    expect(
      (
        await owner.query<{ sold: number }>('SELECT sold FROM public.tag WHERE name = ANY ($1) ORDER BY name', [names])
      ).rows.map(({ sold }) => sold),
    ).toEqual([1, 1, 0, 1, 1, 0, 1, 1]);
    expect(await shop.audit()).toEqual([]);
  });

  it('waits for a transaction that changes the row, and then reads its result', async () => {
    const who = await shop.account();
    const name = await tag(40_000);
    const other = new pg.Client({ connectionString: shop.database.ownerUrl });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('UPDATE public.tag SET price = 99 WHERE name = $1', [name]);
      const bought = buy(who, name).then((answer) => answer);
      await until(
        async () =>
          (
            await owner.query(
              "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'purchase_begin'",
            )
          ).rowCount === 1,
      );
      await other.query('COMMIT');
      expect([(await bought).status, (await bought).body.error?.code ?? (await bought).body.order.price_usd]).toEqual([
        409,
        'price_changed',
      ]);
    } finally {
      await other.end();
    }
  });

  it('without its guard would sell at an old price', async () => {
    const {
      rows: [guard],
    } = await owner.query<{ text: string }>(`SELECT pg_get_functiondef('platform.terms_hold'::regproc) AS text`);
    await owner.query(
      'CREATE OR REPLACE FUNCTION platform.terms_hold(p_terms jsonb, p_now jsonb) RETURNS boolean LANGUAGE ' +
        'sql AS $$ SELECT true $$',
    );
    try {
      const name = await tag(50_000);
      beforeHolds(() => owner.query('UPDATE public.tag SET price = 90000 WHERE name = $1', [name]));
      expect((await buy(await shop.account(), name)).body.order.price_usd).toBe('5.00');
    } finally {
      await owner.query(guard?.text ?? '');
    }
  });
});

describe('what terms cost', () => {
  it('is the sum of their lines, each rounded up, a credit down', () => {
    expect(amountOf(costLine('a', 10n, { times: 3, share: { part: 1, of: 7 } }))).toBe(5n);
    expect(amountOf(costLine('b', -10n, { times: 3, share: { part: 1, of: 7 } }))).toBe(-4n);
    expect(costOf([costLine('a', 399n), costLine('b', 1n, { share: { part: 1, of: 30 } }), costLine('c', 0n)])).toBe(
      400n,
    );
  });

  it('is recomputed exactly by the audit, which finds every difference', async () => {
    const who = await shop.account();
    const { body } = await buy(who, await tag(60_000));
    const id = body.order.id as string;
    const set = (column: string, value: unknown) =>
      owner.query(`UPDATE platform.orders SET ${column} = $2::jsonb WHERE id = $1`, [
        id,
        value === null ? null : JSON.stringify(value),
      ]);
    const found = async () => (await shop.audit()).filter(({ subject }) => subject === id).map(({ rule }) => rule);
    const shares = [
      [1, 7],
      [29, 30],
      [365, 365],
      [400, 365],
      [1, 10_000_000],
    ] as const;
    for (const [part, of] of shares) {
      for (const unit of [1n, 39_900n, 9_999_999_999n, -39_900n]) {
        const cost = [costLine('x', unit, { times: 3, share: { part, of } })];
        const rest = 60_000n - costOf(cost);
        await set('terms', { facts: {}, cost: [...cost, costLine('rest', rest)] });
        expect([unit, part, of, ...(await found())]).toEqual([unit, part, of]);
      }
    }
    await set('terms', { facts: {}, cost: [costLine('x', 59_999n)] });
    expect(await found()).toEqual([
      'the price of an order is what its terms cost',
      'what was charged is what the terms on the order cost',
    ]);
    await set('terms', { facts: {}, cost: [costLine('x', 60_000n)] });
    await set('delivered', [costLine('x', 50_000n)]);
    expect(await found()).toEqual(['what was charged is what the terms on the order cost']);
    await set('delivered', null);
    expect(await found()).toEqual([]);
  });
});
