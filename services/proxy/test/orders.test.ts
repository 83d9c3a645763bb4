// Buying proxies: exact amounts, every ending of the sandbox, replay, partial delivery, stock.
import { formatUsd } from '@lumi/shared/money';
import { ORDER, proxyTest } from './proxy-service';

const lumi = proxyTest();
const order = (items: object[], more: object = {}) => ({ ...ORDER, items, ...more });

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('POST /orders', () => {
  it('delivers several countries and charges the tier of the whole order', async () => {
    const who = await lumi.account({ balance: '100' });
    const answer = await lumi.pay(
      who,
      '/orders',
      order(
        [
          { country: 'XA', quantity: 7 },
          { country: 'JP', region: 'osaka', quantity: 3 },
        ],
        { label: 'crawler', tags: ['a'], reference: 'r-1', auto_renew: true },
      ),
    );
    expect(answer.status).toBe(201);
    expect(answer.body.order).toMatchObject({
      state: 'completed',
      price_usd: '17.35',
      money: { captured_usd: '17.35', held_usd: '0.00', released_usd: '0.00' },
    });
    expect(answer.body.delivery).toMatchObject({
      state: 'complete',
      requested: 10,
      delivered: 10,
      items: [
        { country: 'XA', unit_price_usd: '1.615' },
        { country: 'JP', region: 'osaka', unit_price_usd: '2.015' },
      ],
    });
    expect(answer.body.proxies).toHaveLength(10);
    expect(answer.body.proxies[9]).toMatchObject({
      country: 'JP',
      city: 'Osaka',
      state: 'active',
      password: '********',
      label: 'crawler',
      tags: ['a'],
      reference: 'r-1',
      auto_renew: true,
      expires_at: '2026-12-24T12:00:00Z',
    });
    expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('82.65');
    const list = await lumi.get(who, `/proxies?order_id=${answer.body.order.id}`);
    expect(list.body.items).toHaveLength(10);
    expect([...list.body.items].reverse()).toEqual(answer.body.proxies);
  });

  it('answers a repeat with the same bytes and buys nothing again', async () => {
    const who = await lumi.account();
    const first = await lumi.pay(who, '/orders', ORDER, 'same-key-1');
    const second = await lumi.pay(who, '/orders', ORDER, 'same-key-1');
    expect(second.text).toBe(first.text);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(await lumi.executed(first.body.order.id)).toHaveLength(1);
    expect((await lumi.pay(who, '/orders', { ...ORDER, period_days: 7 }, 'same-key-1')).body.error.code).toBe(
      'idempotency_key_reused',
    );
  });

  it('delivers and charges a part when the buyer accepts a partial delivery', async () => {
    const who = await lumi.account({ balance: '20' });
    const answer = await lumi.pay(
      who,
      '/orders',
      order(
        [
          { country: 'XD', quantity: 5 },
          { country: 'XA', quantity: 2 },
        ],
        { partial: 'accept' },
      ),
    );
    expect(answer.status).toBe(201);
    expect(answer.body.delivery).toMatchObject({ state: 'partial', requested: 7, delivered: 4 });
    expect(answer.body.order.money).toEqual({ held_usd: '0.00', captured_usd: '6.80', released_usd: '5.10' });
    expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('13.20');
  });

  it('delivers nothing when the buyer wants the whole order and it is not in stock', async () => {
    const who = await lumi.account({ balance: '20' });
    const answer = await lumi.pay(who, '/orders', order([{ country: 'XD', quantity: 5 }]));
    expect(answer.body.error.code).toBe('out_of_stock');
    expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('20.00');
    expect((await lumi.get(who, '/proxies')).body.items).toEqual([]);
  });

  it.each([
    ['XB', 502, 'supplier_error'],
    ['XC', 409, 'out_of_stock'],
  ])('releases the money when the sandbox refuses (%s)', async (country, status, code) => {
    const who = await lumi.account({ balance: '20' });
    const answer = await lumi.pay(who, '/orders', order([{ country, quantity: 1 }]), `refused-${country}`);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect((await lumi.balance(who.accountId)).held).toBe(0n);
    expect((await lumi.pay(who, '/orders', order([{ country, quantity: 1 }]), `refused-${country}`)).text).toBe(
      answer.text,
    );
  });

  it.each(['XE', 'XF', 'XG', 'XH'])(
    'keeps the hold while the outcome is unknown, and settles once (%s)',
    async (country) => {
      const who = await lumi.account({ balance: '20' });
      const answer = await lumi.pay(who, '/orders', order([{ country, quantity: 1 }]), `unknown-${country}`);
      expect(answer.status).toBe(202);
      expect(formatUsd((await lumi.balance(who.accountId)).held)).toBe('1.70');
      expect(
        (await lumi.pay(who, '/orders', order([{ country, quantity: 1 }]), `unknown-${country}`)).body.error.code,
      ).toBe('in_progress');
      await lumi.recover(3);
      const settled = await lumi.pay(who, '/orders', order([{ country, quantity: 1 }]), `unknown-${country}`);
      expect(settled.status).toBe(201);
      expect(settled.body.proxies).toHaveLength(1);
      expect(await lumi.executed(settled.body.order.id)).toHaveLength(1);
      expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('18.30');
      expect((await lumi.get(who, '/proxies')).body.items).toHaveLength(1);
    },
  );

  it('releases an order that is refused later (XI), and keeps the hold of one with an unknown end (XJ)', async () => {
    const who = await lumi.account({ balance: '20' });
    const refused = await lumi.pay(who, '/orders', order([{ country: 'XI', quantity: 1 }]));
    const lost = await lumi.pay(who, '/orders', order([{ country: 'XJ', quantity: 1 }]));
    await lumi.recover(4);
    expect((await lumi.get(who, `/orders/${refused.body.order.id}`)).body).toMatchObject({
      state: 'failed',
      error: { code: 'supplier_error' },
    });
    expect((await lumi.get(who, `/orders/${lost.body.order.id}`)).body).toMatchObject({ state: 'processing' });
    expect(formatUsd((await lumi.balance(who.accountId)).held)).toBe('1.70');
  });

  it('ends as its label says', async () => {
    const who = await lumi.account({ balance: '20' });
    expect((await lumi.pay(who, '/orders', { ...ORDER, label: 'sandbox:refuse' })).body.error.code).toBe(
      'supplier_error',
    );
    expect((await lumi.pay(who, '/orders', { ...ORDER, label: 'sandbox:timeout-after' })).status).toBe(202);
    await lumi.recover(1);
    expect((await lumi.get(who, '/proxies')).body.items).toHaveLength(2);
  });

  it('sells the last three proxies once', async () => {
    const buyers = await Promise.all(Array.from({ length: 6 }, () => lumi.account({ balance: '50' })));
    const answers = await Promise.all(
      buyers.map((who) =>
        lumi.pay(who, '/orders', {
          ...ORDER,
          product_id: 'isp',
          items: [{ country: 'XS', quantity: 2 }],
          partial: 'accept',
        }),
      ),
    );
    const delivered = answers
      .map((answer) => answer.body.delivery?.delivered ?? 0)
      .reduce((sum: number, count: number) => sum + count, 0);
    expect(delivered).toBe(3);
    for (const answer of answers.filter((one) => one.status !== 201))
      expect(answer.body.error.code).toBe('out_of_stock');
    const ips = answers.flatMap((answer) =>
      (answer.body.proxies ?? []).map((proxy: { exit_ip: string }) => proxy.exit_ip),
    );
    expect(new Set(ips).size).toBe(3);
  });

  it('refuses an order that is not available before any hold, and stores nothing under the key', async () => {
    const who = await lumi.account({ balance: '20' });
    const cases: [object, number, string][] = [
      [order([{ country: 'XS', quantity: 4 }]), 409, 'out_of_stock'],
      [order([{ country: 'ZZ', quantity: 1 }]), 409, 'not_available'],
      [order([{ country: 'DE', region: 'osaka', quantity: 1 }]), 409, 'not_available'],
      [{ ...ORDER, product_id: 'ipv5' }, 409, 'not_available'],
      [{ ...ORDER, product_id: 'residential' }, 422, 'validation_error'],
      [{ ...ORDER, period_days: 31 }, 422, 'validation_error'],
      [{ ...ORDER, rotation: { interval_s: 600 } }, 422, 'validation_error'],
      [{ ...ORDER, expected_price_usd: '3.39' }, 409, 'price_changed'],
      [{ ...ORDER, max_price_usd: '3.39' }, 409, 'price_changed'],
      [
        order([
          { country: 'XA', quantity: 1 },
          { country: 'XA', quantity: 1 },
        ]),
        422,
        'validation_error',
      ],
      [{ ...ORDER, auth: { mode: 'ip' } }, 422, 'validation_error'],
      [{ ...ORDER, auth: { ips: ['10.0.0.0/8'] } }, 422, 'validation_error'],
      [order([{ country: 'XA', quantity: 13 }]), 402, 'insufficient_balance'],
    ];
    for (const [body, status, code] of cases) {
      const answer = await lumi.pay(who, '/orders', body, 'one-key-for-all');
      expect([code, answer.status, answer.body.error?.code]).toEqual([code, status, code]);
    }
    expect(
      (
        await lumi.pay(
          who,
          '/orders',
          { ...ORDER, expected_price_usd: '3.40', max_price_usd: '3.40' },
          'one-key-for-all',
        )
      ).status,
    ).toBe(201);
  });

  it('charges nothing in a dry run', async () => {
    const who = await lumi.account({ balance: '20' });
    const answer = await lumi.send(who, 'post', '/orders?dry_run=true', ORDER);
    expect(answer.body).toEqual({
      dry_run: true,
      would_succeed: true,
      kind: 'proxy_order',
      subject: '2 × ipv4',
      price_usd: '3.40',
    });
    expect((await lumi.balance(who.accountId)).held).toBe(0n);
    expect(await lumi.executed()).not.toContainEqual(expect.objectContaining({ reference: answer.body.order_id }));
  });

  it('keeps passwords out of the order, the answer and the sandbox', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, auth: { username: 'bob', password: 'correct-horse-9' } });
    const shown = await lumi.get(who, `/proxies/${body.proxies[0]?.id ?? ''}?reveal=1`);
    expect(shown.body).toMatchObject({ username: 'bob', password: 'correct-horse-9' });
    const { rows } = await lumi.service.db.pool.query(`
      SELECT (SELECT json_agg(o)::text FROM platform.orders o) || (SELECT json_agg(i)::text
        FROM (SELECT convert_from(body, 'UTF8') FROM platform.idempotency WHERE body IS NOT NULL) i)
        || (SELECT json_agg(c)::text FROM proxy.sandbox_command c) || (SELECT json_agg(e)::text
          FROM platform.event e) AS text`);
    expect(rows[0].text).toContain(body.order.id);
    expect(rows[0].text).not.toContain('correct-horse-9');
    const reveals = await lumi.service.db.pool.query(
      'SELECT route, subjects, key_id FROM proxy.reveal WHERE account_id = $1',
      [who.accountId],
    );
    expect(reveals.rows).toEqual([{ route: 'get-proxy', subjects: [body.proxies[0]?.id], key_id: who.keyId }]);
  });
});
