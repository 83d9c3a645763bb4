import request from 'supertest';
import { z } from 'zod';
import { AppError, defineRoute } from '../../ground/contract';
import { sql } from '../../base/db';
import { endpoint, type Endpoint } from '../endpoint';
import type { Service } from '../../house-keeping/process';
import { audit } from '../../base/ledger';
import { parseUsd } from '../../ground/money';
import {
  costLine,
  purchase,
  purchaseFields,
  purchaseReply,
  requestPart,
  thingSold,
  viewOrder,
  type Offer,
} from '../../work/purchase';
import { FixedClock } from '../../ground/runtime';
import { testService, type TestAccount } from '../../testing';
import { QUOTE_RULES, quoteEndpoints, quoteOperation } from './index';

// A test product whose price the test sets.
let today = '10';
const lamp = thingSold<{ colour: string }, { lit: boolean }>({
  kind: 'lamp',
  termsNow: 'fixed',
  describe: () => 'Lamp',
  act: () => Promise.resolve({ kind: 'done', result: { lit: true } }),
  lookUp: () => Promise.resolve({ kind: 'unknown' }),
  deliver: () => [],
  answer: (order) => ({ status: 201, body: { order: viewOrder(order) } }),
  events: () => [],
});
const offer = (colour: string): Offer => ({
  thing: lamp,
  item: { colour },
  subject: `lamp-${colour}`,
  lockKey: null,
  terms: { facts: { colour }, cost: [costLine('Lamp', parseUsd(today) + 10_000n), costLine('Discount', -10_000n)] },
  refusal: colour === 'grey' ? new AppError('out_of_stock') : null,
});

const item = z.object({ colour: z.string().min(1).max(20) });
function shop(service: Service): Endpoint[] {
  return [
    endpoint(
      defineRoute({
        id: 'buy-lamp',
        method: 'POST',
        path: '/lamps',
        summary: 'Buy',
        description: '-',
        tag: 'Test',
        scope: 'buy',
        class: 'money',
        reach: 'account',
        dryRun: true,
        body: item.extend(purchaseFields),
        responses: { 201: { description: 'Bought.' } },
      }),
      async (context) =>
        purchaseReply(await purchase(service.purchases, { ...offer(context.body.colour), ...requestPart(context) })),
    ),
    ...quoteEndpoints(
      service,
      {
        buy: quoteOperation(item, (_accountId, items) =>
          Promise.resolve(
            items.map(({ colour }) => (colour === 'unknown' ? new AppError('not_available') : offer(colour))),
          ),
        ),
        paint: quoteOperation(z.object({ lamp: z.string() }), (_accountId, items) =>
          Promise.resolve(items.map(() => new AppError('not_found'))),
        ),
      },
      { operation: 'buy', items: [{ colour: 'red' }] },
    ),
  ];
}

const clock = new FixedClock(Date.UTC(2026, 5, 9, 12));
const { service, app, account, operator, as, asMoney, balance } = testService({ endpoints: shop, clock });

beforeEach(() => {
  today = '10';
});
afterEach(async () => expect(await audit(service.db.platform, QUOTE_RULES)).toEqual([]));

const quote = (who: TestAccount, items: readonly object[], operation = 'buy') =>
  request(app).post('/quotes').set(as(who)).send({ operation, items });
const buy = (who: TestAccount, body: object) => request(app).post('/lamps').set(asMoney(who)).send(body);

describe('POST /quotes', () => {
  it('shows prices, their parts, and what balance and cap would be left', async () => {
    const who = await account({ balance: '100', cap: '50' });
    const answer = await quote(who, [{ colour: 'red', ref: 'mine' }, { colour: 'blue' }]);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^quo_/),
      operation: 'buy',
      user_id: who.accountId,
      total_usd: '20.00',
      created_at: '2026-06-09T12:00:00Z',
      expires_at: '2026-06-09T12:15:00Z',
      items: [
        {
          ref: 'mine',
          price_usd: '10.00',
          used_by: null,
          lines: [
            { label: 'Lamp', amount_usd: '11.00' },
            { label: 'Discount', amount_usd: '-1.00' },
          ],
        },
        {
          ref: 'lamp-blue',
          price_usd: '10.00',
          used_by: null,
          lines: [
            { label: 'Lamp', amount_usd: '11.00' },
            { label: 'Discount', amount_usd: '-1.00' },
          ],
        },
      ],
      balance_after_usd: '80.00',
      cap_remaining_after_usd: '30.00',
      problems: [],
    });
    expect(answer.headers['location']).toBe(`/api/v1/quotes/${answer.body.id}`);
    expect((await balance(who.accountId)).held).toBe(0n);
  });

  it('shows which items would be refused, and whether all together would be', async () => {
    const who = await account({ balance: '15', cap: '12' });
    const { body } = await quote(who, [
      { colour: 'red' },
      { colour: 'blue' },
      { colour: 'grey' },
      { colour: 'unknown' },
    ]);
    expect(body).toMatchObject({ total_usd: '20.00', balance_after_usd: '-5.00', cap_remaining_after_usd: '-8.00' });
    expect(body.items.map((one: { price_usd: string | null }) => one.price_usd)).toEqual([
      '10.00',
      '10.00',
      '10.00',
      null,
    ]);
    expect(body.problems.map((one: { ref: string | null; code: string }) => [one.ref, one.code])).toEqual([
      [null, 'daily_cap_exceeded'],
      [null, 'insufficient_balance'],
      ['lamp-grey', 'out_of_stock'],
      ['3', 'not_available'],
    ]);
  });

  it('requires the scope to buy, an account and known fields, and takes at most 500 items', async () => {
    const reader = await account({ scopes: ['domains:read'] });
    expect((await quote(reader, [{ colour: 'red' }])).status).toBe(403);
    const who = await account();
    expect((await quote(who, [{ colour: 'red', size: 3 }])).body.error.details).toEqual([
      { path: 'items.0.size', message: 'is not a field of this request' },
    ]);
    expect((await quote(who, [])).status).toBe(422);
    expect((await quote(who, [{ colour: 'red' }], 'steal')).status).toBe(422);
    expect(
      (
        await quote(
          who,
          Array.from({ length: 501 }, () => ({ colour: 'red' })),
        )
      ).status,
    ).toBe(413);
    const boss = await operator();
    expect(
      (
        await request(app)
          .post('/quotes')
          .set(as(boss))
          .send({ operation: 'buy', items: [{ colour: 'red' }] })
      ).status,
    ).toBe(422);
    expect(
      (
        await request(app)
          .post('/quotes')
          .set(as(boss))
          .send({ user_id: who.accountId, operation: 'buy', items: [{ colour: 'red' }] })
      ).body.cap_remaining_after_usd,
    ).toBeNull();
  });
});

it('refuses a ref that is given twice', async () => {
  const who = await account();
  const { status, body } = await quote(who, [
    { colour: 'red', ref: 'mine' },
    { colour: 'blue', ref: 'mine' },
  ]);
  expect([status, body.error.details[0].path]).toEqual([422, 'items.1.ref']);
});

describe('a purchase with quote_id', () => {
  it('is made at the quoted price, once for each line, and shows on the quote', async () => {
    const who = await account();
    const { id: quote_id } = (await quote(who, [{ colour: 'red' }])).body;
    today = '25';
    const bought = await buy(who, { colour: 'red', quote_id, expected_price_usd: '10' });
    expect(bought.body.order.money.captured_usd).toBe('10.00');
    const again = await buy(who, { colour: 'red', quote_id });
    expect([again.status, again.body.error.code, again.body.error.details]).toEqual([
      409,
      'price_changed',
      [{ path: 'price_usd', message: '25.00' }],
    ]);
    const shown = await request(app).get(`/quotes/${quote_id}`).set(as(who));
    expect(shown.body.items[0].used_by).toBe(bought.body.order.id);
  });

  it('is refused for other terms and after the end of the quote, and costs nothing', async () => {
    const who = await account();
    const { id: quote_id } = (await quote(who, [{ colour: 'red' }])).body;
    expect((await buy(who, { colour: 'blue', quote_id })).body.error.code).toBe('price_changed');
    clock.advance(15 * 60_000);
    expect((await buy(who, { colour: 'red', quote_id })).body.error.code).toBe('price_changed');
    expect((await balance(who.accountId)).available).toBe(parseUsd('100'));
  });

  it('is refused with a quote of another account, which GET does not find either', async () => {
    const [mine, other] = [await account(), await account()];
    const { id: quote_id } = (await quote(other, [{ colour: 'red' }])).body;
    const [foreign, missing] = [
      await buy(mine, { colour: 'red', quote_id }),
      await buy(mine, { colour: 'red', quote_id: 'quo_000000000000000000000000' }),
    ];
    expect([foreign.status, missing.status]).toEqual([404, 404]);
    expect(foreign.body.error.message).toBe(missing.body.error.message);
    expect((await request(app).get(`/quotes/${quote_id}`).set(as(mine))).status).toBe(404);
  });

  it('does not use the line when it is a dry run or refused before the hold', async () => {
    const who = await account({ balance: '5' });
    const { id: quote_id } = (await quote(who, [{ colour: 'red' }])).body;
    expect((await buy(who, { colour: 'red', quote_id })).body.error.code).toBe('insufficient_balance');
    today = '1';
    const cheap = (await quote(who, [{ colour: 'red' }])).body.id;
    const rehearsal = await request(app)
      .post('/lamps?dry_run=true')
      .set(as(who))
      .send({ colour: 'red', quote_id: cheap });
    expect(rehearsal.body).toMatchObject({ would_succeed: true, price_usd: '1.00' });
    expect((await buy(who, { colour: 'red', quote_id: cheap })).status).toBe(201);
  });

  it('gives 5 equal lines to exactly 5 of 20 purchases at once', async () => {
    const who = await account({ balance: '1000' });
    const { id: quote_id } = (
      await quote(
        who,
        Array.from({ length: 5 }, () => ({ colour: 'red' })),
      )
    ).body;
    today = '11';
    const answers = await Promise.all(Array.from({ length: 20 }, () => buy(who, { colour: 'red', quote_id })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(answers.filter(({ body }) => body.error?.code === 'price_changed')).toHaveLength(15);
    expect((await balance(who.accountId)).available).toBe(parseUsd('950'));
  });

  it('answers a repeat from the stored answer although its line is used', async () => {
    const who = await account();
    const { id: quote_id } = (await quote(who, [{ colour: 'red' }])).body;
    const headers = asMoney(who, 'quoted-purchase-1');
    const answers = await Promise.all(
      [1, 2, 3].map(() => request(app).post('/lamps').set(headers).send({ colour: 'red', quote_id })),
    );
    for (const answer of answers)
      expect([201, 'in_progress']).toContain(answer.status === 201 ? 201 : answer.body.error.code);
    const repeat = await request(app).post('/lamps').set(headers).send({ colour: 'red', quote_id });
    expect([repeat.status, repeat.headers['idempotent-replayed']]).toEqual([201, 'true']);
  });

  it('cannot be written by a service for another price or account', async () => {
    const [who, other] = [await account(), await account()];
    const { id: quote_id } = (await quote(other, [{ colour: 'red' }])).body;
    const bought = await buy(who, { colour: 'red' });
    const use = (price: number) =>
      service.db.platform.$executeRaw(
        sql`INSERT INTO platform.quote_use (quote_id, line, order_id, price)
          VALUES (${quote_id}, 0, ${bought.body.order.id}, ${price}::bigint)`,
      );
    await expect(use(100_000)).rejects.toThrow('quote_use_matches');
  });
});
