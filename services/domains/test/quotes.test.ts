// Quotes of the four things sold: made without charge, stored, and used once.
import { QUOTE_RULES } from '@lumi/shared/quotes';
import { audit } from '@lumi/shared/ledger';
import { parseUsd as usd } from '@lumi/shared/money';
import { domainsService } from './domains-fixture';

const t = domainsService();

afterEach(async () => {
  t.clock.shiftMs = 0;
  expect(await t.breaches()).toEqual([]);
  expect(await audit(t.service.db.platform, QUOTE_RULES)).toEqual([]);
});

it('quotes many registrations at once, and sells each line at the quoted price', async () => {
  const who = await t.account({ balance: '300' });
  const items = [
    { domain: 'Quoted.test', years: 2 },
    { domain: 'quoted.org', years: 3 },
    { domain: 'premium-q.test' },
    { domain: 'taken-q.test' },
    { domain: 'no name' },
    { domain: 'quoted.io' },
  ];
  const { body } = await t.post(who, '/quotes', { operation: 'register', items }).expect(201);
  expect(body.items.map(({ ref, price_usd }: { ref: string; price_usd: string | null }) => [ref, price_usd])).toEqual([
    ['quoted.test', '2.00'],
    ['quoted.org', '28.96'],
    ['premium-q.test', '250.00'],
    ['taken-q.test', '1.00'],
    ['4', null],
    ['quoted.io', '34.50'],
  ]);
  expect(body.problems.map(({ code }: { code: string }) => code).sort()).toEqual([
    'insufficient_balance',
    'not_available',
    'validation_error',
  ]);
  const bought = await t.buy(who, { domain: 'premium-q.test', quote_id: body.id }).expect(201);
  expect(bought.body.order.price_usd).toBe('250.00');
  expect((await t.buy(who, { domain: 'quoted.test', years: 1, quote_id: body.id }).expect(409)).body.error.code).toBe(
    'price_changed',
  );
  await t.buy(who, { domain: 'quoted.test', years: 2, quote_id: body.id }).expect(201);
  expect((await t.balance(who.accountId)).posted).toBe(usd('48'));
});

it('keeps the quoted price when the list price has changed meanwhile', async () => {
  const who = await t.account({ balance: '50' });
  await t.buy(who, { domain: 'kept.test' }).expect(201);
  const quote = (
    await t.post(who, '/quotes', { operation: 'renew', items: [{ domain: 'kept.test', years: 2 }] }).expect(201)
  ).body;
  await t.owner.query(`UPDATE domains.tld SET renew = 90000 WHERE tld = 'test'`);
  t.clock.shiftMs = 10_000;
  const current = (await t.get(who, '/domains/kept.test')).body;
  expect(current.renew_price_usd).toBe('9.00');
  await t
    .pay(who, '/domains/kept.test/renew', { years: 2, current_expires_at: current.expires_at, max_price_usd: '2' })
    .expect(409);
  const { body } = await t
    .pay(who, '/domains/kept.test/renew', { years: 2, current_expires_at: current.expires_at, quote_id: quote.id })
    .expect(200);
  expect(body.order.price_usd).toBe('2.00');
  await t.owner.query(`UPDATE domains.tld SET renew = 10000 WHERE tld = 'test'`);
});

it('quotes transfers and restorations, and answers 404 for domains of other accounts', async () => {
  const [who, other] = [await t.account(), await t.account()];
  await t.buy(other, { domain: 'theirs.test' }).expect(201);
  const transfer = (
    await t
      .post(who, '/quotes', {
        operation: 'transfer',
        items: [{ domain: 'elsewhere-q.test' }, { domain: 'free-q.test' }],
      })
      .expect(201)
  ).body;
  expect(transfer.items[0].price_usd).toBe('1.00');
  expect(transfer.problems).toMatchObject([{ ref: 'free-q.test', code: 'not_available' }]);
  await t
    .pay(who, '/transfers', { domain: 'elsewhere-q.test', auth_code: 'right-code', quote_id: transfer.id })
    .expect(202);
  await t.recover();
  for (const operation of ['renew', 'restore']) {
    expect(
      (
        await t
          .post(who, '/quotes', { operation, items: [{ domain: 'theirs.test' }, { domain: 'nobodys.test' }] })
          .expect(201)
      ).body.problems.map(({ code }: { code: string }) => code),
    ).toEqual(['not_found', 'not_found']);
  }
});
